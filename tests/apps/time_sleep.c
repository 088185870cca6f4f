/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping lasts at least as long as asked, against both clocks; refusals. */
#include "check.h"
#include <time.h>

static long long ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void)
{
    struct timespec t = {0, 30000000};
    long long begin = ns(CLOCK_MONOTONIC);

    VALUE(nanosleep(&t, NULL));
    CHECK(ns(CLOCK_MONOTONIC) - begin >= 30000000);
    begin = ns(CLOCK_MONOTONIC);
    VALUE(usleep(20000));
    CHECK(ns(CLOCK_MONOTONIC) - begin >= 20000000);
    begin = ns(CLOCK_MONOTONIC) + 40000000;
    t = (struct timespec){begin / 1000000000, begin % 1000000000};
    VALUE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    CHECK(ns(CLOCK_MONOTONIC) >= begin);
    VALUE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    t = (struct timespec){0, 1};
    VALUE(clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL));
    t = (struct timespec){0, 1000000000};
    CALL(nanosleep(&t, NULL));
    t = (struct timespec){-1, 0};
    CALL(nanosleep(&t, NULL));
    CALL(nanosleep((struct timespec *)8, NULL));
    VALUE(clock_nanosleep(99, 0, &t, NULL));
    return 0;
}
