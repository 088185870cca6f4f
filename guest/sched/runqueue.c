/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run queues: finding and locking the one that guards a thread, taking threads on and
 * off, and the account of a CPU's time.  Who runs next is sched.c's matter.
 */
#include "arch/apic.h"
#include "arch/clock.h"
#include "arch/trap.h"
#include "sched/internal.h"

struct runqueue *runqueue_send(struct runqueue *rq, struct thread *thread, unsigned int cpu)
{
    struct runqueue *other = percpu_of[cpu]->runqueue;

    atomic_store(&thread->cpu, cpu);
    spin_unlock(&rq->lock);
    spin_lock(&other->lock);
    return other;
}

void sched_account(struct runqueue *rq, uint64_t now_ns)
{
    struct thread *thread = rq->current;
    uint64_t spent = now_ns - thread->run_start_ns;

    if ((int64_t)spent <= 0)
        return; /* another CPU's clock, a moment behind */
    thread->run_start_ns = now_ns;
    if (thread == rq->idle) {
        rq->idle_ns += spent;
    } else if (thread_is_user(thread) && !thread->in_system) {
        thread->user_ns += spent;
        rq->busy_user_ns += spent;
    } else {
        thread->system_ns += spent;
        rq->busy_system_ns += spent;
    }
}

void runqueue_demand_attention(struct runqueue *rq)
{
    struct percpu *cpu = this_cpu();

    if (rq->cpu != cpu->cpu) {
        apic_send_ipi(rq->cpu, TRAP_VECTOR_WAKE);
        return;
    }
    if (rq->current == rq->idle)
        return; /* its loop looks before it halts */
    uint64_t slice_end = rq->current->slice_end_ns;
    if (cpu->timers->hardware_ns <= slice_end)
        return;
    if (clock_ns() >= slice_end) {
        atomic_store_explicit(&rq->need_resched, true, memory_order_relaxed);
        trap_request_user_return();
    } else {
        timer_hardware_request(slice_end);
    }
}
