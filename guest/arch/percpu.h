/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to one CPU, reached through GS in kernel mode.  Fields are only
 * touched by their CPU unless the comment says otherwise; interrupts are
 * disabled in the kernel, so no field changes underneath its reader.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "arch/spinlock.h"
#include "arch/trap.h"
#include "boot/guest_abi.h"
#include "lib/types.h"

struct thread;
struct mm;
struct runqueue;
struct timer_queue;

struct percpu {
    struct percpu *self; /* offset 0: read through gs:0 */
    struct thread *current; /* the running thread; never NULL after sched_init() */
    uint64_t kernel_stack_top; /* of current; entry stacks start there */
    uint64_t user_rsp; /* scratch of the SYSCALL entry */
    atomic_uint user_return_work; /* nonzero: call user_return before leaving */
    uint32_t cpu; /* 0..GUEST_CPUS_MAX-1 */
    uint32_t apic_id;
    uint32_t irq_depth;
    struct mm *active_mm; /* whose page tables are loaded */
    struct thread *idle; /* this CPU's idle thread */
    struct runqueue *runqueue;
    struct timer_queue *timers;
    struct thread *fpu_owner; /* whose registers the FPU holds */
    /* mm/page_cache.c: free pages at hand.  Other CPUs may empty it, hence the lock. */
    struct spinlock page_cache_lock;
    uint32_t page_cache_head, page_cache_count; /* frame number, 0: none */
    uint64_t irq_count; /* statistics */
    uint64_t local_irqs[TRAP_LOCAL_VECTORS]; /* of those, by vector from TRAP_VECTOR_TIMER on */
    uint64_t context_switches;
    uint64_t page_faults;
    uint32_t spin_depth; /* DEBUG_LOCKS: spinlocks held */
    struct spinlock *spin_held[16]; /* DEBUG_LOCKS */
};

#if HOST_TEST
struct percpu *this_cpu(void); /* a test provides both */
struct thread *current_thread(void);
#else
static inline struct percpu *this_cpu(void)
{
    struct percpu *cpu;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

static inline struct thread *current_thread(void)
{
    struct thread *thread;
    __asm__ volatile("movq %%gs:8, %0" : "=r"(thread));
    return thread;
}
#endif
_Static_assert(offsetof(struct percpu, current) == 8, "current_thread() reads it");

/* NULL: not (yet) prepared.  Without gaps; written before the CPU starts. */
extern struct percpu *percpu_of[GUEST_CPUS_MAX];
extern atomic_uint cpus_online; /* how many CPUs run threads */
extern atomic_ulong cpus_online_mask; /* which; set before cpus_online counts it */
extern atomic_uint cpus_present; /* what smp_cpu_count() has found; 0: not asked yet */

#endif
