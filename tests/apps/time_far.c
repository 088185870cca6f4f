/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers whose second expiry lies beyond the end of time: they expire once. */
#include <poll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"

#define FOR_EVER 9223372036l /* seconds: the last whole one of 64 bits of nanoseconds */

static volatile sig_atomic_t count;

static void on_signal(int signo)
{
    (void)signo;
    count++;
}

static void wait_a_little(void)
{
    struct timespec left = {0, 20000000};

    while (nanosleep(&left, &left))
        ;
}

int main(void)
{
    struct itimerval real = {{FOR_EVER, 999999}, {0, 1000}};
    struct itimerspec spec = {{FOR_EVER, 999999999}, {0, 1000000}};
    struct itimerspec far = {{0, 0}, {INT64_MAX, 999999999}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    uint64_t expiries = 0;
    timer_t timer;

    signal(SIGALRM, on_signal);
    CALL(setitimer(ITIMER_REAL, &real, NULL));
    wait_a_little();
    CHECK(count == 1);
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CALL(timer_settime(timer, 0, &spec, NULL));
    wait_a_little();
    CHECK(count == 2);
    CALL(timer_settime(timer, 0, &far, NULL));
    wait_a_little();
    CHECK(count == 2);
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CALL(timerfd_settime(fd, 0, &spec, NULL));
    wait_a_little();
    VALUE(read(fd, &expiries, sizeof(expiries)));
    VALUE(expiries);
    VALUE(read(fd, &expiries, sizeof(expiries)));
    wait_a_little();
    CHECK(count == 2);
    return 0;
}
