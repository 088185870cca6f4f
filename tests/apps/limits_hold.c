/* SPDX-License-Identifier: BSD-2-Clause */
/* Resource limits that stop a program: descriptors, memory, stack, file size, signals. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "check.h"

#define MIB (1ul << 20)

static void set_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};

    NEED(setrlimit(resource, &limit) == 0);
}

/* Runs it in a child, so that limits do not pile up, and says how that ended. */
static void in_child(const char *name, void (*run)(void))
{
    int status;

    printf("-- %s\n", name);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit core = {0, 0};
        setrlimit(RLIMIT_CORE, &core);
        run();
        fflush(stdout);
        _exit(0);
    }
    NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else
        printf("status %d\n", WEXITSTATUS(status));
}

static void files(void)
{
    int fds[2], opened = 0, last = -1;

    set_limit(RLIMIT_NOFILE, 20);
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0; opened++)
        last = fd;
    CHECK(errno == EMFILE && last == 19);
    CALL(dup(0));
    CALL(dup2(0, 20));
    CALL(dup2(0, 19));
    CALL(pipe(fds));
    CALL(fcntl(0, F_DUPFD, 20));
    close(19);
    CALL(pipe(fds));
    VALUE(open("/dev/null", O_RDONLY));
    set_limit(RLIMIT_NOFILE, 5);
    CHECK(fcntl(19, F_GETFD) == 0); /* what is open stays */
    CALL(open("/dev/null", O_RDONLY));
}

static void *map(size_t size, int prot, int flags)
{
    return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void address_space(void)
{
    set_limit(RLIMIT_AS, 600 * MIB);
    void *half = map(300 * MIB, PROT_NONE, 0);
    CHECK(half != MAP_FAILED);
    CHECK(map(300 * MIB, PROT_NONE, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mremap(half, 300 * MIB, 650 * MIB, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    CHECK(malloc(400 * MIB) == NULL);
    CHECK(munmap(half, 300 * MIB) == 0 && map(400 * MIB, PROT_NONE, 0) != MAP_FAILED);
}

static void data(void)
{
    set_limit(RLIMIT_DATA, 64 * MIB);
    CHECK(map(128 * MIB, PROT_READ, 0) != MAP_FAILED); /* not writable: no data */
    CHECK(map(128 * MIB, PROT_READ | PROT_WRITE, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(sbrk(128 * MIB) == (void *)-1 && errno == ENOMEM);
    CHECK(sbrk(MIB) != (void *)-1);
    CHECK(map(32 * MIB, PROT_READ | PROT_WRITE, 0) != MAP_FAILED);
}

static int deep(int levels)
{
    volatile char frame[4096];

    frame[0] = (char)levels;
    return levels == 0 ? 0 : deep(levels - 1) + frame[0];
}

static void stack_enough(void)
{
    set_limit(RLIMIT_STACK, 4 * MIB);
    deep(500);
    printf("2 MiB fit\n");
}

static void stack_too_deep(void)
{
    set_limit(RLIMIT_STACK, MIB);
    printf("going down\n");
    fflush(stdout);
    deep(2000);
    printf("8 MiB fit into 1\n");
}

static void on_xfsz(int signo)
{
    printf("signal %d\n", signo);
}

static void file_size(void)
{
    char bytes[3000] = {0};
    int fd = open("big", O_RDWR | O_CREAT, 0600);

    signal(SIGXFSZ, on_xfsz);
    set_limit(RLIMIT_FSIZE, 5000);
    VALUE(write(fd, bytes, sizeof(bytes)));
    VALUE(write(fd, bytes, sizeof(bytes))); /* as much as fits */
    VALUE(write(fd, bytes, sizeof(bytes)));
    VALUE(pwrite(fd, bytes, 10, 4995));
    CALL(ftruncate(fd, 6000));
    CALL(ftruncate(fd, 5000));
    CALL(truncate("big", 5001));
    VALUE(lseek(fd, 0, SEEK_END));
    signal(SIGXFSZ, SIG_IGN);
    VALUE(write(fd, bytes, 1));
}

static void file_size_signal(void)
{
    int fd = open("big2", O_RDWR | O_CREAT, 0600);

    set_limit(RLIMIT_FSIZE, 100);
    VALUE(lseek(fd, 200, SEEK_SET));
    fflush(stdout);
    VALUE(write(fd, "x", 1));
}

static void processes(void)
{
    pid_t children[30];
    int count = 0;

    NEED(setresgid(60123, 60123, 60123) == 0 && setresuid(60123, 60123, 60123) == 0);
    set_limit(RLIMIT_NPROC, 10);
    while (count < 30 && (children[count] = fork()) > 0)
        count++;
    if (count < 30 && children[count] == 0) {
        pause();
        _exit(0);
    }
    CHECK(count == 9 && errno == EAGAIN); /* and ourselves */
    for (int i = 0; i < count; i++)
        kill(children[i], SIGKILL);
    for (int i = 0; i < count; i++)
        waitpid(children[i], NULL, 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void pending_signals(void)
{
    union sigval value = {0};
    sigset_t set;
    int queued = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    set_limit(RLIMIT_SIGPENDING, 25);
    while (queued < 100 && sigqueue(getpid(), SIGRTMIN, value) == 0)
        queued++;
    CHECK(queued <= 25 && errno == EAGAIN); /* other processes of the user count, too */
    CALL(kill(getpid(), SIGUSR1)); /* goes without a place in the queue */
    sigpending(&set);
    CHECK(sigismember(&set, SIGUSR1));
}

static void cpu_time(void)
{
    struct rlimit limit = {1, 10};

    NEED(setrlimit(RLIMIT_CPU, &limit) == 0);
    for (volatile unsigned long i = 0;; i++)
        ;
}

int main(void)
{
    enter_scratch();
    in_child("NOFILE", files);
    in_child("AS", address_space);
    in_child("DATA", data);
    in_child("STACK, enough", stack_enough);
    in_child("STACK, too deep", stack_too_deep);
    in_child("FSIZE", file_size);
    in_child("FSIZE, not caught", file_size_signal);
    in_child("NPROC", processes);
    in_child("SIGPENDING", pending_signals);
    in_child("CPU", cpu_time);
    return 0;
}
