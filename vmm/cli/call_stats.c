/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics of calls as JSON; every value is a number or one of our own words.
 */
#include "vmm/cli/call_stats.h"

#include <stdlib.h>
#include <time.h>

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool times_reserve(struct times *times, size_t count)
{
    times->ns = calloc(count ? count : 1, sizeof(times->ns[0]));
    times->capacity = times->ns ? count : 0;
    return times->ns != NULL;
}

void times_add(struct times *times, uint64_t ns)
{
    if (times->count == 0)
        times->first = ns;
    if (times->count < times->capacity)
        times->ns[times->count] = ns;
    times->count++;
    times->total += ns;
}

static const char *outcome_name(enum vmm_call_outcome outcome)
{
    switch (outcome) {
    case VMM_CALL_DONE:
        return "done";
    case VMM_CALL_FAILED:
        return "failed";
    case VMM_CALL_CRASHED:
        return "crashed";
    case VMM_CALL_EXITED:
        return "exited";
    case VMM_CALL_TIMED_OUT:
        return "timed-out";
    case VMM_CALL_CANCELLED:
        return "cancelled";
    case VMM_CALL_REFUSED:
        return "refused";
    case VMM_CALL_TOO_LARGE:
        return "too-large";
    case VMM_CALL_BROKEN:
        return "broken";
    }
    return "unknown";
}

static int compare(const void *a, const void *b)
{
    const uint64_t *first = a, *second = b;
    return *first < *second ? -1 : *first > *second;
}

static unsigned long long number(uint64_t value)
{
    return value;
}

static void add_times(struct text *text, const char *name, struct times *times)
{
    size_t count = times->count < times->capacity ? times->count : times->capacity;
    text_add(text, ",\n  \"%s\": {\"count\": %llu", name, number(times->count));
    if (count) {
        qsort(times->ns, count, sizeof(times->ns[0]), compare);
        text_add(text,
                 ", \"first_ns\": %llu, \"min_ns\": %llu, \"median_ns\": %llu, \"p99_ns\": %llu, "
                 "\"max_ns\": %llu, \"total_ns\": %llu",
                 number(times->first), number(times->ns[0]), number(times->ns[count / 2]),
                 number(times->ns[count - 1 - count / 100]), number(times->ns[count - 1]),
                 number(times->total));
    }
    text_add(text, "}");
}

void call_stats_format(struct text *text, struct call_stats *stats, enum vmm_engine engine,
                       enum vmm_call_outcome outcome, int status)
{
    text_add(text,
             "{\n  \"version\": 1,\n  \"engine\": \"%s\",\n  \"outcome\": \"%s\",\n"
             "  \"status\": %d,\n  \"start_ns\": %llu",
             engine == VMM_ENGINE_KVM ? "kvm" : "qemu", outcome_name(outcome), status,
             number(stats->start_ns));
    add_times(text, "calls", &stats->calls);
    add_times(text, "resets", &stats->resets);
    text_add(text, ",\n  \"exits\": {\"total\": %llu, \"max\": %llu}\n}\n", number(stats->exits),
             number(stats->exits_most));
}
