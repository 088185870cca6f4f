/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/pool.c vmm/pool_keep.c vmm/config.c vmm/config_functions.c vmm/config_reports.c
 * tests/unit/pool_fakes.c */
/*
 * A pool never has more VMs than it may, never lets two calls see the same clean VM, serves in
 * the order of arrival, and loses no VM whatever fails.  The VMs are fakes.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/pool_fakes.h"

static struct vmm_pool *pool_of(unsigned int ready, unsigned int most, bool reuse)
{
    struct vmm_pool_options options = {sizeof(options), ready, most, reuse};
    struct vmm_pool *pool;
    struct vmm_error error;
    assert_int_equal(vmm_pool_create(&the_snapshot, NULL, &options, &pool, &error), 0);
    return pool;
}

static struct vmm_call call_named(int number, uint64_t timeout_ns)
{
    return (struct vmm_call){
        .size = sizeof(struct vmm_call), .name = "f", .status = number, .timeout_ns = timeout_ns};
}

static struct vmm_pool_stats stats_of(struct vmm_pool *pool)
{
    struct vmm_pool_stats stats = {.size = sizeof(stats)};
    assert_int_equal(vmm_pool_get_stats(pool, &stats), 0);
    return stats;
}

struct job {
    struct vmm_pool *pool;
    int number, times, result;
    uint64_t timeout_ns;
    struct vmm_call call;
    pthread_t thread;
};

static void *work(void *arg)
{
    struct job *job = arg;
    for (int i = 0; i < job->times; i++) {
        job->call = call_named(job->number, job->timeout_ns);
        job->result = vmm_pool_call(job->pool, &job->call);
    }
    return NULL;
}

static void start(struct job *job)
{
    assert_int_equal(pthread_create(&job->thread, NULL, work, job), 0);
}

static void wait_for_waits(struct vmm_pool *pool, uint64_t waits)
{
    for (int i = 0; i < 20000 && stats_of(pool).waits < waits; i++)
        pause_us(100);
    assert_int_equal(stats_of(pool).waits, waits);
}

static void wait_for_ready(struct vmm_pool *pool, unsigned int ready)
{
    for (int i = 0; i < 20000 && stats_of(pool).ready != ready; i++)
        pause_us(100);
    assert_int_equal(stats_of(pool).ready, ready);
}

static void test_fresh_each_time(void **state)
{
    (void)state;
    struct vmm_pool *pool = pool_of(3, 6, false);
    struct vmm_call call = call_named(0, 0);
    wait_for_ready(pool, 3);
    for (int i = 0; i < 50; i++)
        assert_int_equal(vmm_pool_call(pool, &call), 0);
    struct vmm_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.calls, 50);
    assert_int_equal(stats.resets, 0);
    assert_true(stats.created >= 50);
    wait_for_ready(pool, 3);
    vmm_pool_destroy(pool);
    assert_true(alive_most <= 6);
}

static void test_reuse(void **state)
{
    (void)state;
    struct vmm_pool *pool = pool_of(2, 4, true);
    struct vmm_call call = call_named(0, 0);
    wait_for_ready(pool, 2);
    for (int i = 0; i < 50; i++)
        assert_int_equal(vmm_pool_call(pool, &call), 0);
    assert_int_equal(stats_of(pool).resets, 50);
    assert_int_equal(stats_of(pool).created, 2);
    /* One whose reset fails, and one that is broken, are replaced. */
    reset_error = EIO;
    assert_int_equal(vmm_pool_call(pool, &call), 0);
    reset_error = 0;
    outcome = VMM_CALL_BROKEN;
    assert_int_equal(vmm_pool_call(pool, &call), -EIO);
    outcome = VMM_CALL_DONE;
    wait_for_ready(pool, 2);
    assert_int_equal(stats_of(pool).resets, 50);
    /* A crash is no reason to replace one: a reset undoes it. */
    outcome = VMM_CALL_CRASHED;
    assert_int_equal(vmm_pool_call(pool, &call), -EIO);
    assert_int_equal(stats_of(pool).resets, 51);
    vmm_pool_destroy(pool);
    assert_int_equal(clones, 4);
}

