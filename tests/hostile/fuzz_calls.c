/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random system calls with half-sane arguments, from the guest's own table, in children
 * that are killed and started again.  Runs as the first program of a VM only: it would
 * harm a host.  fuzz_calls [SECONDS [SEED [CHILDREN]]]; the seed is printed, and a run
 * with the same seed makes the same calls (not in the same order between children).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/hostile/fuzz_args.h"

#define ROUND_MS 250
#define KILL_PATIENCE_MS 20000

static const struct call {
    const char *name;
    int number;
    unsigned char kinds[6];
} calls[] = {
#define ROW(nr, name_, handler_, ...) {#name_, nr, {__VA_ARGS__}},
#include "guest/syscall/syscalls.def"
#undef ROW
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static volatile sig_atomic_t ticks;
static int loud;
static unsigned long *made; /* calls so far, of all children */

/* ---- one child ---------------------------------------------------------------- */

/* Calls that would only end the child, or the machine, as they should. */
static int left_out(int number, const uint64_t *arg)
{
    switch (number) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_rt_sigreturn:
        return !once_in(50);
    case SYS_pause:
    case SYS_rt_sigsuspend:
        return !once_in(4);
    case SYS_reboot:
        return (unsigned int)arg[0] == 0xfee1dead;
    case SYS_kill:
    case SYS_tkill:
    case SYS_pidfd_send_signal:
    case SYS_rt_sigqueueinfo:
        return (int)arg[0] == 1 || ((int)arg[1] == SIGKILL && !once_in(20));
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
        return (int)arg[0] == 1 || (int)arg[1] == 1;
    case SYS_fcntl: /* nobody but children shall get signals: owners of files, parents' ends */
        return arg[1] == F_SETOWN || arg[1] == F_SETOWN_EX;
    case SYS_mount:
        return !once_in(20); /* nothing would be reached any more */
    case SYS_prlimit64:
        return (int)arg[0] == 1;
    }
    return 0;
}

/* ioctl requests of sockets and terminals. */
static uint64_t any_request(void)
{
    static const uint32_t others[] = {0x80045430, 0x40045431, 0x80045432, 0x40045436,
                                      0x80045438, 0x80045439, 0x80045440, 0x802c542a,
                                      0x402c542b, 0x402c542c, 0x402c542d};

    if (once_in(4))
        return PICK(others);
    return once_in(3) ? 0x8900 + below(0x60) : 0x5400 + below(0x60);
}

static void one_call(void)
{
    const struct call *call = &calls[below(CALLS)];
    uint64_t arg[6];

    stir_area(16);
    for (int i = 0; i < 6; i++)
        arg[i] = any_argument(call->kinds[i]);
    if (call->number == SYS_ioctl && !once_in(4))
        arg[1] = any_request();
    if (call->number == SYS_futex && !once_in(4))
        arg[1] = below(14) | (once_in(2) ? 128 : 0) | (once_in(4) ? 256 : 0);
    if (call->number == SYS_socket || call->number == SYS_socketpair) {
        arg[0] = once_in(3) ? below(20) : once_in(2) ? AF_INET : AF_UNIX;
        arg[1] = (1 + below(3)) | (once_in(2) ? SOCK_NONBLOCK : 0);
        arg[2] = once_in(4) ? below(20) : 0;
    }
    if (call->number == SYS_setsockopt || call->number == SYS_getsockopt)
        arg[1] = once_in(3) ? below(20) : SOL_SOCKET;
    if (call->number == SYS_clone && !once_in(4))
        arg[0] = (arg[0] & 0xff00ff00) | SIGCHLD; /* mostly without sharing memory */
    if (call->number == SYS_clone && (arg[0] & CLONE_PARENT))
        arg[0] = (arg[0] & ~0xfful) | SIGCHLD; /* the end of a child shall not kill process 1 */
    if (call->number == SYS_clone && (arg[0] & CLONE_VM) && once_in(2))
        arg[1] = (uintptr_t)area + AREA_SIZE; /* a thread that starts on garbage */
    if (left_out(call->number, arg))
        return;
    if (loud)
        dprintf(2, "%d: %s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n", getpid(), call->name, arg[0],
                arg[1], arg[2], arg[3], arg[4], arg[5]);
    __atomic_fetch_add(made, 1, __ATOMIC_RELAXED);
    long result = syscall(call->number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
    if (loud)
        dprintf(2, "%d: %s = %ld\n", getpid(), call->name, result < 0 ? -errno : result);
}

static void on_tick(int signo)
{
    (void)signo;
    ticks++;
}

static void on_fault(int signo)
{
    (void)signo;
    _exit(11);
}

static void make_memory(void)
{
    area = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    straddle = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    straddle += 4096;
    munmap(straddle, 4096);
}

static void make_files(void)
{
    int pair[2];
    sigset_t set;
    struct itimerspec every = {{0, 1000000}, {0, 1000000}};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = 1}};

    mkdir("d", 0777);
    mkfifo("fifo", 0666);
    symlink("loop1", "loop1");
    symlink("a", "l");
    int file = open("a", O_RDWR | O_CREAT, 0666);
    ftruncate(file, 10000);
    open("b", O_RDWR | O_CREAT | O_APPEND, 0666);
    open(".", O_RDONLY | O_DIRECTORY);
    open("d", O_PATH);
    open("fifo", O_RDWR | O_NONBLOCK);
    open("/proc/self/maps", O_RDONLY);
    open("/proc/self/task", O_RDONLY);
    open("/dev/zero", O_RDWR);
    open("/dev/urandom", O_RDWR);
    open("/proc/self/mem", O_RDWR);
    for (int i = 0; i < 2; i++)
        pipe2(pair, i ? O_NONBLOCK : 0);
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(timer, 0, &every, NULL);
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd(0, 0), &event);
    epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, epoll, &event);
    sigfillset(&set);
    signalfd(-1, &set, 0);
    for (int i = 0; i < 6; i++) {
        struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
        int type = i % 3 == 0 ? SOCK_STREAM : i % 3 == 1 ? SOCK_DGRAM : SOCK_SEQPACKET;
        socketpair(AF_UNIX, type | (i < 3 ? 0 : SOCK_NONBLOCK), 0, pair);
        int fd = socket(i % 2 ? AF_INET : AF_UNIX, i % 4 < 2 ? SOCK_STREAM : SOCK_DGRAM, 0);
        name.sun_path[5] = (char)('0' + i);
        bind(fd, (struct sockaddr *)&name, sizeof(name));
        listen(fd, 3);
    }
    int terminal = open("/dev/ptmx", O_RDWR | O_NONBLOCK);
    ioctl(terminal, TIOCSPTLCK, &(int){0});
    ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    syscall(SYS_mq_open, "queue", O_RDWR | O_CREAT | O_NONBLOCK, 0666, NULL);
    inotify_add_watch(inotify_init1(IN_NONBLOCK), ".", IN_ALL_EVENTS);
    for (int key = 1; key < 4; key++) { /* of all children: as many as there are keys */
        msgget(key, IPC_CREAT | 0666);
        semget(key, 3, IPC_CREAT | 0666);
        shmget(key, 10000, IPC_CREAT | 0666);
    }
    syscall(SYS_memfd_create, "m", 2u);
    syscall(SYS_pidfd_open, getpid(), 0);
}

