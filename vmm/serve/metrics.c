/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of a server as text.  Counters only grow; each is read once, by itself.
 */
#include "vmm/serve/metrics.h"

static const char *const outcome_names[OUTCOMES] = {
    [VMM_CALL_DONE] = "done",           [VMM_CALL_FAILED] = "failed",
    [VMM_CALL_CRASHED] = "crashed",     [VMM_CALL_EXITED] = "exited",
    [VMM_CALL_TIMED_OUT] = "timed_out", [VMM_CALL_CANCELLED] = "cancelled",
    [VMM_CALL_REFUSED] = "refused",     [VMM_CALL_TOO_LARGE] = "too_large",
    [VMM_CALL_BROKEN] = "broken",
};

/* The upper bound of a bucket: 1, 2, 5 times powers of ten, from 10 us. */
static uint64_t bound_ns(unsigned int bucket)
{
    static const uint64_t steps[] = {1, 2, 5};
    uint64_t bound = 10000 * steps[bucket % 3];
    for (unsigned int i = bucket / 3; i; i--)
        bound *= 10;
    return bound;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    unsigned int bucket = 0;
    while (bucket < BUCKETS && ns > bound_ns(bucket))
        bucket++;
    atomic_fetch_add_explicit(&histogram->bucket[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, ns, memory_order_relaxed);
}

static unsigned long long value(atomic_ullong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Nanoseconds as seconds; %f would do, but not exactly. */
static void add_seconds(struct text *text, uint64_t ns)
{
    text_add(text, "%llu.%09llu", (unsigned long long)(ns / 1000000000u),
             (unsigned long long)(ns % 1000000000u));
}

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
    text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_one(struct text *text, const char *name, const char *type, const char *help,
                    unsigned long long number)
{
    add_head(text, name, type, help);
    text_add(text, "%s %llu\n", name, number);
}

static void add_histogram(struct text *text, const char *name, const char *help,
                          struct histogram *histogram)
{
    unsigned long long sum = 0;
    add_head(text, name, "histogram", help);
    for (unsigned int i = 0; i < BUCKETS; i++) {
        sum += value(&histogram->bucket[i]);
        text_add(text, "%s_bucket{le=\"", name);
        add_seconds(text, bound_ns(i));
        text_add(text, "\"} %llu\n", sum);
    }
    sum += value(&histogram->bucket[BUCKETS]);
    text_add(text, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", name, sum, name);
    add_seconds(text, value(&histogram->sum_ns));
    text_add(text, "\n%s_count %llu\n", name, sum);
}

void metrics_format(struct text *text, struct metrics *metrics, const struct vmm_pool_stats *pool,
                    size_t waiting)
{
    add_head(text, "vmm_calls_total", "counter", "Calls by outcome.");
    for (unsigned int i = 0; i < OUTCOMES; i++)
        text_add(text, "vmm_calls_total{outcome=\"%s\"} %llu\n", outcome_names[i],
                 value(&metrics->outcomes[i]));
    add_head(text, "vmm_requests_refused_total", "counter", "Requests that became no call.");
    text_add(text,
             "vmm_requests_refused_total{reason=\"queue_full\"} %llu\n"
             "vmm_requests_refused_total{reason=\"draining\"} %llu\n"
             "vmm_requests_refused_total{reason=\"too_large\"} %llu\n",
             value(&metrics->refused_full), value(&metrics->refused_draining),
             value(&metrics->refused_size));
    add_histogram(text, "vmm_request_duration_seconds",
                  "From the whole request to the end of its call.", &metrics->latency);
    add_histogram(text, "vmm_call_duration_seconds", "Calls, without the wait for a worker.",
                  &metrics->call);
    add_one(text, "vmm_input_bytes_total", "counter", "Bytes of inputs.",
            value(&metrics->input_bytes));
    add_one(text, "vmm_output_bytes_total", "counter", "Bytes of outputs.",
            value(&metrics->output_bytes));
    add_one(text, "vmm_queue_length", "gauge", "Requests that wait for a worker.", waiting);
    add_one(text, "vmm_pool_ready", "gauge", "VMs that are ready.", pool->ready);
    add_one(text, "vmm_pool_busy", "gauge", "VMs in a call.", pool->busy);
    add_one(text, "vmm_pool_created_total", "counter", "VMs that were made.", pool->created);
    add_one(text, "vmm_pool_resets_total", "counter", "VMs that were reset.", pool->resets);
    add_one(text, "vmm_pool_waits_total", "counter", "Calls that found no VM ready.", pool->waits);
}
