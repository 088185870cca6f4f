/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that take all there is, or pull the ground from under themselves: bombs NAME,
 * as the first program of a VM.  Each ends by itself with status 0, or as its test says.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void require(int condition, int line, const char *text)
{
    if (condition)
        return;
    printf("line %d: %s (errno %d)\n", line, text, errno);
    exit(1);
}
#define REQUIRE(condition) require((condition) != 0, __LINE__, #condition)

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All children, and theirs, end. */
static void end_all(void)
{
    do
        kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
    while (kill(-1, SIGKILL) == 0)
        usleep(1000); /* orphans, which nobody waits for */
}

static void bomb_fork(void)
{
    long end = now_ms() + 1500;

    if (fork() == 0) { /* larger than its parent: what goes when memory is out */
        static volatile char large[3 << 20];
        for (size_t i = 0; i < sizeof(large); i += 4096)
            large[i] = 1;
        for (;;)
            fork();
    }
    while (now_ms() < end)
        usleep(100000);
    end_all();
    pid_t pid = fork(); /* and there is room again */
    if (pid == 0)
        _exit(3);
    int status = 0;
    REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
}

static void *sleep_for_ever(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void bomb_threads(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    long count = 0, end = now_ms() + 3000;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    int error = 0;
    while (now_ms() < end && (error = pthread_create(&thread, &attr, sleep_for_ever, NULL)) == 0)
        count++;
    printf("%ld threads, then %s\n", count, strerror(error));
    REQUIRE(count > 500);
    exit(0); /* all of them end with it */
}

static volatile sig_atomic_t caught;

static void catch_signal(int signo)
{
    (void)signo;
    caught++;
}

static void bomb_signals(void)
{
    union sigval value = {0};
    pid_t children[4];
    long end = now_ms() + 1500;

    for (int signo = 1; signo < 65; signo++)
        signal(signo, catch_signal);
    signal(SIGCHLD, SIG_DFL);
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        for (int k = 0; children[i] == 0; k++) { /* at its parent and its elder brothers */
            sigqueue(k % 2 || !i ? getppid() : children[k % i], 34 + k % 30, value);
            if (now_ms() > end)
                _exit(0);
        }
    }
    while (now_ms() < end)
        kill(children[end % 4], SIGUSR1);
    end_all();
    REQUIRE(caught > 0);
}

static void bomb_stack(void)
{
    volatile char here;
    uintptr_t page = (uintptr_t)&here & ~4095ul;

    munmap((void *)(page - 65536), 65536 + (256 << 10));
    printf("still there\n");
}

static int deeper(volatile char *above)
{
    volatile char frame[1000];

    frame[0] = *above;
    return *above == 1 ? 0 : deeper(frame) + frame[0]; /* nowhere a 1 */
}

static void bomb_recursion(void)
{
    volatile char first = 0;

    printf("%d\n", deeper(&first));
}

