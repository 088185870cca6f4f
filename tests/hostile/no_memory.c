/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a workload again and again while a debug kernel fails the first, second, third ...
 * of its allocations (/proc/vmm/fail_nth), until it passes without one being hit.  Each
 * step must work or say that there is no memory, and nothing else.  no_memory [STRIDE
 * [FIRST]]; as the first program of a VM, whose end then shows that nothing leaked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOT_HIT 50
#define WRONG 60

static int knob;
static const char *step;

/* No memory may show as any of these; anything else is a wrong answer. */
static int no_memory(long result)
{
    if (result >= 0)
        return 0;
    if (errno == ENOMEM || errno == EAGAIN || errno == ENOSPC || errno == ENOSYS ||
        errno == ENOBUFS || errno == EINTR)
        return 1;
    dprintf(2, "%s: errno %d (%s)\n", step, errno, strerror(errno));
    _exit(WRONG);
}

static void require(int condition, const char *what)
{
    if (condition)
        return;
    dprintf(2, "%s: %s\n", step, what);
    _exit(WRONG);
}

#define TRY(call)            \
    do {                     \
        if (no_memory(call)) \
            return;          \
    } while (0)
#define REQUIRE(condition) require((condition) != 0, #condition)

/* ---- steps ------------------------------------------------------------------ */

static void wait_for(pid_t pid, int code)
{
    int status;

    REQUIRE(waitpid(pid, &status, 0) == pid);
    /* An exec that fails too late to come back ends in a signal; before that, in 100.  127: libc.
     */
    REQUIRE(WIFSIGNALED(status) || WEXITSTATUS(status) == code || WEXITSTATUS(status) == 100 ||
            WEXITSTATUS(status) == 127);
}

static void step_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(7);
    TRY(pid);
    wait_for(pid, 7);
}

static void step_exec(void)
{
    char *const argv[] = {"/proc/self/exe", "child", "a", "b", NULL};
    char *const envp[] = {"A=1", NULL};
    pid_t pid = fork();

    if (pid == 0) {
        execve(argv[0], argv, envp);
        _exit(errno == ENOMEM ? 100 : 101);
    }
    TRY(pid);
    wait_for(pid, 9);
    pid = vfork();
    if (pid == 0) {
        execve(argv[0], argv, envp);
        _exit(errno == ENOMEM ? 100 : 101);
    }
    TRY(pid);
    wait_for(pid, 9);
}

static void step_memory(void)
{
    size_t page = 4096, pages = 300;
    char *map =
        mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        TRY(-1);
    for (size_t i = 0; i < pages; i++)
        map[i * page] = (char)i;
    if (!no_memory(mprotect(map + 10 * page, page, PROT_READ)))
        REQUIRE(map[10 * page] == 10);
    no_memory(madvise(map + 20 * page, 5 * page, MADV_DONTNEED));
    char *moved = mremap(map, pages * page, 2 * pages * page, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) { /* also because the area is in pieces: mremap(2) */
        REQUIRE(errno == ENOMEM || errno == EFAULT);
        moved = map;
    }
    REQUIRE(moved[11 * page] == 11 && moved[299 * page] == (char)299);
    while (munmap(moved, 2 * pages * page))
        REQUIRE(errno == ENOMEM);
    void *shared = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        TRY(-1);
    memset(shared, 5, 8 * page);
    munmap(shared, 8 * page);
}

static void step_files(void)
{
    char data[20000], name[64], back[20000];
    struct stat st;

    memset(data, 'd', sizeof(data));
    TRY(mkdir("dir", 0755));
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "dir/a-file-with-a-name-longer-than-inline-%d", i);
        int fd = open(name, O_RDWR | O_CREAT, 0644);
        if (no_memory(fd))
            continue;
        ssize_t done = write(fd, data, i ? 100 : sizeof(data));
        if (!no_memory(done) && !no_memory(pread(fd, back, (size_t)done, 0)))
            REQUIRE(memcmp(data, back, (size_t)done) == 0);
        no_memory(ftruncate(fd, 5000));
        no_memory(flock(fd, LOCK_EX));
        REQUIRE(fstat(fd, &st) == 0);
        close(fd);
    }
    no_memory(symlink("dir", "link"));
    if (!no_memory(rename("dir", "dir2")))
        while (rename("dir2", "dir"))
            REQUIRE(errno == ENOMEM);
    DIR *dir = opendir("dir");
    while (dir && readdir(dir))
        ;
    if (dir)
        closedir(dir);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "dir/a-file-with-a-name-longer-than-inline-%d", i);
        while (unlink(name) && errno != ENOENT)
            REQUIRE(errno == ENOMEM);
    }
    while (unlink("link") && errno != ENOENT)
        REQUIRE(errno == ENOMEM);
    while (rmdir("dir"))
        REQUIRE(errno == ENOMEM);
}

static void step_pipes(void)
{
    char data[70000] = {0};
    int fds[2];

    TRY(pipe2(fds, O_NONBLOCK));
    ssize_t in = write(fds[1], data, sizeof(data));
    if (!no_memory(in)) {
        ssize_t out = 0, part;
        while ((part = read(fds[0], data, sizeof(data))) > 0)
            out += part;
        REQUIRE(out == in);
    }
    no_memory(fcntl(fds[0], F_SETPIPE_SZ, 262144));
    close(fds[0]);
    close(fds[1]);
}

#include "tests/hostile/no_memory_sockets.h"

static void *thread_main(void *arg)
{
    return arg;
}

