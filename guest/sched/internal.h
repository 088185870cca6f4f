/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of sched/ share: run queues and timer queues.  Nobody outside
 * sched/ includes this.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include "arch/percpu.h"
#include "sched/thread.h"

#define SLICE_NS 3000000ul /* a thread's turn while others wait */
#define NO_DEADLINE UINT64_MAX
#define NO_CPU UINT32_MAX

struct runqueue {
    struct spinlock lock; /* LOCK_RANK_RUNQUEUE: everything here, states of threads */
    uint32_t cpu;
    struct list queue; /* struct thread.run_link; the running thread is not on it */
    uint32_t queued;
    atomic_uint load; /* queued plus a running thread that is not idle; a hint elsewhere */
    struct thread *current, *idle;
    struct thread *previous; /* from switch to finish_switch() */
    atomic_bool need_resched;
    uint64_t user_fs_base, user_gs_base; /* what the CPU's registers hold; own CPU only */
    uint64_t busy_user_ns, busy_system_ns, idle_ns; /* accounted at switches */
};

struct timer_queue {
    struct spinlock lock; /* LOCK_RANK_TIMER */
    struct rb_tree tree;
    struct timer *first; /* earliest, or NULL */
    _Atomic(struct timer *) running; /* its callback runs now */
    uint64_t hardware_ns; /* own CPU only: when the interrupt comes, NO_DEADLINE: never */
};

void timer_queue_init(struct timer_queue *queue);
/* An interrupt of this CPU at or before the deadline. */
void timer_hardware_request(uint64_t deadline_ns);

void runqueue_init(struct runqueue *rq, unsigned int cpu, struct thread *idle);
/* The run queue of thread->cpu, locked. */
static inline struct runqueue *runqueue_lock_of(struct thread *thread)
{
    for (;;) {
        unsigned int cpu = atomic_load(&thread->cpu);
        struct runqueue *rq = percpu_of[cpu]->runqueue;

        spin_lock(&rq->lock);
        if (LIKELY(cpu == atomic_load(&thread->cpu)))
            return rq;
        spin_unlock(&rq->lock);
    }
}
/*
 * rq locked, the thread runnable and on no queue: from here on cpu's run queue guards it.
 * Returns that one, locked instead of rq.
 */
struct runqueue *runqueue_send(struct runqueue *rq, struct thread *thread, unsigned int cpu);
static inline void runqueue_update_load(struct runqueue *rq)
{
    atomic_store_explicit(&rq->load, rq->queued + (rq->current != rq->idle), memory_order_relaxed);
}
/* Off the queue; the load is told by the caller. */
static inline void runqueue_unlink(struct runqueue *rq, struct thread *thread)
{
    list_remove(&thread->run_link);
    rq->queued--;
    thread->on_queue = false;
}
static inline void runqueue_dequeue(struct runqueue *rq, struct thread *thread)
{
    runqueue_unlink(rq, thread);
    runqueue_update_load(rq);
}
/* Somebody waits on rq (locked): its CPU must look, at the latest when its slice ends. */
void runqueue_demand_attention(struct runqueue *rq);
/* rq locked: wakes whatever runs there if the queue needs attention. */
static inline void runqueue_enqueue(struct runqueue *rq, struct thread *thread)
{
    list_push_back(&rq->queue, &thread->run_link);
    rq->queued++;
    thread->on_queue = true;
    runqueue_update_load(rq);
    runqueue_demand_attention(rq);
}
static inline bool thread_is_user(const struct thread *thread)
{
    return thread->fpu != NULL;
}
/* After each switch, on the stack of the thread that runs now; releases rq->lock. */
void finish_switch(void);
/* The timer interrupt's part in time slices. */
void sched_slice_check(void);
/* Adds the time since the last call to the running thread's account. */
void sched_account(struct runqueue *rq, uint64_t now_ns);

/* Puts the current thread to sleep in state unless a wake, or a signal that counts, is pending. */
void sched_sleep(enum thread_state state);
/* The running thread of rq (locked) must pass through schedule() soon. */
void sched_demand_switch(struct runqueue *rq);
/* The current thread is dead: never returns to it. */
void sched_end_current(void);
/* Runs it if it is in one of the states (bit per enum thread_state), wake_pending stays as it is.
 */
void sched_end_sleep(struct thread *thread, unsigned int states);

/* Where a thread that becomes runnable should go, when there are several CPUs. */
unsigned int balance_choose_cpu(const struct thread *thread);
static inline unsigned int balance_pick_cpu(const struct thread *thread)
{
    if (atomic_load_explicit(&cpus_online_mask, memory_order_relaxed) == 1)
        return atomic_load_explicit(&thread->cpu, memory_order_relaxed);
    return balance_choose_cpu(thread);
}
/* The idle CPU takes a waiting thread from another one; true if it got one. */
bool balance_steal(void);
/* Queues a runnable thread, which is on no queue, on the CPU chosen. */
void balance_place(struct thread *thread);

#endif
