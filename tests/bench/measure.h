/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds per operation, the least of several rounds; in the lab's counting
 * mode a nanosecond is an instruction.  Prints NAME|VALUE lines; an operation
 * that fails prints a dash.  Included by one file of a program.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 3

static int failed;

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void need(int condition)
{
    failed |= !condition;
}

static inline void reap(pid_t child)
{
    int status = -1;
    need(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

/* before: runs ahead of each operation and is not counted; divide: what op() does at once. */
static inline void measure(const char *name, void (*op)(void), void (*before)(void), int count,
                           int divide)
{
    uint64_t best = UINT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t sum = 0;
        if (before) {
            for (int i = 0; i < count; i++) {
                before();
                uint64_t begin = now_ns();
                op();
                sum += now_ns() - begin;
            }
        } else {
            uint64_t begin = now_ns();
            for (int i = 0; i < count; i++)
                op();
            sum = now_ns() - begin;
        }
        best = sum < best ? sum : best;
    }
    if (failed)
        printf("%s|-\n", name);
    else
        printf("%s|%llu\n", name, (unsigned long long)(best / (uint64_t)count / (uint64_t)divide));
    failed = 0;
}

#endif
