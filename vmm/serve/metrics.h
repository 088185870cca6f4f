/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a server counts, and its text in the format of Prometheus 0.0.4.
 */
#ifndef VMM_SERVE_METRICS_H
#define VMM_SERVE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>

#include "vmm/cli/cli.h"
#include "vmm/vmm.h"

#define OUTCOMES 9u /* of enum vmm_call_outcome */
#define BUCKETS 19u /* 10 us, 20 us, 50 us ... 10 s, and all */

struct histogram {
    atomic_ullong bucket[BUCKETS + 1]; /* not cumulative; the last: beyond */
    atomic_ullong sum_ns;
};

struct metrics {
    atomic_ullong outcomes[OUTCOMES];
    atomic_ullong refused_full; /* the queue was full */
    atomic_ullong refused_draining;
    atomic_ullong refused_size;
    atomic_ullong input_bytes, output_bytes;
    struct histogram latency; /* from the whole request to the end of its call */
    struct histogram call; /* the call alone, with taking a VM */
};

void histogram_add(struct histogram *histogram, uint64_t ns);
/* waiting: jobs in the queue. */
void metrics_format(struct text *text, struct metrics *metrics, const struct vmm_pool_stats *pool,
                    size_t waiting);

#endif
