/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may set the clock and with which numbers.  With the argument "set" (in a VM, see
 * e2e/clock.sh) it is set, and what waits for a time of it must come when that time does.
 */
#include "check.h"
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>

static long long now_ms(clockid_t clock)
{
    struct timespec t;
    NEED(clock_gettime(clock, &t) == 0);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static struct timespec to_spec(long long ms)
{
    return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

static void step(long long ms)
{
    struct timespec t = to_spec(now_ms(CLOCK_REALTIME) + ms);
    NEED(clock_settime(CLOCK_REALTIME, &t) == 0);
}

/* A child that steps the clock after a while. */
static void step_soon(long long ms)
{
    fflush(stdout);
    if (fork() == 0) {
        usleep(100000);
        step(ms);
        _exit(0);
    }
}

static void refusals(void)
{
    struct timespec t = {0, 1000000000};
    struct timeval v = {0, -1};
    struct timex timex = {.modes = ADJ_TICK, .tick = 8000};

    VALUE(clock_settime(CLOCK_REALTIME, &t));
    VALUE(clock_settime(CLOCK_MONOTONIC, &t));
    VALUE(clock_settime(CLOCK_PROCESS_CPUTIME_ID, &t));
    VALUE(clock_settime(99, &t));
    VALUE(syscall(SYS_clock_settime, CLOCK_REALTIME, (void *)8));
    VALUE(syscall(SYS_settimeofday, &v, NULL));
    VALUE(adjtimex(&timex));
    timex = (struct timex){.modes = 0x8000};
    VALUE(adjtimex(&timex));
    timex = (struct timex){.modes = ADJ_SETOFFSET, .time = {0, -1}};
    VALUE(adjtimex(&timex));
    timex = (struct timex){.modes = 0};
    CHECK(adjtimex(&timex) >= 0);
    VALUE(timex.tick);
    VALUE(clock_adjtime(CLOCK_MONOTONIC, &timex));
    NEED(setuid(65534) == 0);
    t.tv_nsec = 0;
    VALUE(clock_settime(CLOCK_REALTIME, &t));
    timex = (struct timex){.modes = ADJ_OFFSET};
    VALUE(adjtimex(&timex));
    timex = (struct timex){.modes = ADJ_OFFSET_SS_READ};
    CHECK(adjtimex(&timex) >= 0);
}

/* A sleep until an hour from now ends when the clock is put forward. */
static void sleeps(void)
{
    struct timespec hour = to_spec(now_ms(CLOCK_REALTIME) + 3600000);
    long long begin = now_ms(CLOCK_MONOTONIC);

    step_soon(3600000);
    VALUE(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &hour, NULL));
    CHECK(now_ms(CLOCK_MONOTONIC) - begin < 20000);
    /* And one for 300 ms lasts longer when it is put back. */
    struct timespec soon = to_spec(now_ms(CLOCK_REALTIME) + 300);
    begin = now_ms(CLOCK_MONOTONIC);
    step_soon(-500);
    VALUE(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &soon, NULL));
    CHECK(now_ms(CLOCK_MONOTONIC) - begin >= 750);
    /* Relative sleeps do not care. */
    struct timespec relative = to_spec(300);
    begin = now_ms(CLOCK_MONOTONIC);
    step_soon(3600000);
    VALUE(clock_nanosleep(CLOCK_REALTIME, 0, &relative, NULL));
    CHECK(now_ms(CLOCK_MONOTONIC) - begin >= 300);
    while (wait(NULL) > 0)
        ;
}

static void of_descriptors(void)
{
    struct itimerspec spec = {.it_value = to_spec(now_ms(CLOCK_REALTIME) + 3600000)};
    int follows = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int cancels = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int ignores = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    uint64_t count;
    struct pollfd poller = {.fd = cancels, .events = POLLIN};

    VALUE(timerfd_settime(follows, TFD_TIMER_ABSTIME, &spec, NULL));
    VALUE(timerfd_settime(cancels, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL));
    spec.it_value = to_spec(3600000);
    VALUE(timerfd_settime(ignores, 0, &spec, NULL));
    VALUE(poll(&poller, 1, 0));
    step(1000);
    VALUE(poll(&poller, 1, 0));
    VALUE(read(cancels, &count, sizeof(count)));
    VALUE(read(cancels, &count, sizeof(count)));
    VALUE(read(follows, &count, sizeof(count)));
    step(3600000);
    poller.fd = follows;
    VALUE(poll(&poller, 1, 5000));
    VALUE(read(follows, &count, sizeof(count)));
    VALUE(read(ignores, &count, sizeof(count)));
    VALUE(read(cancels, &count, sizeof(count)));
}

static void of_timers(void)
{
    timer_t timer;
    siginfo_t info;
    sigset_t set;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec spec = {.it_value = to_spec(now_ms(CLOCK_REALTIME) + 3600000)};
    struct timespec brief = to_spec(100), longer = to_spec(10000);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    VALUE(timer_create(CLOCK_REALTIME, &event, &timer));
    VALUE(timer_settime(timer, TIMER_ABSTIME, &spec, NULL));
    step(1800000);
    CHECK(timer_gettime(timer, &spec) == 0 && spec.it_value.tv_sec < 1801);
    VALUE(sigtimedwait(&set, &info, &brief));
    step(1800000);
    CHECK(sigtimedwait(&set, &info, &longer) == SIGUSR1 && info.si_code == SI_TIMER);
}

static void of_timex(void)
{
    struct timex timex = {.modes = ADJ_SETOFFSET, .time = {7200, 0}};
    long long before = now_ms(CLOCK_REALTIME);

    CHECK(adjtimex(&timex) >= 0);
    CHECK(now_ms(CLOCK_REALTIME) - before >= 7200000);
    timex = (struct timex){.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_MAXERROR | ADJ_STATUS,
                           .freq = 1 << 26,
                           .tick = 10010,
                           .maxerror = 5,
                           .status = STA_PLL};
    VALUE(adjtimex(&timex));
    timex = (struct timex){.modes = 0};
    VALUE(adjtimex(&timex));
    printf("%ld %ld %ld %d\n", timex.freq, timex.tick, timex.maxerror, timex.status);
    struct timeval delta = {0, 500}, old;
    VALUE(adjtime(&delta, NULL));
    VALUE(adjtime(NULL, &old));
    VALUE(old.tv_usec);
}

int main(int argc, char **argv)
{
    alarm(50);
    if (argc < 2 || strcmp(argv[1], "set") != 0) {
        refusals();
        return 0;
    }
    sleeps();
    of_descriptors();
    of_timers();
    of_timex();
    return 0;
}
