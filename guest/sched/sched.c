/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch: run queues, who runs next, sleeping and waking, time slices.
 * Owns every change of thread->state.  LOCKS.md explains why the run queue lock
 * is held across context_switch().
 */
#include "arch/apic.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "lib/panic.h"
#include "mm/vma.h"
#include "sched/internal.h"

static void leave_registers(struct runqueue *rq, struct thread *prev)
{
    rq->user_fs_base = prev->fs_base = user_fs_base_get();
    rq->user_gs_base = prev->gs_base = user_gs_base_get();
    if (atomic_load_explicit(&prev->state, memory_order_relaxed) == THREAD_DEAD) {
        this_cpu()->fpu_owner = NULL;
        return;
    }
    fpu_save(prev->fpu);
    prev->fpu_cpu = rq->cpu;
    this_cpu()->fpu_owner = prev;
}

static void enter_registers(struct runqueue *rq, struct thread *next)
{
    struct percpu *cpu = this_cpu();

    if (next->fs_base != rq->user_fs_base)
        user_fs_base_set(rq->user_fs_base = next->fs_base);
    if (next->gs_base != rq->user_gs_base)
        user_gs_base_set(rq->user_gs_base = next->gs_base);
    /* After a pause in the idle thread the registers are still ours. */
    if (cpu->fpu_owner != next || next->fpu_cpu != rq->cpu) {
        fpu_restore(next->fpu);
        cpu->fpu_owner = next;
    }
    /* One that is dying has given its own back: it must not hold somebody else's. */
    if (next->mm != cpu->active_mm)
        mm_activate(next->mm);
    cpu_set_kernel_stack((uint64_t)next->stack_top);
}

/* rq is this CPU's and locked; the next thread unlocks it. */
static void switch_to(struct runqueue *rq, struct thread *next)
{
    struct percpu *cpu = this_cpu();
    struct thread *prev = rq->current;
    uint64_t now = clock_ns();

    sched_account(rq, now);
    next->run_start_ns = now;
    next->slice_end_ns = now + SLICE_NS;
    next->on_cpu = true;
    rq->previous = prev;
    rq->current = next;
    cpu->current = next;
    cpu->context_switches++;
    atomic_store_explicit(&rq->need_resched, false, memory_order_relaxed);
    runqueue_update_load(rq);
    if (thread_is_user(prev))
        leave_registers(rq, prev);
    if (thread_is_user(next))
        enter_registers(rq, next);
    else if (next != rq->idle)
        mm_activate(NULL); /* the idle thread alone lets a shootdown take it away */
    context_switch(&prev->context, &next->context);
    finish_switch();
}

void finish_switch(void)
{
    struct percpu *cpu = this_cpu();
    struct runqueue *rq = cpu->runqueue;
    struct thread *prev = rq->previous, *current = rq->current;
    enum thread_state state = atomic_load_explicit(&prev->state, memory_order_relaxed);
    bool misplaced = state == THREAD_RUNNABLE && !prev->on_queue && prev != rq->idle;

    prev->on_cpu = false;
    rq->previous = NULL;
    if (rq->queued && current != rq->idle)
        timer_hardware_request(current->slice_end_ns);
    spin_unlock(&rq->lock);
    if (misplaced)
        balance_place(prev); /* its affinity excludes this CPU */
    if (state == THREAD_DEAD)
        thread_put(prev);
    if (atomic_load(&current->signal_pending) || current->return_hook)
        trap_request_user_return();
}

/* rq locked: releases it, possibly after running others. */
static void reschedule(struct runqueue *rq)
{
    struct thread *prev = rq->current;
    bool stays = atomic_load_explicit(&prev->state, memory_order_relaxed) == THREAD_RUNNABLE;
    bool allowed = prev == rq->idle || (prev->affinity >> rq->cpu & 1);

    if (stays && allowed && rq->queued == 0) {
        atomic_store_explicit(&rq->need_resched, false, memory_order_relaxed);
        spin_unlock(&rq->lock);
        return;
    }
    struct thread *next = rq->idle;
    if (rq->queued) {
        next = LIST_FIRST(&rq->queue, struct thread, run_link);
        runqueue_unlink(rq, next); /* switch_to() tells the load */
    }
    if (stays && allowed && prev != rq->idle) {
        list_push_back(&rq->queue, &prev->run_link);
        rq->queued++;
        prev->on_queue = true;
    }
    if (stays)
        prev->involuntary_switches++;
    else
        prev->voluntary_switches++;
    switch_to(rq, next);
}

void schedule(void)
{
    struct runqueue *rq = this_cpu()->runqueue;

    spin_assert_none_held("schedule");
    spin_lock(&rq->lock);
    reschedule(rq);
}

void sched_yield_current(void)
{
    if (this_cpu()->runqueue->queued)
        schedule();
}

/* The idle thread cannot leave the CPU: it lets others run, or halts, until it is woken. */
static void idle_sleep(struct runqueue *rq, struct thread *idle)
{
    while (!atomic_exchange(&idle->wake_pending, false) && !idle->timed_out) {
        if (rq->queued)
            schedule();
        else
            cpu_idle_wait();
    }
    if (!idle->timed_out)
        atomic_store(&idle->wake_pending, true); /* the caller consumes it */
}