static void step_threads(void)
{
    pthread_t threads[3];
    void *result;

    for (uintptr_t i = 0; i < 3; i++) {
        int error = pthread_create(&threads[i], NULL, thread_main, (void *)i);
        REQUIRE(error == 0 || error == EAGAIN || error == ENOMEM);
        if (error)
            continue;
        REQUIRE(pthread_join(threads[i], &result) == 0 && result == (void *)i);
    }
}

static void ignore(int signo)
{
    (void)signo;
}

static void step_signals(void)
{
    sigset_t set, pending;
    union sigval value = {.sival_int = 1};

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    signal(SIGUSR1, ignore);
    signal(SIGRTMIN, ignore);
    REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    for (int i = 0; i < 20; i++)
        no_memory(sigqueue(getpid(), SIGRTMIN, value));
    REQUIRE(sigpending(&pending) == 0);
    REQUIRE(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    REQUIRE(raise(SIGUSR1) == 0); /* needs no memory, or goes without siginfo */
}

static void step_events(void)
{
    struct epoll_event event = {.events = EPOLLIN}, got[4];
    struct itimerspec soon = {.it_value = {.tv_nsec = 1000}};
    struct pollfd fds[40];
    sigset_t set;
    int epoll = epoll_create1(0);

    sigemptyset(&set);
    TRY(epoll);
    int counter = eventfd(1, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    int signals = signalfd(-1, &set, 0);
    if (!no_memory(timer))
        REQUIRE(timerfd_settime(timer, 0, &soon, NULL) == 0);
    if (!no_memory(counter) && !no_memory(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event)))
        if (!no_memory(epoll_wait(epoll, got, 4, 1000)))
            REQUIRE(got[0].events == EPOLLIN);
    for (int i = 0; i < 40; i++)
        fds[i] = (struct pollfd){.fd = i & 1 ? signals : timer, .events = POLLIN};
    no_memory(poll(fds, 40, 1));
    no_memory(signals);
    close(signals);
    close(timer);
    close(counter);
    close(epoll);
}

static void step_timers(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec soon = {.it_value = {.tv_nsec = 1000}};

    TRY(timer_create(CLOCK_MONOTONIC, &event, &timer));
    REQUIRE(timer_settime(timer, 0, &soon, NULL) == 0);
    REQUIRE(timer_delete(timer) == 0);
}

static void step_proc(void)
{
    static const char *const names[] = {"/proc/self/maps", "/proc/self/status",
                                        "/proc/stat",      "/proc/self/fd/0",
                                        "/proc/meminfo",   "/proc/self/cmdline"};
    char text[4096];

    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int fd = open(names[i], O_RDONLY);
        if (no_memory(fd))
            continue;
        no_memory(read(fd, text, sizeof(text)));
        close(fd);
    }
    struct iovec own = {text, 100}, other = {text + 200, 100};
    no_memory(process_vm_readv(getpid(), &own, 1, &other, 1, 0));
    long pidfd = syscall(SYS_pidfd_open, getpid(), 0);
    if (!no_memory(pidfd))
        close((int)pidfd);
}

static void step_memfd(void)
{
    int fd = (int)syscall(SYS_memfd_create, "m", 0u);

    TRY(fd);
    if (!no_memory(ftruncate(fd, 100000)) && !no_memory(write(fd, "x", 1))) {
        char *map = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map != MAP_FAILED) {
            map[90000] = 'y'; /* a fault: it waits for memory, it does not fail */
            REQUIRE(map[0] == 'x');
            munmap(map, 100000);
        }
    }
    close(fd);
}

#define STEP(name_)          \
    {                        \
#name_, step_##name_ \
    }
static const struct {
    const char *name;
    void (*run)(void);
} steps[] = {STEP(fork),    STEP(exec),    STEP(memory), STEP(files),  STEP(pipes), STEP(sockets),
             STEP(threads), STEP(signals), STEP(events), STEP(timers), STEP(proc),  STEP(memfd)};

/* ---- the loop ------------------------------------------------------------------ */

static void set_knob(long nth)
{
    char text[32];

    if (pwrite(knob, text, (size_t)snprintf(text, sizeof(text), "%ld", nth), 0) < 0)
        _exit(WRONG + 1);
}

static long read_knob(void)
{
    char text[32] = "";

    pread(knob, text, sizeof(text) - 1, 0);
    return atol(text);
}

static int workload(long nth)
{
    set_knob(nth);
    for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        step = steps[i].name;
        steps[i].run();
    }
    int hit = read_knob() == 0;
    set_knob(0);
    return hit ? 0 : NOT_HIT;
}

int main(int argc, char **argv)
{
    long stride = argc > 1 ? atol(argv[1]) : 1, nth = argc > 2 ? atol(argv[2]) : 1, runs = 0;
    int status = 0, wrong = 0;

    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return 9;
    knob = open("/proc/vmm/fail_nth", O_RDWR | O_CLOEXEC);
    if (knob < 0 || getpid() != 1 || stride < 1) {
        fprintf(stderr, "no_memory: only as the first program of a VM with a debug kernel\n");
        return 77;
    }
    mkdir("/tmp/w", 0755);
    for (; chdir("/tmp/w") == 0; nth += stride, runs++) {
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            _exit(workload(nth));
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            return 1;
        set_knob(0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HIT)
            break;
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            printf("allocation %ld: status %#x\n", nth, status);
            if (++wrong == 10)
                break;
        }
    }
    printf("%ld runs, %d wrong\n", runs, wrong);
    return wrong || runs == 0;
}
