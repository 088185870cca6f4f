/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which CPU a thread runs on: chosen when it becomes runnable, corrected when a
 * CPU runs out of work.  Reads other CPUs' load as a hint, without their locks.
 */
#include "lib/errno.h"
#include "sched/internal.h"

static unsigned int load_of(unsigned int cpu)
{
    return atomic_load_explicit(&percpu_of[cpu]->runqueue->load, memory_order_relaxed);
}

static uint64_t online_mask(void)
{
    return atomic_load_explicit(&cpus_online_mask, memory_order_relaxed);
}

static bool may_run_on(const struct thread *thread, unsigned int cpu)
{
    return (online_mask() & thread->affinity) >> cpu & 1;
}

unsigned int balance_choose_cpu(const struct thread *thread)
{
    unsigned int last = atomic_load_explicit(&thread->cpu, memory_order_relaxed);
    unsigned int best = NO_CPU, best_load = UINT32_MAX;
    uint64_t allowed = online_mask() & thread->affinity;

    /* Its caches are there. */
    if (may_run_on(thread, last)) {
        best = last;
        best_load = load_of(last);
    }
    for (uint64_t left = allowed; left && best_load > 0; left &= left - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctzl(left);
        if (load_of(cpu) < best_load) {
            best = cpu;
            best_load = load_of(cpu);
        }
    }
    /* One thread more or less is no reason to move away from warm caches. */
    if (may_run_on(thread, last) && best_load > 0 && load_of(last) <= best_load + 1)
        return last;
    return best == NO_CPU ? last : best;
}

/* A waiting thread of rq that may run here, taken off its queue; rq locked. */
static struct thread *take_one(struct runqueue *rq, unsigned int cpu)
{
    LIST_FOR_EACH(link, &rq->queue)
    {
        struct thread *thread = LIST_ENTRY(link, struct thread, run_link);
        if (may_run_on(thread, cpu)) {
            runqueue_dequeue(rq, thread);
            return thread;
        }
    }
    return NULL;
}

bool balance_steal(void)
{
    struct percpu *here = this_cpu();
    uint64_t others = online_mask() & ~(1ul << here->cpu);

    for (; others; others &= others - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctzl(others);
        struct runqueue *rq = percpu_of[cpu]->runqueue;
        /* A queue whose CPU idles is about to be served. */
        if (load_of(cpu) < 2 || !spin_trylock(&rq->lock))
            continue;
        struct thread *thread = take_one(rq, here->cpu);
        if (thread) {
            rq = runqueue_send(rq, thread, here->cpu);
            runqueue_enqueue(rq, thread);
        }
        spin_unlock(&rq->lock);
        if (thread)
            return true;
    }
    return false;
}

int thread_set_affinity(struct thread *thread, uint64_t cpus)
{
    if (!(cpus & online_mask()))
        return -EINVAL;
    struct runqueue *rq = runqueue_lock_of(thread);
    thread->affinity = cpus;
    bool misplaced = !(cpus >> rq->cpu & 1);
    if (misplaced && thread->on_queue) {
        runqueue_dequeue(rq, thread);
        spin_unlock(&rq->lock);
        balance_place(thread);
        return 0;
    }
    if (misplaced && thread->on_cpu)
        sched_demand_switch(rq);
    spin_unlock(&rq->lock);
    if (misplaced && thread == current_thread())
        schedule();
    return 0;
}

unsigned int sched_running_count(void)
{
    unsigned int count = 0;

    for (uint64_t left = online_mask(); left; left &= left - 1)
        count += load_of((unsigned int)__builtin_ctzl(left));
    return count;
}
