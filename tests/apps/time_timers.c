/* SPDX-License-Identifier: BSD-2-Clause */
/* timer_create and its family: signals, values, intervals, overruns, CPU clocks; errors. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t rings, last_code, last_overrun, last_value;

static void on_timer(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    rings++;
    last_code = info->si_code;
    last_overrun = info->si_overrun;
    last_value = info->si_value.sival_int;
}

static long long now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void work_ms(int ms)
{
    long long end = now(CLOCK_MONOTONIC) + ms * 1000000ll;
    while (now(CLOCK_MONOTONIC) < end)
        ;
}

/* Works until rings has reached count, for ten seconds at most. */
static int rings_reach(int count)
{
    for (int i = 0; i < 1000 && rings < count; i++)
        work_ms(10);
    return rings >= count;
}

static struct itimerspec spec(long value_ms, long interval_ms)
{
    return (struct itimerspec){{interval_ms / 1000, interval_ms % 1000 * 1000000},
                               {value_ms / 1000, value_ms % 1000 * 1000000}};
}

static void set(timer_t timer, long value_ms, long interval_ms)
{
    struct itimerspec new_value = spec(value_ms, interval_ms);
    NEED(timer_settime(timer, 0, &new_value, NULL) == 0);
}

static void once_and_often(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec left, past;
    timer_t timer;

    event.sigev_value.sival_int = 4711;
    VALUE(timer_create(CLOCK_MONOTONIC, &event, &timer));
    VALUE(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    set(timer, 20, 0);
    CHECK(rings_reach(1));
    CHECK(last_code == SI_TIMER);
    VALUE(last_value);
    VALUE(last_overrun);
    work_ms(50);
    VALUE(rings);
    set(timer, 5, 5);
    CHECK(rings_reach(6));
    set(timer, 100000, 7000);
    VALUE(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec >= 90 && left.it_value.tv_sec < 100);
    VALUE(left.it_interval.tv_sec);
    set(timer, 0, 0);
    rings = 0;
    past = (struct itimerspec){{0, 0}, {0, 1}};
    VALUE(timer_settime(timer, TIMER_ABSTIME, &past, NULL)); /* long ago: at once */
    CHECK(rings_reach(1));
    VALUE(timer_delete(timer));
    CALL(timer_delete(timer));
}

static void overruns_are_counted(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    sigset_t blocked;
    timer_t timer;

    NEED(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    rings = 0;
    set(timer, 5, 5);
    work_ms(200);
    siginfo_t info;
    VALUE(sigtimedwait(&blocked, &info, &(struct timespec){0, 0}) == SIGRTMIN);
    CHECK(info.si_code == SI_TIMER);
    CHECK(info.si_overrun >= 10); /* one signal for all */
    set(timer, 0, 0);
    sigtimedwait(&blocked, &info, &(struct timespec){0, 0}); /* what has come since */
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    VALUE(rings);
    timer_delete(timer);
}

static void cpu_clocks(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerval virtual_time = {{0, 0}, {0, 20000}};
    timer_t timer;

    NEED(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) == 0);
    rings = 0;
    set(timer, 30, 0);
    nanosleep(&(struct timespec){0, 60000000}, NULL); /* sleep does not count */
    VALUE(rings);
    CHECK(rings_reach(1));
    timer_delete(timer);
    NEED(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) == 0);
    rings = 0;
    set(timer, 20, 0);
    CHECK(rings_reach(1));
    timer_delete(timer);
    rings = 0;
    VALUE(setitimer(ITIMER_VIRTUAL, &virtual_time, NULL));
    CHECK(rings_reach(1));
    VALUE(setitimer(ITIMER_PROF, &virtual_time, NULL));
    CHECK(rings_reach(2));
}

static void errors(void)
{
    struct sigevent event = {.sigev_notify = 77, .sigev_signo = SIGRTMIN};
    struct itimerspec bad = {{0, 0}, {0, 1000000000}};
    timer_t timer;

    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = 99;
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CALL(timer_create(55, NULL, &timer));
    CALL(timer_create(CLOCK_MONOTONIC_COARSE, NULL, &timer));
    NEED(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
    CALL(timer_settime(timer, 0, &bad, NULL));
    CALL(syscall(SYS_timer_settime, timer, 0, NULL, NULL));
    CALL(syscall(SYS_timer_gettime, timer, NULL));
    CALL(syscall(SYS_timer_gettime, 12345, &bad));
    CALL(syscall(SYS_timer_getoverrun, 12345));
    CALL(syscall(SYS_timer_delete, -1));
    CALL(timer_delete(timer));
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};

    sigaction(SIGRTMIN, &action, NULL);
    sigaction(SIGVTALRM, &action, NULL);
    sigaction(SIGPROF, &action, NULL);
    once_and_often();
    overruns_are_counted();
    cpu_clocks();
    errors();
    return 0;
}
