/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals to threads that compute on other CPUs: each of them arrives, where it was sent,
 * although the thread makes no system call; stopping, killing and exit_group reach all.
 */
/* options: -c 4 */
#include "check.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define THREADS 4
#define SIGNALS 100

static volatile int stop, ready;
static __thread int my_index;
static volatile int received[THREADS], misplaced, ticks[THREADS];
static volatile pid_t tids[THREADS];
static volatile uint64_t turns[THREADS];

static void on_rt(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    if (info->si_value.sival_int != my_index || gettid() != tids[my_index])
        __atomic_add_fetch(&misplaced, 1, __ATOMIC_SEQ_CST);
    received[my_index]++;
}

static void on_tick(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    if (info->si_value.sival_int != my_index)
        __atomic_add_fetch(&misplaced, 1, __ATOMIC_SEQ_CST);
    ticks[my_index]++;
}

static void *spin(void *arg)
{
    my_index = (int)(intptr_t)arg;
    tids[my_index] = gettid();
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    while (!stop)
        turns[my_index]++;
    return NULL;
}

static void start(pthread_t *threads)
{
    stop = ready = 0;
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, spin, (void *)(intptr_t)i) == 0);
    while (ready < THREADS)
        usleep(200);
}

static void end(pthread_t *threads)
{
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static int queue_to(int index)
{
    siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};

    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = index;
    return (int)syscall(SYS_rt_tgsigqueueinfo, getpid(), tids[index], SIGRTMIN, &info);
}

static int all_received(int count)
{
    for (int i = 0; i < THREADS; i++)
        if (received[i] != count)
            return 0;
    return 1;
}

static void queued_signals(void)
{
    for (int n = 0; n < SIGNALS; n++)
        for (int i = 0; i < THREADS; i++)
            while (queue_to(i) != 0)
                NEED(errno == EAGAIN);
    for (int i = 0; i < 5000 && !all_received(SIGNALS); i++)
        usleep(1000);
    CHECK(all_received(SIGNALS));
    CHECK(misplaced == 0);
}

static void timers(void)
{
    timer_t ids[THREADS];
    int all = 0;

    for (int i = 0; i < THREADS; i++) {
        struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
        struct itimerspec every = {{0, 3000000 + i * 500000}, {0, 1000000}};
        event._sigev_un._tid = tids[i];
        event.sigev_value.sival_int = i;
        NEED(timer_create(CLOCK_MONOTONIC, &event, &ids[i]) == 0);
        NEED(timer_settime(ids[i], 0, &every, NULL) == 0);
    }
    for (int round = 0; round < 5000 && all < THREADS; round++) {
        usleep(1000);
        all = 0;
        for (int i = 0; i < THREADS; i++)
            all += ticks[i] >= 5;
    }
    CHECK(all == THREADS);
    CHECK(misplaced == 0);
    for (int i = 0; i < THREADS; i++)
        timer_delete(ids[i]);
}

static uint64_t total_turns(void)
{
    uint64_t total = 0;

    for (int i = 0; i < THREADS; i++)
        total += turns[i];
    return total;
}

/* In a child whose threads all compute; how: 0 exit, 1 killed, 2 a fatal fault in one. */
static int child_status(int how)
{
    int status, fds[2];
    char byte;

    NEED(pipe(fds) == 0);
    fflush(stdout);
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        pthread_t threads[THREADS];
        start(threads);
        NEED(write(fds[1], "r", 1) == 1);
        if (how == 0)
            exit(42);
        if (how == 2)
            raise(SIGILL);
        for (;;)
            turns[0]++;
    }
    NEED(read(fds[0], &byte, 1) == 1);
    if (how == 1)
        kill(child, SIGKILL);
    NEED(waitpid(child, &status, 0) == child);
    close(fds[0]);
    close(fds[1]);
    return status;
}

/* Nobody computes while the process is stopped. */
static void stopping(void)
{
    int status;
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        pthread_t threads[THREADS];
        start(threads);
        uint64_t before = total_turns();
        for (int i = 0; i < 3; i++)
            raise(SIGSTOP);
        while (total_turns() == before)
            usleep(100);
        _exit(7);
    }
    for (int i = 0; i < 3; i++) {
        NEED(waitpid(child, &status, WUNTRACED) == child);
        CHECK(WIFSTOPPED(status));
        kill(child, SIGCONT);
    }
    NEED(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void)
{
    pthread_t threads[THREADS];
    struct sigaction action = {.sa_sigaction = on_rt, .sa_flags = SA_SIGINFO};

    sigaction(SIGRTMIN, &action, NULL);
    action.sa_sigaction = on_tick;
    sigaction(SIGRTMIN + 1, &action, NULL);
    start(threads);
    queued_signals();
    timers();
    end(threads);
    for (int i = 0; i < 5; i++)
        CHECK(child_status(0) == 42 << 8);
    CHECK(child_status(1) == SIGKILL);
    CHECK((child_status(2) & 0x7f) == SIGILL);
    stopping();
    return 0;
}
