/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a thread: its memory, its first and its last moments, and the
 * idle threads.  Knows nothing of processes: thread->task is proc/'s.
 */
#include "sched/thread.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"
#include "mm/thread_mem.h"
#include "mm/vma.h"
#include "sched/cpus.h"
#include "sched/internal.h"

/* What the boot touches first lies together: each page costs. */
#define BOOT_DATA __attribute__((section(".bss.hot.sched")))
static BOOT_DATA struct thread boot_thread;
static BOOT_DATA struct runqueue boot_runqueue;
static BOOT_DATA struct timer_queue boot_timers;

static void sleep_timeout(struct timer *timer)
{
    struct thread *thread = CONTAINER_OF(timer, struct thread, sleep_timer);

    thread->timed_out = true;
    sched_end_sleep(thread, 1u << THREAD_SLEEPING | 1u << THREAD_SLEEPING_HARD);
}

/* The memory is zero. */
static void thread_init(struct thread *thread, const char *name)
{
    ref_init(&thread->refs);
    list_init(&thread->run_link);
    timer_init(&thread->sleep_timer, sleep_timeout);
    thread->affinity = UINT64_MAX;
    thread->fpu_cpu = NO_CPU;
    strlcpy(thread->name, name, sizeof(thread->name));
}

void runqueue_init(struct runqueue *rq, unsigned int cpu, struct thread *idle)
{
    spin_init(&rq->lock, LOCK_RANK_RUNQUEUE);
    list_init(&rq->queue);
    rq->cpu = cpu;
    rq->current = rq->idle = idle;
}

/* The idle thread exists before its CPU runs anything: it is that CPU's first flow. */
static void attach(struct percpu *cpu, struct thread *idle, struct runqueue *rq,
                   struct timer_queue *timers)
{
    thread_init(idle, "idle");
    atomic_store(&idle->cpu, cpu->cpu);
    atomic_store(&idle->state, THREAD_RUNNABLE);
    idle->affinity = 1ul << cpu->cpu;
    idle->on_cpu = true;
    idle->run_start_ns = clock_ns();
    runqueue_init(rq, cpu->cpu, idle);
    timer_queue_init(timers);
    cpu->runqueue = rq;
    cpu->timers = timers;
    cpu->idle = cpu->current = idle;
}

void sched_init(void)
{
    attach(this_cpu(), &boot_thread, &boot_runqueue, &boot_timers);
}

int sched_prepare_cpu(struct percpu *cpu, void *stack_top)
{
    struct thread *idle = kzalloc(sizeof(*idle));
    struct runqueue *rq = kzalloc(sizeof(*rq));
    struct timer_queue *timers = kzalloc(sizeof(*timers));

    if (!idle || !rq || !timers) {
        kfree(idle);
        kfree(rq);
        kfree(timers);
        return -ENOMEM;
    }
    leaks_keep(idle);
    leaks_keep(rq);
    leaks_keep(timers);
    idle->stack_top = stack_top;
    attach(cpu, idle, rq, timers);
    return 0;
}

void sched_start_cpu(void)
{
    this_cpu()->idle->run_start_ns = clock_ns();
}

static bool (*_Atomic idle_wait)(void);

void sched_set_idle_wait(bool (*wait)(void))
{
    atomic_store(&idle_wait, wait);
}

void sched_idle_loop(void)
{
    struct runqueue *rq = this_cpu()->runqueue;

    for (;;) {
        bool (*wait)(void) = atomic_load_explicit(&idle_wait, memory_order_relaxed);
        if (rq->queued || balance_steal())
            schedule();
        else if (UNLIKELY(wait != NULL) && wait())
            irq_window();
        else
            cpu_idle_wait();
    }
}

static struct thread *thread_alloc(const char *name)
{
    struct thread *thread = kzalloc(sizeof(*thread));

    if (!thread)
        return NULL;
    thread->stack_top = kernel_stack_alloc();
    if (!thread->stack_top) {
        kfree(thread);
        return NULL;
    }
    thread_init(thread, name);
    atomic_store(&thread->cpu, this_cpu()->cpu);
    atomic_store(&thread->state, THREAD_NEW);
    return thread;
}

/* First on a new thread's stack. */
static void kernel_thread_start(void *arg)
{
    struct thread *thread = arg;

    finish_switch();
    thread->entry(thread->entry_arg);
    thread_exit();
}

static void user_thread_start(void *arg)
{
    struct thread *thread = arg;

    finish_switch();
    if (thread->entry)
        thread->entry(thread->entry_arg);
}

struct thread *thread_create(const char *name)
{
    struct thread *thread = thread_alloc(name);

    if (!thread)
        return NULL;
    thread->fpu = fpu_alloc();
    if (!thread->fpu) {
        thread_put(thread);
        return NULL;
    }
    context_init_user(&thread->context, thread->stack_top, user_thread_start, thread);
    return thread;
}

void thread_set_start(struct thread *thread, void (*start)(void *), void *arg)
{
    thread->entry = start;
    thread->entry_arg = arg;
}

struct thread *thread_start_kernel(const char *name, void (*entry)(void *), void *arg)
{
    struct thread *thread = thread_alloc(name);

    if (!thread)
        return NULL;
    thread_set_start(thread, entry, arg);
    context_init_kernel(&thread->context, thread->stack_top, kernel_thread_start, thread);
    thread_make_runnable(thread);
    return thread;
}

struct trap_frame *thread_frame(const struct thread *thread)
{
    return (struct trap_frame *)thread->stack_top - 1;
}

void thread_get(struct thread *thread)
{
    ref_get(&thread->refs);
}

void thread_put(struct thread *thread)
{
    if (!ref_put(&thread->refs))
        return;
    ASSERT(!thread->on_cpu && !thread->on_queue);
    if (thread->fpu)
        fpu_free(thread->fpu);
    kernel_stack_free(thread->stack_top);
    kfree(thread);
}

void thread_make_runnable(struct thread *thread)
{
    ASSERT(atomic_load(&thread->state) == THREAD_NEW);
    /* Somebody runs and another one wants to. */
    if (current_thread() != this_cpu()->idle)
        cpus_bring_up();
    balance_place(thread);
}

void thread_exit(void)
{
    struct thread *thread = current_thread();
    struct mm *mm = thread->mm;

    ASSERT(thread != this_cpu()->idle);
    timer_cancel(&thread->sleep_timer);
    if (mm) {
        thread->mm = NULL;
        mm_activate(NULL);
        mm_put(mm);
    }
    sched_end_current();
    panic("a dead thread ran");
}

void thread_cpu_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns)
{
    struct runqueue *rq = runqueue_lock_of(thread);

    if (thread->on_cpu)
        sched_account(rq, clock_ns());
    *user_ns = thread->user_ns;
    *system_ns = thread->system_ns;
    spin_unlock(&rq->lock);
}

void sched_account_system(bool system)
{
    struct thread *thread = current_thread();
    struct runqueue *rq = runqueue_lock_of(thread);

    sched_account(rq, clock_ns());
    thread->in_system = system;
    spin_unlock(&rq->lock);
}

void sched_cpu_times(unsigned int cpu, uint64_t *user_ns, uint64_t *system_ns, uint64_t *idle_ns)
{
    struct runqueue *rq = percpu_of[cpu]->runqueue;

    spin_lock(&rq->lock);
    sched_account(rq, clock_ns());
    *user_ns = rq->busy_user_ns;
    *system_ns = rq->busy_system_ns;
    *idle_ns = rq->idle_ns;
    spin_unlock(&rq->lock);
}