static void test_bounded_under_load(void **state)
{
    bool reuse = *(bool *)*state;
    struct vmm_pool *pool = pool_of(2, 3, reuse);
    struct job jobs[8];
    for (int i = 0; i < 8; i++) {
        jobs[i] = (struct job){.pool = pool, .number = i, .times = 100};
        start(&jobs[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(jobs[i].thread, NULL);
        assert_int_equal(jobs[i].result, 0);
    }
    assert_int_equal(stats_of(pool).calls, 800);
    assert_int_equal(stats_of(pool).busy, 0);
    vmm_pool_destroy(pool);
    assert_true(alive_most <= 3);
}

static void test_first_come_first_served(void **state)
{
    bool reuse = *(bool *)*state;
    struct vmm_pool *pool = pool_of(1, 1, reuse);
    struct job jobs[8];
    gate_closed = true;
    for (int i = 0; i < 8; i++) {
        jobs[i] = (struct job){.pool = pool, .number = i, .times = 1};
        start(&jobs[i]);
        if (i == 0) /* it takes the VM that is ready */
            while (atomic_load(&at_gate) == 0)
                pause_us(100);
        wait_for_waits(pool, (uint64_t)i);
    }
    gate_closed = false;
    for (int i = 0; i < 8; i++)
        pthread_join(jobs[i].thread, NULL);
    vmm_pool_destroy(pool);
    for (int i = 0; i < 8; i++)
        assert_int_equal(order[i], i);
}

static void test_time_limit_counts_the_wait(void **state)
{
    (void)state;
    struct vmm_pool *pool = pool_of(1, 1, true);
    struct job slow = {.pool = pool, .times = 1};
    struct job late = {.pool = pool, .times = 1, .timeout_ns = 60000000000u};
    gate_closed = true;
    start(&slow);
    while (atomic_load(&at_gate) == 0)
        pause_us(100);
    struct vmm_call call = call_named(1, 20000000);
    assert_int_equal(vmm_pool_call(pool, &call), -ETIMEDOUT);
    assert_int_equal(call.outcome, VMM_CALL_TIMED_OUT);
    assert_true(strstr(call.error.text, "time limit") != NULL);
    assert_int_equal(call.timeout_ns, 20000000);
    start(&late);
    wait_for_waits(pool, 2);
    pause_us(10000);
    gate_closed = false;
    pthread_join(slow.thread, NULL);
    pthread_join(late.thread, NULL);
    assert_int_equal(late.result, 0);
    assert_true(atomic_load(&seen_timeout_ns) <= 60000000000u - 10000000u);
    assert_true(atomic_load(&seen_timeout_ns) > 0);
    vmm_pool_destroy(pool);
}

static void *open_gate(void *arg)
{
    (void)arg;
    pause_us(20000);
    gate_closed = false;
    return NULL;
}

static void test_destroy(void **state)
{
    (void)state;
    struct vmm_pool *pool = pool_of(1, 1, false);
    struct job running = {.pool = pool, .times = 1}, waiting = {.pool = pool, .times = 1};
    pthread_t opener;
    gate_closed = true;
    start(&running);
    while (atomic_load(&at_gate) == 0)
        pause_us(100);
    start(&waiting);
    wait_for_waits(pool, 1);
    pthread_create(&opener, NULL, open_gate, NULL);
    vmm_pool_destroy(pool);
    assert_false(gate_closed); /* it waited for the one that ran */
    pthread_join(opener, NULL);
    pthread_join(running.thread, NULL);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(running.result, 0);
    assert_int_equal(waiting.result, -ECANCELED);
    assert_int_equal(waiting.call.outcome, VMM_CALL_CANCELLED);
    vmm_pool_destroy(NULL);
}

static void test_no_clones(void **state)
{
    (void)state;
    struct vmm_pool *pool;
    struct vmm_error error = {0};
    clone_error = ENOMEM;
    assert_int_equal(vmm_pool_create(&the_snapshot, NULL, NULL, &pool, &error), -ENOMEM);
    assert_string_equal(error.text, "no clone");
    assert_null(pool);
    clone_error = 0;
    pool = pool_of(1, 1, false);
    struct job running = {.pool = pool, .times = 1}, waiting = {.pool = pool, .times = 1};
    gate_closed = true;
    start(&running);
    while (atomic_load(&at_gate) == 0)
        pause_us(100);
    start(&waiting);
    wait_for_waits(pool, 1);
    /* The one that waits gets a seat, and is told that no VM can be made. */
    clone_error = EMFILE;
    gate_closed = false;
    pthread_join(running.thread, NULL);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(waiting.result, -EMFILE);
    assert_int_equal(waiting.call.outcome, VMM_CALL_REFUSED);
    assert_string_equal(waiting.call.error.text, "no clone");
    /* And when clones can be made again, they are. */
    clone_error = 0;
    wait_for_ready(pool, 1);
    struct vmm_call call = call_named(0, 0);
    assert_int_equal(vmm_pool_call(pool, &call), 0);
    vmm_pool_destroy(pool);
}

static void test_options(void **state)
{
    (void)state;
    struct vmm_pool_options options = {.size = 4};
    struct vmm_pool *pool;
    assert_int_equal(vmm_pool_create(&the_snapshot, NULL, &options, &pool, NULL), -EINVAL);
    options = (struct vmm_pool_options){.size = sizeof(options), .most = 1u << 30};
    assert_int_equal(vmm_pool_create(&the_snapshot, NULL, &options, &pool, NULL), -EINVAL);
    pool = pool_of(0, 2, true); /* no more than 2, though 4 would be usual */
    wait_for_ready(pool, 2);
    struct vmm_call call = {.size = 8};
    assert_int_equal(vmm_pool_call(pool, &call), -EINVAL);
    vmm_pool_destroy(pool);
    pool = pool_of(3, 1, true);
    wait_for_ready(pool, 3);
    struct vmm_pool_stats stats = {.size = 4};
    assert_int_equal(vmm_pool_get_stats(pool, &stats), -EINVAL);
    vmm_pool_destroy(pool);
}

static void test_child(void **state)
{
    (void)state;
    struct vmm_pool *pool = pool_of(2, 2, true);
    struct vmm_call call = call_named(0, 0);
    wait_for_ready(pool, 2);
    pid_t child = fork();
    if (child == 0) {
        int result = vmm_pool_call(pool, &call);
        vmm_pool_destroy(pool); /* does not wait for threads that are not there */
        _exit(result == -EPERM && call.outcome == VMM_CALL_REFUSED && alive == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(vmm_pool_call(pool, &call), 0);
    vmm_pool_destroy(pool);
}

/* Everything fails now and then, from several threads. */
static void *meddle(void *arg)
{
    atomic_bool *end = arg;
    for (unsigned int i = 0; !atomic_load(end); i++) {
        atomic_store(&clone_error, i % 3 == 0 ? ENOMEM : 0);
        atomic_store(&reset_error, i % 5 == 0 ? EIO : 0);
        atomic_store(&outcome, i % 7 == 0 ? VMM_CALL_BROKEN : VMM_CALL_DONE);
        pause_us(200);
    }
    return NULL;
}

static void test_storm(void **state)
{
    bool reuse = *(bool *)*state;
    struct vmm_pool *pool = pool_of(2, 4, reuse);
    struct job jobs[8];
    atomic_bool end = false;
    pthread_t meddler;
    pthread_create(&meddler, NULL, meddle, &end);
    for (int i = 0; i < 8; i++) {
        jobs[i] = (struct job){.pool = pool, .number = i, .times = 300};
        jobs[i].timeout_ns = i % 2 ? 1000000 : 0;
        start(&jobs[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(jobs[i].thread, NULL);
    atomic_store(&end, true);
    pthread_join(meddler, NULL);
    vmm_pool_destroy(pool);
    assert_true(alive_most <= 4);
}

int main(void)
{
    static bool again = true, never = false;
#define CASE(test, state)                             \
    {                                                 \
#test, test, reset_fakes, nothing_lost, state \
    }
    const struct CMUnitTest tests[] = {
        CASE(test_fresh_each_time, NULL),
        CASE(test_reuse, NULL),
        CASE(test_bounded_under_load, &again),
        CASE(test_bounded_under_load, &never),
        CASE(test_first_come_first_served, &again),
        CASE(test_first_come_first_served, &never),
        CASE(test_time_limit_counts_the_wait, NULL),
        CASE(test_destroy, NULL),
        CASE(test_no_clones, NULL),
        CASE(test_options, NULL),
        CASE(test_child, NULL),
        CASE(test_storm, &again),
        CASE(test_storm, &never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
