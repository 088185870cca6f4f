/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/timer.c guest/sched/sched.c guest/sched/runqueue.c guest/sched/thread.c
 * guest/sched/balance.c guest/sched/wait_queue.c guest/arch/spinlock.c guest/lib/rbtree.c
 * tests/unit/sched_host.c
 * tests/unit/sched_fakes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "sched_fakes.h"
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
    host_set_online(1);
    a = thread_start_kernel("a", notes_its_cpu, NULL);
    b = thread_start_kernel("b", notes_its_cpu, NULL);
    host_set_online(2);
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
    host_set_online(1);
    thread_start_kernel("m", moves_itself, NULL);
    host_set_online(2);
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
        cmocka_unit_test(stop_and_continue),
        cmocka_unit_test(new_threads_go_to_idle_cpus),
        cmocka_unit_test(idle_cpus_take_waiting_threads),
        cmocka_unit_test(affinity_moves_the_running_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
