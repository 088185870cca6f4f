/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock and the TSC go at one rate.  With an argument: ticks in a millisecond. */
#include "check.h"

#include <time.h>
#include <x86intrin.h>

struct sample {
    int64_t ns;
    uint64_t tsc;
};

/* Of many the one that took least: whoever was interrupted in between does not count. */
static struct sample take(clockid_t clock)
{
    uint64_t shortest = UINT64_MAX;
    struct sample best = {0, 0};

    for (int i = 0; i < 100; i++) {
        struct timespec now;
        uint64_t before = __rdtsc();
        NEED(clock_gettime(clock, &now) == 0);
        uint64_t took = __rdtsc() - before;

        if (took < shortest) {
            shortest = took;
            best = (struct sample){now.tv_sec * 1000000000l + now.tv_nsec, before + took / 2};
        }
    }
    return best;
}

static double ticks_in_ms(clockid_t clock)
{
    struct sample begin = take(clock), end;

    do
        end = take(clock);
    while (end.ns - begin.ns < 5000000);
    return (double)(end.tsc - begin.tsc) * 1e6 / (double)(end.ns - begin.ns);
}

int main(int argc, char **argv)
{
    double rate = ticks_in_ms(CLOCK_MONOTONIC), other = ticks_in_ms(CLOCK_BOOTTIME);

    (void)argv;
    if (argc > 1)
        printf("%.0f\n", rate);
    else
        CHECK(rate > other * 0.99 && rate < other * 1.01);
    return 0;
}
