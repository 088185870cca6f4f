/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many threads that wait for the same thing, of which one is woken at a time: everything that was
 * sent is taken exactly once, also when signals end waits and when whole processes are killed
 * that were perhaps just woken.
 */
/* options: -c 4 */
#include "check.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define THREADS 12
#define PROCESSES 6
#define ROUNDS 400

static struct shared {
    int taken, interrupted;
} * shared;
static int source, sink, set;

static void interrupted(int number)
{
    (void)number;
}

static int take_byte(void)
{
    char c;
    return (int)read(source, &c, 1);
}

static int take_count(void)
{
    uint64_t value;
    return read(source, &value, sizeof(value)) == sizeof(value) ? 1 : -1;
}

/* One event, then as one who does not block: another may have been faster. */
static int take_by_epoll(void)
{
    struct epoll_event event;
    char bytes[8];
    int got = epoll_wait(set, &event, 1, -1);

    if (got < 0)
        return got;
    return (int)recv(source, bytes, 1, MSG_DONTWAIT) == 1;
}

static int (*take)(void);

static void take_for_ever(void)
{
    for (;;) {
        int got = take();

        if (got > 0)
            __atomic_add_fetch(&shared->taken, got, __ATOMIC_SEQ_CST);
        else if (got < 0 && errno == EINTR)
            __atomic_add_fetch(&shared->interrupted, 1, __ATOMIC_SEQ_CST);
    }
}

static void *taker(void *arg)
{
    take_for_ever();
    return arg;
}

static int taken(void)
{
    return __atomic_load_n(&shared->taken, __ATOMIC_SEQ_CST);
}

/* Until that many have been taken: false when somebody sleeps over what is there. */
static bool all_taken(int count)
{
    for (int i = 0; i < 5000 && taken() < count; i++)
        usleep(1000);
    return taken() == count;
}

static void send_some(int count, bool events)
{
    static const char bytes[16];
    uint64_t value = (uint64_t)count;

    if (events)
        NEED(write(sink, &value, sizeof(value)) == sizeof(value));
    else
        NEED(write(sink, bytes, (size_t)count) == count);
}

static void *take_once(void *arg)
{
    while (take() != 1)
        ;
    __atomic_add_fetch(&shared->taken, 1, __ATOMIC_SEQ_CST);
    return arg;
}

/* As many come at once as wait, and each takes one and goes. */
static void each_one(const char *name, bool events)
{
    pthread_t thread[THREADS];
    int status;

    fflush(stdout);
    memset(shared, 0, sizeof(*shared));
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < THREADS; i++)
            NEED(pthread_create(&thread[i], NULL, take_once, NULL) == 0);
        usleep(30000); /* all of them sleep */
        send_some(THREADS, events);
        _exit(all_taken(THREADS) ? 0 : 1);
    }
    waitpid(child, &status, 0);
    printf("%s, one for each: status %d\n", name, status);
}

/* Threads in one process; signals go to them all the time. */
static void threads(const char *name, bool events)
{
    struct sigaction action = {.sa_handler = interrupted}; /* no SA_RESTART */
    pthread_t thread[THREADS];
    int sent = 0;

    fflush(stdout);
    memset(shared, 0, sizeof(*shared));
    pid_t child = fork();
    if (child == 0) {
        sigaction(SIGUSR1, &action, NULL);
        for (int i = 0; i < THREADS; i++)
            NEED(pthread_create(&thread[i], NULL, taker, NULL) == 0);
        for (int i = 0; i < ROUNDS; i++) {
            int count = i % 5 + 1;

            send_some(count, events);
            sent += count;
            pthread_kill(thread[i % THREADS], SIGUSR1);
            if (i % 50 == 49)
                NEED(all_taken(sent));
        }
        _exit(all_taken(sent) ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    printf("%s, threads: status %d, all taken: %s\n", name, status,
           taken() == ROUNDS / 5 * 15 ? "yes" : "NO");
}

/* Processes that are killed while they take: what is left goes to those that come after. */
static void processes(const char *name, bool events)
{
    pid_t child[PROCESSES];
    bool fine = true;

    fflush(stdout);
    memset(shared, 0, sizeof(*shared));
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0)
            take_for_ever();
    for (int i = 0; i < ROUNDS / 10; i++) {
        int victim = i % PROCESSES;

        send_some(i % 3 + 1, events);
        kill(child[victim], SIGKILL);
        NEED(waitpid(child[victim], NULL, 0) == child[victim]);
        if ((child[victim] = fork()) == 0)
            take_for_ever();
        /* Whatever the dead one was woken for, somebody else takes. */
        int left = 1, before = taken();
        for (int wait = 0; left && wait < 5000; wait++) {
            if (events) {
                struct epoll_event event;
                left = epoll_wait(set, &event, 1, 0);
            } else {
                NEED(ioctl(source, FIONREAD, &left) == 0);
            }
            if (left)
                usleep(1000);
        }
        fine &= !left && taken() >= before;
    }
    for (int i = 0; i < PROCESSES; i++) {
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
    printf("%s, processes: nobody slept over anything: %s\n", name, fine ? "yes" : "NO");
}

static void both(const char *name, int (*how)(void), bool events)
{
    struct epoll_event event = {.events = EPOLLIN};

    take = how;
    set = epoll_create1(0);
    NEED(epoll_ctl(set, EPOLL_CTL_ADD, source, &event) == 0);
    each_one(name, events);
    threads(name, events);
    processes(name, events);
    close(set);
    close(source);
    if (sink != source)
        close(sink);
}

int main(void)
{
    int ends[2];

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(shared != MAP_FAILED);
    NEED(pipe(ends) == 0);
    source = ends[0], sink = ends[1];
    both("pipe", take_byte, false);
    source = sink = eventfd(0, EFD_SEMAPHORE);
    both("eventfd", take_count, true);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    source = ends[0], sink = ends[1];
    both("unix socket", take_byte, false);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    source = ends[0], sink = ends[1];
    both("epoll", take_by_epoll, false);
    return 0;
}
