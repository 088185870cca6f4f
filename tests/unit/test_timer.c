/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/sched/timer.c guest/sched/sched.c guest/sched/runqueue.c guest/sched/thread.c
 * guest/sched/balance.c guest/sched/wait_queue.c guest/arch/spinlock.c guest/lib/rbtree.c
 * tests/unit/sched_host.c tests/unit/sched_fakes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sched/timer.h"
#include "sched_host.h"

struct probe {
    struct timer timer;
    int fired;
    uint64_t fired_at;
    int order;
    uint64_t rearm_ns; /* after firing, so much later again */
    struct timer *cancels;
};
static int fire_order;

static void fire(struct timer *timer)
{
    struct probe *p = CONTAINER_OF(timer, struct probe, timer);

    p->fired++;
    p->fired_at = host_now_ns;
    p->order = ++fire_order;
    if (p->rearm_ns)
        timer_arm(timer, host_now_ns + p->rearm_ns);
    if (p->cancels)
        timer_cancel(p->cancels);
}

static void probe_init(struct probe *p)
{
    *p = (struct probe){0};
    timer_init(&p->timer, fire);
}

static void fires_at_its_time_and_once(void **state)
{
    struct probe p;

    (void)state;
    host_start(1);
    probe_init(&p);
    timer_arm(&p.timer, host_now_ns + 500);
    host_pass(499);
    assert_int_equal(p.fired, 0);
    host_pass(1);
    assert_int_equal(p.fired, 1);
    host_pass(1000000);
    assert_int_equal(p.fired, 1);
    assert_false(p.timer.armed);
}

static void fires_in_order_of_deadlines(void **state)
{
    struct probe p[16];

    (void)state;
    host_start(1);
    fire_order = 0;
    for (int i = 0; i < 16; i++) {
        probe_init(&p[i]);
        timer_arm(&p[i].timer, host_now_ns + (uint64_t)((i * 7) % 16) * 100 + 100);
    }
    host_pass(10000);
    for (int i = 0; i < 16; i++)
        assert_int_equal(p[i].order, (i * 7) % 16 + 1);
}

static void hardware_moves_only_to_earlier_times(void **state)
{
    struct probe a, b, c;

    (void)state;
    host_start(1);
    probe_init(&a);
    probe_init(&b);
    probe_init(&c);
    timer_arm(&a.timer, host_now_ns + 1000);
    assert_int_equal(host_arm_count, 1);
    timer_arm(&b.timer, host_now_ns + 2000);
    assert_int_equal(host_arm_count, 1);
    timer_arm(&c.timer, host_now_ns + 500);
    assert_int_equal(host_arm_count, 2);
    assert_true(timer_cancel(&c.timer));
    assert_int_equal(host_arm_count, 2); /* never disarmed */
    host_pass(3000);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 1);
    assert_int_equal(c.fired, 0);
    assert_int_equal(host_armed_ns, NO_DEADLINE);
}

static void cancel_and_rearm(void **state)
{
    struct probe p;

    (void)state;
    host_start(1);
    probe_init(&p);
    assert_false(timer_cancel(&p.timer));
    timer_arm(&p.timer, host_now_ns + 100);
    timer_arm(&p.timer, host_now_ns + 5000);
    host_pass(1000);
    assert_int_equal(p.fired, 0);
    assert_true(timer_cancel(&p.timer));
    assert_false(timer_cancel(&p.timer));
    host_pass(10000);
    assert_int_equal(p.fired, 0);
}

static void callback_may_rearm_and_cancel(void **state)
{
    struct probe p, q;

    (void)state;
    host_start(1);
    probe_init(&p);
    probe_init(&q);
    p.rearm_ns = 100;
    timer_arm(&p.timer, host_now_ns + 100);
    host_pass(1000);
    assert_int_equal(p.fired, 10);
    p.rearm_ns = 0;
    p.cancels = &q.timer;
    timer_arm(&q.timer, host_now_ns + 100);
    timer_arm(&p.timer, host_now_ns + 50);
    host_pass(1000);
    assert_int_equal(q.fired, 0);
    p.cancels = &p.timer; /* itself: does not wait for itself */
    timer_arm(&p.timer, host_now_ns + 50);
    host_pass(1000);
}

static void past_deadlines_fire_at_once(void **state)
{
    struct probe p;

    (void)state;
    host_start(1);
    probe_init(&p);
    timer_arm(&p.timer, 5);
    host_pass(0);
    assert_int_equal(p.fired, 1);
}

static void moves_between_cpus(void **state)
{
    struct probe p;

    (void)state;
    host_start(2);
    host_use_cpu(0);
    probe_init(&p);
    timer_arm(&p.timer, host_now_ns + 100);
    host_use_cpu(1);
    timer_arm(&p.timer, host_now_ns + 200);
    assert_null(percpu_of[0]->timers->first);
    assert_ptr_equal(percpu_of[1]->timers->first, &p.timer);
    host_use_cpu(0);
    assert_true(timer_cancel(&p.timer));
    assert_null(percpu_of[1]->timers->first);
}

static void random_operations_keep_order(void **state)
{
    struct probe p[64];

    (void)state;
    host_start(1);
    srand(1);
    for (int i = 0; i < 64; i++)
        probe_init(&p[i]);
    for (int round = 0; round < 20000; round++) {
        struct probe *one = &p[rand() % 64];
        if (rand() % 3)
            timer_arm(&one->timer, host_now_ns + (uint64_t)(rand() % 1000));
        else
            timer_cancel(&one->timer);
        host_pass((uint64_t)(rand() % 20));
        for (int i = 0; i < 64; i++)
            assert_true(!p[i].timer.armed || p[i].timer.deadline_ns > host_now_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_at_its_time_and_once),
        cmocka_unit_test(fires_in_order_of_deadlines),
        cmocka_unit_test(hardware_moves_only_to_earlier_times),
        cmocka_unit_test(cancel_and_rearm),
        cmocka_unit_test(callback_may_rearm_and_cancel),
        cmocka_unit_test(past_deadlines_fire_at_once),
        cmocka_unit_test(moves_between_cpus),
        cmocka_unit_test(random_operations_keep_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
