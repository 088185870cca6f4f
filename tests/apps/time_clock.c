/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks: monotonic ones do not step back, realtime is of this century, units and refusals. */
/* variants: dynamic static musl */
#include "check.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static long long ns(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) < 0 || t.tv_nsec < 0 || t.tv_nsec >= 1000000000)
        return -1;
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long long raw(clockid_t clock)
{
    struct timespec t;
    return syscall(SYS_clock_gettime, clock, &t) < 0 ? -1 : t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void)
{
    long back = 0;
    long long last = 0, now = 0;
    clockid_t clocks[] = {CLOCK_REALTIME,           CLOCK_MONOTONIC,         CLOCK_MONOTONIC_RAW,
                          CLOCK_BOOTTIME,           CLOCK_REALTIME_COARSE,   CLOCK_MONOTONIC_COARSE,
                          CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_TAI};

    for (int i = 0; i < 200000; i++, last = now) {
        now = i % 1000 ? ns(CLOCK_MONOTONIC) : raw(CLOCK_MONOTONIC);
        back += now < last;
    }
    VALUE(back);
    for (int i = 0; i < 9; i++) {
        struct timespec resolution;
        printf("clock %d: %d %d %d\n", (int)clocks[i], ns(clocks[i]) >= 0, raw(clocks[i]) >= 0,
               clock_getres(clocks[i], &resolution));
    }
    struct timespec resolution;
    clock_getres(CLOCK_MONOTONIC, &resolution);
    CHECK(resolution.tv_sec == 0 && resolution.tv_nsec == 1);
    CHECK(time(NULL) > 1700000000 && time(NULL) < 4000000000);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    CHECK(llabs(tv.tv_sec * 1000000000ll - ns(CLOCK_REALTIME)) < 20000000000);
    CHECK(llabs(ns(CLOCK_REALTIME) - raw(CLOCK_REALTIME)) < 5000000000);
    CHECK(llabs(ns(CLOCK_MONOTONIC) - raw(CLOCK_MONOTONIC)) < 5000000000);
    CHECK(llabs(ns(CLOCK_MONOTONIC) - ns(CLOCK_MONOTONIC_COARSE)) < 5000000000);
    CALL(clock_gettime(99, &resolution));
    CALL(clock_getres(99, &resolution));
    struct tm tm;
    time_t when = 86400 * 365;
    gmtime_r(&when, &tm);
    printf("%d-%d-%d\n", tm.tm_year, tm.tm_mon, tm.tm_mday);
    return 0;
}
