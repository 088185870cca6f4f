/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long calls and resets took: kept by "vmm call", printed with --stats.
 */
#ifndef VMM_CLI_CALL_STATS_H
#define VMM_CLI_CALL_STATS_H

#include "vmm/cli/cli.h"

#define CALLS_MAX 1000000u

struct times {
    uint64_t *ns; /* NULL: no list, only the sum */
    size_t count, capacity;
    uint64_t first, total;
};

struct call_stats {
    uint64_t start_ns; /* until the program was ready */
    struct times calls, resets;
    uint64_t exits, exits_most; /* of all calls; of the one that had most */
};

/* Room for count values; false: out of memory. */
bool times_reserve(struct times *times, size_t count);
void times_add(struct times *times, uint64_t ns);
/* Sorts the lists. */
void call_stats_format(struct text *text, struct call_stats *stats, enum vmm_engine engine,
                       enum vmm_call_outcome outcome, int status);
uint64_t clock_ns(void);

#endif