void sched_sleep(enum thread_state state)
{
    struct thread *thread = current_thread();
    struct runqueue *rq = this_cpu()->runqueue;

    spin_assert_none_held("sched_sleep");
    if (UNLIKELY(thread == rq->idle)) {
        idle_sleep(rq, thread);
        return;
    }
    spin_lock(&rq->lock);
    bool given = state == THREAD_BLOCKED;
    if (atomic_load(given ? &thread->mutex_given : &thread->wake_pending) ||
        (state == THREAD_SLEEPING && atomic_load(&thread->signal_pending))) {
        spin_unlock(&rq->lock);
        return;
    }
    atomic_store_explicit(&thread->state, state, memory_order_relaxed);
    reschedule(rq);
}

/* rq locked and released; thread sleeps and shall run. */
static void make_runnable_locked(struct runqueue *rq, struct thread *thread)
{
    unsigned int target = balance_pick_cpu(thread);

    atomic_store_explicit(&thread->state, THREAD_RUNNABLE, memory_order_relaxed);
    while (target != rq->cpu) {
        /* RUNNABLE and on no queue: nobody else moves it now. */
        rq = runqueue_send(rq, thread, target);
        if (LIKELY(thread->affinity >> target & 1))
            break;
        target = balance_pick_cpu(thread); /* it was changed on the way */
    }
    runqueue_enqueue(rq, thread);
    spin_unlock(&rq->lock);
}

void balance_place(struct thread *thread)
{
    make_runnable_locked(runqueue_lock_of(thread), thread);
}

void thread_wake(struct thread *thread)
{
    struct runqueue *rq = runqueue_lock_of(thread);
    enum thread_state state = atomic_load_explicit(&thread->state, memory_order_relaxed);

    atomic_store_explicit(&thread->wake_pending, true, memory_order_relaxed);
    if (state == THREAD_SLEEPING || state == THREAD_SLEEPING_HARD) {
        make_runnable_locked(rq, thread);
        return;
    }
    if (UNLIKELY(thread == rq->idle))
        runqueue_demand_attention(rq); /* it halts while it sleeps */
    spin_unlock(&rq->lock);
}

void sched_end_sleep(struct thread *thread, unsigned int states)
{
    struct runqueue *rq = runqueue_lock_of(thread);

    if (states >> atomic_load_explicit(&thread->state, memory_order_relaxed) & 1)
        make_runnable_locked(rq, thread);
    else
        spin_unlock(&rq->lock);
}

void sched_demand_switch(struct runqueue *rq)
{
    atomic_store_explicit(&rq->need_resched, true, memory_order_relaxed);
    if (rq->cpu == this_cpu()->cpu)
        trap_request_user_return();
    else
        apic_send_ipi(rq->cpu, TRAP_VECTOR_WAKE);
}

void sched_end_current(void)
{
    struct runqueue *rq = this_cpu()->runqueue;

    spin_assert_none_held("thread_exit");
    spin_lock(&rq->lock);
    atomic_store_explicit(&rq->current->state, THREAD_DEAD, memory_order_relaxed);
    reschedule(rq);
}

void thread_notify_signal(struct thread *thread)
{
    if (thread == current_thread()) { /* awake, and here */
        atomic_store_explicit(&thread->signal_pending, true, memory_order_relaxed);
        trap_request_user_return();
        return;
    }
    struct runqueue *rq = runqueue_lock_of(thread);

    atomic_store(&thread->signal_pending, true);
    if (atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_SLEEPING) {
        make_runnable_locked(rq, thread);
        return;
    }
    if (rq->current == thread)
        apic_send_ipi(rq->cpu, TRAP_VECTOR_WAKE);
    spin_unlock(&rq->lock);
}

void thread_stop_self(void)
{
    struct thread *thread = current_thread();

    sched_sleep(THREAD_STOPPED);
    atomic_store(&thread->wake_pending, false);
}

void thread_continue(struct thread *thread)
{
    struct runqueue *rq = runqueue_lock_of(thread);

    if (atomic_load_explicit(&thread->state, memory_order_relaxed) == THREAD_STOPPED) {
        make_runnable_locked(rq, thread);
        return;
    }
    atomic_store_explicit(&thread->wake_pending, true, memory_order_relaxed);
    spin_unlock(&rq->lock);
}

bool sched_need_resched(void)
{
    return atomic_load_explicit(&this_cpu()->runqueue->need_resched, memory_order_relaxed);
}

void sched_user_return(void)
{
    if (sched_need_resched())
        schedule();
}

bool sched_checkpoint(void)
{
    spin_assert_none_held("sched_checkpoint");
    irq_window();
    sched_user_return();
    return atomic_load_explicit(&current_thread()->signal_pending, memory_order_relaxed);
}

void sched_slice_check(void)
{
    struct percpu *cpu = this_cpu();
    struct runqueue *rq = cpu->runqueue;
    const struct thread *running = rq->current;

    if (rq->queued == 0 || running == rq->idle)
        return;
    if (clock_ns() < running->slice_end_ns) {
        timer_hardware_request(running->slice_end_ns);
        return;
    }
    atomic_store_explicit(&rq->need_resched, true, memory_order_relaxed);
    trap_request_user_return();
}

void sched_ipi(void)
{
    if (atomic_load(&current_thread()->signal_pending) || sched_need_resched())
        trap_request_user_return();
    sched_slice_check();
}
