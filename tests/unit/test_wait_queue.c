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

#include "lib/errno.h"
#include "sched_host.h"

static char trace[256];

static void note(char c)
{
    size_t length = strlen(trace);

    if (length + 1 < sizeof(trace)) {
        trace[length] = c;
        trace[length + 1] = 0;
    }
}

static void start(unsigned int cpus)
{
    host_start(cpus);
    trace[0] = 0;
}

/* ---- waiting ---- */

static struct wait_queue queue;
static bool condition;
static int result;

static void waits(void *arg)
{
    struct wait_entry entry;
    int error = 0;

    wait_begin(&queue, &entry);
    while (!condition && (error = wait_sleep(arg ? *(uint64_t *)arg : WAIT_FOREVER)) == 0)
        wait_again(&queue, &entry);
    wait_end(&queue, &entry);
    result = error;
    note('w');
}

static void start_waiting(void)
{
    start(1);
    wait_queue_init(&queue);
    condition = false;
    result = 1;
}

static void wake_ends_a_wait(void **state)
{
    (void)state;
    start_waiting();
    thread_start_kernel("w", waits, NULL);
    host_run();
    assert_false(wait_queue_empty(&queue));
    wake_all(&queue, 0); /* without reason: waits on */
    host_run();
    assert_int_equal(result, 1);
    condition = true;
    wake_all(&queue, 0);
    host_run();
    assert_int_equal(result, 0);
    assert_true(wait_queue_empty(&queue));
}

static void a_wait_times_out(void **state)
{
    uint64_t deadline;

    (void)state;
    start_waiting();
    deadline = host_now_ns + 1000;
    thread_start_kernel("w", waits, &deadline);
    host_run();
    host_pass(999);
    host_run();
    assert_int_equal(result, 1);
    host_pass(1);
    host_run();
    assert_int_equal(result, -ETIMEDOUT);
    assert_true(wait_queue_empty(&queue));
    deadline = host_now_ns; /* one that is over already */
    thread_start_kernel("w", waits, &deadline);
    host_run();
    assert_int_equal(result, -ETIMEDOUT);
}

static void a_signal_ends_a_wait(void **state)
{
    struct thread *thread;

    (void)state;
    start_waiting();
    thread = thread_start_kernel("w", waits, NULL);
    host_run();
    thread_notify_signal(thread);
    host_run();
    assert_int_equal(result, -ERESTARTSYS);
}

static void waits_hard(void *arg)
{
    uint64_t deadline = host_now_ns + 500;

    (void)arg;
    wait_prepare();
    result = wait_sleep_uninterruptible(deadline);
}

static void a_signal_does_not_end_a_hard_wait(void **state)
{
    struct thread *thread;

    (void)state;
    start_waiting();
    thread = thread_start_kernel("w", waits_hard, NULL);
    host_run();
    thread_notify_signal(thread);
    host_run();
    assert_int_equal(result, 1);
    host_pass(500);
    host_run();
    assert_int_equal(result, -ETIMEDOUT);
}

/* The wake comes after the condition was seen false and before the sleep. */
static void races_with_a_waker(void *arg)
{
    struct wait_entry entry;

    (void)arg;
    wait_begin(&queue, &entry);
    assert_false(condition);
    condition = true;
    wake_all(&queue, 0);
    result = wait_sleep(WAIT_FOREVER);
    wait_end(&queue, &entry);
}

static void a_wake_before_the_sleep_is_not_lost(void **state)
{
    (void)state;
    start_waiting();
    thread_start_kernel("r", races_with_a_waker, NULL);
    host_run();
    assert_int_equal(result, 0);
}

static void waits_exclusively(void *arg)
{
    struct wait_entry entry;

    wait_begin_exclusive(&queue, &entry);
    wait_sleep(WAIT_FOREVER);
    wait_end(&queue, &entry);
    note(*(const char *)arg);
}

static void exclusive_waiters_wake_one_at_a_time(void **state)
{
    (void)state;
    start_waiting();
    thread_start_kernel("1", waits_exclusively, "1");
    thread_start_kernel("2", waits_exclusively, "2");
    thread_start_kernel("3", waits_exclusively, "3");
    host_run();
    wake_one(&queue, 0);
    host_run();
    assert_string_equal(trace, "1");
    wake_all(&queue, 0);
    host_run();
    assert_string_equal(trace, "123");
}

static unsigned int callback_count;

