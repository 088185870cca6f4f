/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/timer.c guest/sched/sched.c guest/sched/thread.c guest/sched/balance.c
 * guest/sched/wait_queue.c guest/sched/mutex.c guest/arch/spinlock.c guest/lib/rbtree.c
 * tests/unit/sched_host.c
 * tests/unit/sched_fakes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/mutex.h"
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

/* ---- threads and turns ---- */

static void yields_three_times(void *arg)
{
    for (int i = 0; i < 3; i++) {
        note(*(const char *)arg);
        sched_yield_current();
    }
}

static void threads_take_turns_and_end(void **state)
{
    (void)state;
    start(1);
    thread_start_kernel("a", yields_three_times, "a");
    thread_start_kernel("b", yields_three_times, "b");
    thread_start_kernel("c", yields_three_times, "c");
    host_run();
    assert_string_equal(trace, "abcabcabc");
    assert_int_equal(host_stacks_in_use, 0);
    assert_int_equal(sched_running_count(), 0);
}

static void works(void *arg)
{
    for (int i = 0; i < 4; i++) {
        host_pass(SLICE_NS / 2);
        note(*(const char *)arg);
        sched_user_return(); /* as on the way to user mode */
    }
}

static void a_lone_thread_is_not_interrupted(void **state)
{
    (void)state;
    start(1);
    thread_start_kernel("a", works, "a");
    host_run();
    assert_int_equal(host_arm_count, 0);
    assert_false(host_user_return_asked);
}

static void slices_end_when_others_wait(void **state)
{
    (void)state;
    start(1);
    thread_start_kernel("a", works, "a");
    thread_start_kernel("b", works, "b");
    host_run();
    assert_string_equal(trace, "aabbaabb");
    assert_true(host_user_return_asked);
}

static void cpu_time_is_accounted(void **state)
{
    uint64_t user, system, idle;

    (void)state;
    start(1);
    host_pass(5000);
    thread_start_kernel("a", works, "a");
    host_run();
    host_pass(7000);
    sched_cpu_times(0, &user, &system, &idle);
    assert_int_equal(user, 0);
    assert_int_equal(system, 2 * SLICE_NS);
    assert_int_equal(idle, 12000);
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
    assert_int_equal(wake_some(&queue, 0, 5), 2);
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

/* ---- mutexes ---- */

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
    start(1);
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
    start_waiting();
    mutex_init(&mutex);
    thread_start_kernel("h", holds_and_wakes, NULL);
    thread_start_kernel("w", waits_with_mutex, NULL);
    host_run();
    assert_string_equal(trace, "w");
}

/* ---- stopping ---- */

static bool stopped;

static void stops(void *arg)
{
    (void)arg;
    note('s');
    while (stopped)
        thread_stop_self();
    note('c');
}

static void stop_and_continue(void **state)
{
    struct thread *thread;

    (void)state;
    start(1);
    stopped = true;
    thread = thread_start_kernel("s", stops, NULL);
    host_run();
    thread_wake(thread); /* not a reason to go on */
    thread_notify_signal(thread);
    host_run();
    assert_string_equal(trace, "s");
    stopped = false;
    thread_continue(thread);
    host_run();
    assert_string_equal(trace, "sc");
}

/* ---- several CPUs ---- */

static void notes_its_cpu(void *arg)
{
    (void)arg;
    note((char)('0' + this_cpu()->cpu));
}

static void new_threads_go_to_idle_cpus(void **state)
{
    (void)state;
    start(3);
    host_use_cpu(0);
    for (int i = 0; i < 3; i++)
        thread_start_kernel("t", notes_its_cpu, NULL);
    assert_int_equal(percpu_of[0]->runqueue->queued, 1);
    assert_int_equal(percpu_of[1]->runqueue->queued, 1);
    assert_int_equal(percpu_of[2]->runqueue->queued, 1);
    assert_true(host_ipi_count[1] > 0 && host_ipi_count[2] > 0);
    for (unsigned int cpu = 0; cpu < 3; cpu++) {
        host_use_cpu(cpu);
        host_run();
    }
    assert_string_equal(trace, "012");
    host_use_cpu(0);
}

static void idle_cpus_take_waiting_threads(void **state)
{
    struct thread *a, *b;

    (void)state;
    start(2);
    host_use_cpu(0);
    atomic_store(&cpus_online, 1);
    a = thread_start_kernel("a", notes_its_cpu, NULL);
    b = thread_start_kernel("b", notes_its_cpu, NULL);
    atomic_store(&cpus_online, 2);
    a->affinity = b->affinity = 1; /* both want to stay */
    host_use_cpu(1);
    assert_false(balance_steal());
    b->affinity = 3;
    assert_true(balance_steal());
    host_run();
    host_use_cpu(0);
    host_run();
    assert_string_equal(trace, "10");
}

static void moves_itself(void *arg)
{
    (void)arg;
    note((char)('0' + this_cpu()->cpu));
    assert_int_equal(thread_set_affinity(current_thread(), 2), 0);
    note((char)('0' + this_cpu()->cpu));
}

static void affinity_moves_the_running_thread(void **state)
{
    (void)state;
    start(2);
    host_use_cpu(0);
    atomic_store(&cpus_online, 1);
    thread_start_kernel("m", moves_itself, NULL);
    atomic_store(&cpus_online, 2);
    host_run();
    assert_string_equal(trace, "0");
    assert_int_equal(percpu_of[1]->runqueue->queued, 1);
    host_use_cpu(1);
    host_run();
    assert_string_equal(trace, "01");
    host_use_cpu(0);
    assert_int_equal(thread_set_affinity(current_thread(), 8), -EINVAL);
    assert_int_equal(host_stacks_in_use, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_take_turns_and_end),
        cmocka_unit_test(a_lone_thread_is_not_interrupted),
        cmocka_unit_test(slices_end_when_others_wait),
        cmocka_unit_test(cpu_time_is_accounted),
        cmocka_unit_test(wake_ends_a_wait),
        cmocka_unit_test(a_wait_times_out),
        cmocka_unit_test(a_signal_ends_a_wait),
        cmocka_unit_test(a_signal_does_not_end_a_hard_wait),
        cmocka_unit_test(a_wake_before_the_sleep_is_not_lost),
        cmocka_unit_test(exclusive_waiters_wake_one_at_a_time),
        cmocka_unit_test(callbacks_are_called_for_their_keys),
        cmocka_unit_test(one_thread_waits_on_two_queues),
        cmocka_unit_test(a_mutex_is_fair_and_exclusive),
        cmocka_unit_test(a_contended_mutex_in_a_condition_loses_no_wake),
        cmocka_unit_test(stop_and_continue),
        cmocka_unit_test(new_threads_go_to_idle_cpus),
        cmocka_unit_test(idle_cpus_take_waiting_threads),
        cmocka_unit_test(affinity_moves_the_running_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
