/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer queues: one per CPU, a red-black tree by deadline with the first one
 * cached.  Owns when the hardware timer is armed.  Knows nothing of threads
 * except that a time slice may end in the same interrupt.
 */
#include "sched/timer.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "sched/internal.h"

void timer_queue_init(struct timer_queue *queue)
{
    spin_init(&queue->lock, LOCK_RANK_TIMER);
    queue->hardware_ns = NO_DEADLINE;
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    timer->fire = fire;
    timer->deadline_ns = 0;
    atomic_init(&timer->cpu, 0);
    atomic_init(&timer->armed, false);
    timer->roams = false;
}

void timer_hardware_request(uint64_t deadline_ns)
{
    struct timer_queue *queue = this_cpu()->timers;

    /* An earlier interrupt will look again: moving it would only cost an exit. */
    if (deadline_ns >= queue->hardware_ns)
        return;
    queue->hardware_ns = deadline_ns;
    clock_arm(deadline_ns);
}

static void insert(struct timer_queue *queue, struct timer *timer)
{
    struct rb_node **link = &queue->tree.root, *parent = NULL;
    bool leftmost = true;

    while (*link) {
        parent = *link;
        if (timer->deadline_ns < RB_ENTRY(parent, struct timer, node)->deadline_ns) {
            link = &parent->left;
        } else {
            link = &parent->right;
            leftmost = false;
        }
    }
    rb_insert(&queue->tree, &timer->node, parent, link);
    if (leftmost)
        queue->first = timer;
}

static void erase(struct timer_queue *queue, struct timer *timer)
{
    if (queue->first == timer) {
        struct rb_node *next = rb_next(&timer->node);
        queue->first = next ? RB_ENTRY(next, struct timer, node) : NULL;
    }
    rb_erase(&queue->tree, &timer->node);
    atomic_store_explicit(&timer->armed, false, memory_order_relaxed);
}

/* The queue that the timer is or was last on, locked. */
static struct timer_queue *lock_queue_of(struct timer *timer)
{
    for (;;) {
        unsigned int cpu = atomic_load(&timer->cpu);
        struct timer_queue *queue = percpu_of[cpu]->timers;
        spin_lock(&queue->lock);
        if (LIKELY(cpu == atomic_load(&timer->cpu)))
            return queue;
        spin_unlock(&queue->lock);
    }
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    struct percpu *cpu = this_cpu();
    struct timer_queue *queue = lock_queue_of(timer);

    if (atomic_load_explicit(&timer->armed, memory_order_relaxed))
        erase(queue, timer);
    if (queue != cpu->timers) {
        if (atomic_load(&queue->running) == timer)
            timer->roams = true; /* its function still runs there: see timer_cancel() */
        /* Under the old lock: whoever holds it and has looked at cpu may rely on it. */
        atomic_store(&timer->cpu, cpu->cpu);
        spin_unlock(&queue->lock);
        queue = cpu->timers;
        spin_lock(&queue->lock);
    }
    timer->deadline_ns = deadline_ns;
    insert(queue, timer);
    atomic_store_explicit(&timer->armed, true, memory_order_relaxed);
    if (queue->first == timer)
        timer_hardware_request(deadline_ns);
    spin_unlock(&queue->lock);
}

bool timer_try_cancel(struct timer *timer)
{
    struct timer_queue *queue = lock_queue_of(timer);
    bool was_armed = atomic_load_explicit(&timer->armed, memory_order_relaxed);

    if (was_armed)
        erase(queue, timer);
    spin_unlock(&queue->lock);
    return was_armed;
}

/* Does its function run on another CPU?  The queue it is on now is locked. */
static bool runs_elsewhere(const struct timer *timer, struct timer_queue *queue)
{
    const struct timer_queue *own = this_cpu()->timers;

    if (LIKELY(!timer->roams))
        return atomic_load(&queue->running) == timer && queue != own;
    for (unsigned int i = 0; i < GUEST_CPUS_MAX && percpu_of[i]; i++) {
        queue = percpu_of[i]->timers;
        if (queue && queue != own && atomic_load(&queue->running) == timer)
            return true;
    }
    return false;
}

bool timer_cancel(struct timer *timer)
{
    bool was_armed = false;

    for (;;) {
        struct timer_queue *queue = lock_queue_of(timer);
        if (atomic_load_explicit(&timer->armed, memory_order_relaxed)) {
            erase(queue, timer);
            was_armed = true;
        }
        bool running = runs_elsewhere(timer, queue);
        spin_unlock(&queue->lock);
        if (!running)
            return was_armed;
        spin_poll(); /* it may re-arm itself: look again then */
    }
}

void timer_interrupt(void)
{
    struct timer_queue *queue = this_cpu()->timers;
    uint64_t now = clock_ns();

    queue->hardware_ns = NO_DEADLINE;
    spin_lock(&queue->lock);
    while (queue->first && queue->first->deadline_ns <= now) {
        struct timer *timer = queue->first;
        erase(queue, timer);
        atomic_store(&queue->running, timer);
        spin_unlock(&queue->lock);
        timer->fire(timer); /* may free it: not touched afterwards */
        spin_lock(&queue->lock);
        atomic_store(&queue->running, NULL);
    }
    if (queue->first)
        timer_hardware_request(queue->first->deadline_ns);
    spin_unlock(&queue->lock);
    sched_slice_check();
}
