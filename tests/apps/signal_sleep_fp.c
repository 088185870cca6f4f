/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector registers survive sleeping and being interrupted again and again. */
/* variants: static */
#include "check.h"
#include <sys/time.h>
#include <time.h>

static volatile double sink;

static void on_tick(int number)
{
    sink = sink * 1.5 + number;
}

int main(void)
{
    struct itimerval timer = {{0, 3000}, {0, 3000}};
    double x[8], y[8];
    int wrong = 0;

    signal(SIGALRM, on_tick);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 8; i++)
            x[i] = y[i] = round + i / 8.0;
        for (int step = 0; step < 20000; step++)
            for (int i = 0; i < 8; i++)
                x[i] = x[i] * 1.0000001 + 0.5;
        struct timespec nap = {0, 1000000};
        nanosleep(&nap, NULL);
        for (int step = 0; step < 20000; step++)
            for (int i = 0; i < 8; i++)
                y[i] = y[i] * 1.0000001 + 0.5;
        wrong += memcmp(x, y, sizeof(x)) != 0;
    }
    VALUE(wrong);
    return 0;
}