static bool count_callback(struct wait_entry *entry, uint32_t key)
{
    (void)entry;
    (void)key;
    callback_count++;
    return true;
}

static bool refuse_callback(struct wait_entry *entry, uint32_t key)
{
    (void)count_callback(entry, key);
    return false;
}

static void the_next_is_woken_and_nobody_else(void **state)
{
    struct wait_entry watcher = {.callback = count_callback};
    struct wait_entry busy = {.callback = refuse_callback, .exclusive = true};

    (void)state;
    start_waiting();
    callback_count = 0;
    wait_add(&queue, &watcher);
    wait_add(&queue, &busy); /* in front of those who sleep, and does not want it */
    thread_start_kernel("1", waits_exclusively, "1");
    thread_start_kernel("2", waits_exclusively, "2");
    host_run();
    wake_next(&queue, 0);
    host_run();
    assert_string_equal(trace, "1");
    assert_int_equal(callback_count, 1); /* busy */
    wake_one(&queue, 0);
    host_run();
    assert_string_equal(trace, "12");
    assert_int_equal(callback_count, 3);
    wait_remove(&watcher);
    wait_remove(&busy);
}

static void callbacks_are_called_for_their_keys(void **state)
{
    struct wait_entry entry = {.callback = count_callback, .key_mask = 4};

    (void)state;
    start_waiting();
    callback_count = 0;
    wait_add(&queue, &entry);
    wake_all(&queue, 2);
    assert_int_equal(callback_count, 0);
    wake_all(&queue, 6);
    wake_all(&queue, 0);
    assert_int_equal(callback_count, 2);
    wait_remove(&entry);
    wait_remove(&entry);
    wake_all(&queue, 4);
    assert_int_equal(callback_count, 2);
}

static struct wait_queue other_queue;

static void polls_two_queues(void *arg)
{
    struct wait_entry a = {.thread = current_thread()}, b = {.thread = current_thread()};

    (void)arg;
    wait_prepare();
    wait_add(&queue, &a);
    wait_add(&other_queue, &b);
    while (!condition && wait_sleep(WAIT_FOREVER) == 0)
        ;
    wait_remove(&a);
    wait_remove(&b);
    note('p');
}

static void one_thread_waits_on_two_queues(void **state)
{
    (void)state;
    start_waiting();
    wait_queue_init(&other_queue);
    thread_start_kernel("p", polls_two_queues, NULL);
    host_run();
    wake_all(&queue, 0);
    host_run();
    assert_string_equal(trace, "");
    condition = true;
    wake_all(&other_queue, 0);
    host_run();
    assert_string_equal(trace, "p");
}

/* ---- the wall clock ---- */

static uint64_t wall_deadline_ns;

static void sleeps_by_the_wall_clock(void *arg)
{
    int error;

    (void)arg;
    wait_prepare();
    while ((error = wait_sleep(WAIT_WALL | wall_deadline_ns)) == 0)
        ;
    note(error == -ETIMEDOUT ? 't' : 'e');
}

static void setting_the_clock_moves_sleeps(void **state)
{
    (void)state;
    start(1);
    host_wall_base_ns = 1000000000;
    wall_deadline_ns = host_wall_base_ns + host_now_ns + 50000000;
    thread_start_kernel("s", sleeps_by_the_wall_clock, NULL);
    host_run();
    host_wall_base_ns -= 100000000; /* back: now it is 150 ms away */
    wait_clock_was_set();
    host_pass(60000000);
    host_run();
    assert_string_equal(trace, "");
    host_wall_base_ns += 80000000;
    wait_clock_was_set();
    host_run();
    assert_string_equal(trace, "");
    host_wall_base_ns += 40000000; /* forward, past it */
    wait_clock_was_set();
    host_run();
    assert_string_equal(trace, "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wake_ends_a_wait),
        cmocka_unit_test(a_wait_times_out),
        cmocka_unit_test(a_signal_ends_a_wait),
        cmocka_unit_test(a_signal_does_not_end_a_hard_wait),
        cmocka_unit_test(a_wake_before_the_sleep_is_not_lost),
        cmocka_unit_test(exclusive_waiters_wake_one_at_a_time),
        cmocka_unit_test(the_next_is_woken_and_nobody_else),
        cmocka_unit_test(callbacks_are_called_for_their_keys),
        cmocka_unit_test(one_thread_waits_on_two_queues),
        cmocka_unit_test(setting_the_clock_moves_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
