/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_getoverrun(2): a periodic timer whose signal waits goes on when it is taken, and the
 * count of what was missed belongs to the signal that was taken; it does not wrap.
 */
#include "check.h"
#include <limits.h>
#include <time.h>

static sigset_t set;

static void missed(int signo)
{
    timer_t timer;
    siginfo_t info;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signo};
    struct itimerspec spec = {{0, 10000000}, {0, 10000000}};

    printf("-- signal %s\n", signo < 32 ? "that does not queue" : "that queues");
    VALUE(timer_create(CLOCK_MONOTONIC, &event, &timer));
    VALUE(timer_settime(timer, 0, &spec, NULL));
    usleep(120000);
    CHECK(sigwaitinfo(&set, &info) == signo && info.si_code == SI_TIMER);
    CHECK(info.si_overrun >= 10);
    CHECK(timer_getoverrun(timer) == info.si_overrun);
    usleep(50000);
    /* The next one waits already; the count is that of the one before. */
    CHECK(timer_getoverrun(timer) == info.si_overrun);
    CHECK(sigwaitinfo(&set, &info) == signo);
    CHECK(info.si_overrun >= 2);
    VALUE(timer_delete(timer));
    struct timespec now = {0, 0};
    while (sigtimedwait(&set, &info, &now) > 0)
        ;
}

static void of_two_timers(void)
{
    timer_t timers[2];
    siginfo_t info;
    int seen = 0;
    struct itimerspec spec = {{0, 20000000}, {0, 20000000}};

    for (int i = 0; i < 2; i++) {
        struct sigevent event = {
            .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = i}};
        NEED(timer_create(CLOCK_MONOTONIC, &event, &timers[i]) == 0);
        NEED(timer_settime(timers[i], 0, &spec, NULL) == 0);
    }
    usleep(100000);
    for (int i = 0; i < 2; i++) {
        NEED(sigwaitinfo(&set, &info) == SIGUSR1);
        seen |= 1 << info.si_value.sival_int;
    }
    VALUE(seen); /* one signal of each, though the number is the same */
    NEED(timer_delete(timers[0]) == 0 && timer_delete(timers[1]) == 0);
    struct timespec now = {0, 0};
    while (sigtimedwait(&set, &info, &now) > 0)
        ;
}

static void of_long_ago(void)
{
    timer_t timer;
    siginfo_t info;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec spec;

    NEED(clock_gettime(CLOCK_REALTIME, &spec.it_value) == 0);
    spec.it_value.tv_sec -= 3;
    spec.it_interval = (struct timespec){0, 1};
    NEED(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
    VALUE(timer_settime(timer, TIMER_ABSTIME, &spec, NULL));
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN);
    CHECK(timer_getoverrun(timer) == INT_MAX);
    VALUE(timer_delete(timer));
}

int main(void)
{
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    alarm(30);
    missed(SIGUSR1);
    missed(SIGRTMIN);
    of_two_timers();
    of_long_ago();
    return 0;
}
