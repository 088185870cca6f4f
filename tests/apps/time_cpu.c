/* SPDX-License-Identifier: BSD-2-Clause */
/* Processor time: grows with work, not with sleep. */
#include "check.h"
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

static long long cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void)
{
    struct timespec nap = {0, 200000000};
    struct rusage usage;
    volatile unsigned long sum = 0;

    long long begin = cpu();
    for (unsigned long i = 0; i < 30000000; i++)
        sum += i;
    long long worked = cpu() - begin;
    CHECK(worked > 1000000);
    begin = cpu();
    nanosleep(&nap, NULL);
    CHECK(cpu() - begin < 150000000);
    VALUE(getrusage(RUSAGE_SELF, &usage));
    CHECK(usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec +
              usage.ru_stime.tv_sec * 1000000ll + usage.ru_stime.tv_usec >
          500);
    CHECK(usage.ru_maxrss > 100);
    VALUE(getrusage(RUSAGE_CHILDREN, &usage));
    VALUE(usage.ru_utime.tv_sec);
    CALL(getrusage(77, &usage));
    struct tms tms;
    CHECK(times(&tms) != (clock_t)-1);
    CHECK(clock() > 0);
    return 0;
}
