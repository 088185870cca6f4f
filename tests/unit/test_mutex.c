/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/timer.c guest/sched/sched.c guest/sched/runqueue.c guest/sched/thread.c
 * guest/sched/balance.c guest/sched/wait_queue.c guest/sched/mutex.c guest/arch/spinlock.c
 * guest/lib/rbtree.c tests/unit/sched_host.c tests/unit/sched_fakes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mutex.h"
#include "sched_host.h"

static char trace[16];

static void note(char c)
{
    size_t length = strlen(trace);

    if (length + 1 < sizeof(trace)) {
        trace[length] = c;
        trace[length + 1] = 0;
    }
}

static void start(void)
{
    host_start(1);
    trace[0] = 0;
}

static struct wait_queue queue;
static bool condition;
static struct mutex mutex;

static void locks(void *arg)
{
    mutex_lock(&mutex);
    note(*(const char *)arg);
    sched_yield_current();
    note(*(const char *)arg);
    mutex_unlock(&mutex);
}

static void a_mutex_is_fair_and_exclusive(void **state)
{
    (void)state;
    start();
    mutex_init(&mutex);
    thread_start_kernel("a", locks, "a");
    thread_start_kernel("b", locks, "b");
    thread_start_kernel("c", locks, "c");
    host_run();
    assert_string_equal(trace, "aabbcc");
    assert_true(mutex_trylock(&mutex));
    assert_true(mutex_is_mine(&mutex));
    assert_false(mutex_trylock(&mutex));
    mutex_unlock(&mutex);
}

static void holds_and_wakes(void *arg)
{
    (void)arg;
    mutex_lock(&mutex);
    sched_yield_current(); /* the waiter now waits for the mutex, in its condition */
    condition = true;
    wake_all(&queue, 0);
    mutex_unlock(&mutex);
}

static bool check_under_mutex(void)
{
    bool was = condition; /* looked at before the lock: as if it were read too early */

    mutex_lock(&mutex);
    mutex_unlock(&mutex);
    return was;
}

static void waits_with_mutex(void *arg)
{
    struct wait_entry entry;

    (void)arg;
    wait_begin(&queue, &entry);
    while (!check_under_mutex() && wait_sleep(WAIT_FOREVER) == 0)
        wait_again(&queue, &entry);
    wait_end(&queue, &entry);
    note('w');
}

static void a_contended_mutex_in_a_condition_loses_no_wake(void **state)
{
    (void)state;
    start();
    wait_queue_init(&queue);
    condition = false;
    mutex_init(&mutex);
    thread_start_kernel("h", holds_and_wakes, NULL);
    thread_start_kernel("w", waits_with_mutex, NULL);
    host_run();
    assert_string_equal(trace, "w");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mutex_is_fair_and_exclusive),
        cmocka_unit_test(a_contended_mutex_in_a_condition_loses_no_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