static void child(uint64_t seed)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    struct itimerval interval = {{0, 5000}, {0, 5000}};
    struct rlimit limit = {8ul << 20, 8ul << 20};
    int null = once_in(64) ? -1 : open("/dev/null", O_RDWR);
    struct sigaction tick = {.sa_handler = on_tick}; /* interrupts calls that wait */
    char dir[32];

    rng = seed * 0x9e3779b97f4a7c15ul | 1;
    setsid(); /* so that none of it gets into the group of process 1 */
    make_memory();
    snprintf(dir, sizeof(dir), "c%lu", below(4));
    mkdir(dir, 0777);
    if (chdir(dir))
        _exit(1);
    if (null >= 0 && !loud) {
        dup2(null, 1);
        dup2(null, 2);
    }
    make_files();
    for (int signo = 1; signo < 65; signo++) {
        signal(signo, SIG_DFL);
        if (signo < 40)
            sigaction(signo, &tick, NULL);
    }
    for (unsigned int i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        signal(fatal[i], on_fault);
    setrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max = 40;
    setrlimit(RLIMIT_NPROC, &limit);
    setitimer(ITIMER_REAL, &interval, NULL);
    if (once_in(3) && setresuid(1000, 1000, 1000))
        _exit(1);
    for (int i = 0; i < 5000; i++)
        one_call();
    _exit(0);
}

/* ---- rounds ---------------------------------------------------------------------- */

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void remove_below(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        remove_below(fd, entry->d_name);
        unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    if (dir)
        closedir(dir);
}

static void end_round(void)
{
    long begin = now_ms();

    for (;;) {
        kill(-1, SIGKILL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (kill(-1, 0) && errno == ESRCH && waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            return;
        if (now_ms() - begin > KILL_PATIENCE_MS) {
            printf("fuzz_calls: processes do not end by SIGKILL\n");
            exit(3);
        }
        usleep(2000);
    }
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? atol(argv[1]) : 3, begin = now_ms(), end = begin + seconds * 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
    long children = argc > 3 ? atol(argv[3]) : 4, rounds = 0, started = 0;

    if (getpid() != 1) {
        fprintf(stderr, "fuzz_calls: only as the first program of a VM\n");
        return 2;
    }
    for (int signo = 1; signo < 65; signo++)
        signal(signo, signo == SIGCHLD ? SIG_DFL : SIG_IGN);
    loud = getenv("LOUD") != NULL;
    made = mmap((void *)0x12340000000, 4096, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %lu\n", seed);
    mkdir("/tmp/fuzz", 0777);
    chmod("/tmp/fuzz", 0777);
    int home = open("/tmp/fuzz", O_RDONLY | O_DIRECTORY);
    while (now_ms() < end) {
        long stop = now_ms() + ROUND_MS;

        if (fchdir(home)) /* by descriptor: anything may be mounted over the name */
            return 1;
        for (long running = 0; now_ms() < stop;) {
            pid_t pid = running < children ? fork() : 0;

            if (running < children && pid == 0)
                child(seed + (uint64_t)started);
            if (pid > 0) {
                running++;
                started++;
            }
            while (waitpid(-1, NULL, WNOHANG) > 0)
                running--;
            usleep(1000);
        }
        end_round();
        remove_below(home, ".");
        if (++rounds % 40 == 0)
            printf("%ld s: %ld rounds, %ld children\n", (now_ms() - begin) / 1000, rounds, started);
    }
    printf("survived %ld rounds, %lu calls\n", rounds, *made);
    return rounds > 0 && started > 0 ? 0 : 1;
}