static void bomb_maps(void)
{
    long count = 0;

    while (mmap(NULL, 4096, count & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        count++;
    REQUIRE(errno == ENOMEM && count > 10000);
}

/* A child takes memory until it is ended; the others go on. */
static void bomb_memory(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            memset(malloc(1 << 20), 1, 1 << 20);
    REQUIRE(waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Nobody is larger than the first program. */
static void bomb_self(void)
{
    for (;;)
        memset(malloc(1 << 20), 1, 1 << 20);
}

/* ---- files ------------------------------------------------------------------------ */

static void bomb_files(void)
{
    struct rlimit limit = {1 << 20, 1 << 20};
    long count = 0;

    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (count < 200000 && open("/dev/null", O_RDONLY) >= 0)
        count++;
    printf("%ld files\n", count);
    REQUIRE(count == 200000 || errno == ENOMEM || errno == ENFILE || errno == EMFILE);
    REQUIRE(count > 10000 && close_range(3, ~0u, 0) == 0);
    REQUIRE(open("/dev/null", O_RDONLY) == 3);
}

static void bomb_pipes(void)
{
    struct rlimit limit = {1 << 16, 1 << 16};
    char *block = calloc(1, 65536);
    int fds[2];
    long count = 0;

    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (count < 400 && pipe2(fds, O_NONBLOCK) == 0) {
        count++;
        if (count % 2)
            fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
        for (int i = 0; i < 16 && write(fds[1], block, 65536) > 0; i++)
            ;
    }
    printf("%ld pipes\n", count);
    REQUIRE(count == 400 && close_range(3, ~0u, 0) == 0);
    REQUIRE(pipe(fds) == 0 && write(fds[1], block, 65536) == 65536);
}

static void bomb_directories(void)
{
    static char path[100000];
    int levels = 0;

    REQUIRE(chdir("/tmp") == 0);
    while (levels < 3000 && mkdir("directory", 0700) == 0 && chdir("directory") == 0)
        levels++;
    REQUIRE(levels == 3000);
    REQUIRE(syscall(SYS_getcwd, path, 4096) < 0 && (errno == ENAMETOOLONG || errno == ERANGE));
    while (levels--)
        REQUIRE(chdir("..") == 0 && rmdir("directory") == 0);
}

static void bomb_links(void)
{
    char name[16], target[16];

    REQUIRE(chdir("/tmp") == 0 && symlink("self", "self") == 0);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "l%d", i + 1);
        snprintf(target, sizeof(target), "l%d", i);
        REQUIRE(symlink(i ? target : "/dev/null", name) == 0);
    }
    REQUIRE(open("l40", O_RDONLY) >= 0);
    REQUIRE(open("l41", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(open("l100", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(open("self", O_RDONLY) < 0 && errno == ELOOP);
    REQUIRE(open("self/a", O_RDONLY | O_CREAT, 0600) < 0 && errno == ELOOP);
}

static void bomb_tmpfs(void)
{
    static char block[1 << 16];
    struct stat st;

    for (int round = 0; round < 2; round++) {
        int fd = open("/tmp/fill", O_RDWR | O_CREAT, 0600);
        while (write(fd, block, sizeof(block)) > 0)
            ;
        REQUIRE(errno == ENOSPC || errno == ENOMEM);
        REQUIRE(fstat(fd, &st) == 0 && st.st_size > 10 << 20);
        REQUIRE(unlink("/tmp/fill") == 0 && close(fd) == 0);
    }
}

/* Small files: their names take memory, too. */
static void bomb_names(void)
{
    char name[32];
    long count = 0;

    REQUIRE(mkdir("/tmp/n", 0700) == 0 && chdir("/tmp/n") == 0);
    for (; count < 100000; count++) {
        snprintf(name, sizeof(name), "%ld", count);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
    REQUIRE(count == 100000 || errno == ENOSPC || errno == ENOMEM);
    REQUIRE(count > 5000);
    while (count--) {
        snprintf(name, sizeof(name), "%ld", count);
        REQUIRE(unlink(name) == 0);
    }
}

/* Others use what one thread closes. */
static void *use_descriptors(void *arg)
{
    char bytes[100] = {0};
    struct msghdr message = {0};

    for (unsigned int i = 0;; i++) {
        int fd = 3 + (int)(i % 40);
        ssize_t done = i % 3 == 0 ? read(fd, bytes, sizeof(bytes)) : write(fd, bytes, i % 100);
        if (done < 0 && i % 7 == 0)
            sendmsg(fd, &message, MSG_DONTWAIT);
        if (i % 11 == 0)
            close(dup(fd));
    }
    return arg;
}

static void bomb_descriptors(void)
{
    long end = now_ms() + 1500;
    pthread_t thread;
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&thread, NULL, use_descriptors, NULL) == 0);
    for (unsigned int i = 0; now_ms() < end; i++) {
        if (i % 3 == 0)
            pipe2(fds, O_NONBLOCK);
        else if (i % 3 == 1)
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
        else
            open("/tmp/shared", O_RDWR | O_CREAT, 0600);
        close_range(3 + i % 40, 3 + i % 40 + 7, 0);
        dup2(3 + (int)(i % 17), 3 + (int)(i % 41));
    }
    exit(0);
}

static void bomb_garbage(void)
{
    static unsigned char image[8192];
    unsigned int seed = 12345;
    int self = open("/proc/self/exe", O_RDONLY);

    for (int round = 0; round < 300; round++) {
        REQUIRE(pread(self, image, sizeof(image), 0) == sizeof(image));
        for (int i = 0; i < 1 + round % 40; i++) /* in the headers, mostly */
            image[rand_r(&seed) % (round % 3 ? 512u : 64u)] = (unsigned char)rand_r(&seed);
        if (round % 10)
            memcpy(image, "\177ELF\2\1\1", 7);
        if (round % 50 == 1)
            memcpy(image, "#!/tmp/garbage\n", 15);
        int fd = open("/tmp/garbage", O_WRONLY | O_CREAT | O_TRUNC, 0700);
        REQUIRE(write(fd, image, round % 7 ? sizeof(image) : (size_t)round) >= 0 && close(fd) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct rlimit limit = {1, 1};
            setrlimit(RLIMIT_CPU, &limit);
            execl("/tmp/garbage", "garbage", NULL);
            _exit(100);
        }
        REQUIRE(pid > 0 && waitpid(pid, NULL, 0) == pid);
    }
}

static void bomb_arguments(void)
{
    size_t size = 100000, count = 3000;
    char *text = malloc(size + 1), **argv = calloc(count + 1, sizeof(char *));

    memset(text, 'a', size);
    text[size] = 0;
    for (size_t i = 0; i < count; i++)
        argv[i] = text;
    execv("/proc/self/exe", argv);
    REQUIRE(errno == E2BIG);
    argv[10] = NULL; /* a megabyte is fine */
    pid_t pid = fork();
    if (pid == 0) {
        argv[0] = "bombs";
        argv[1] = "none";
        execve("/proc/self/exe", argv, argv);
        _exit(100);
    }
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

#define BOMB(name_)          \
    {                        \
#name_, bomb_##name_ \
    }
static const struct {
    const char *name;
    void (*run)(void);
} bombs[] = {BOMB(fork),      BOMB(threads), BOMB(signals),     BOMB(stack),       BOMB(recursion),
             BOMB(maps),      BOMB(memory),  BOMB(self),        BOMB(files),       BOMB(pipes),
             BOMB(names),     BOMB(links),   BOMB(directories), BOMB(descriptors), BOMB(garbage),
             BOMB(arguments), BOMB(tmpfs)};

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "none") == 0)
        return 42;
    if (getpid() != 1 || argc < 2) {
        fprintf(stderr, "bombs NAME: only as the first program of a VM\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned int i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        if (strcmp(bombs[i].name, argv[1]) == 0) {
            bombs[i].run();
            return 0;
        }
    }
    return 2;
}
