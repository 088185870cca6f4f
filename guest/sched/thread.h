/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and their scheduling: per-CPU run queues, round robin by time slice,
 * the timer runs only while somebody waits.  Kernel code is never preempted;
 * it gives the CPU away in schedule() and in waits.  See LOCKS.md.
 *
 * struct thread is what the scheduler needs; proc/ hangs its own state behind
 * thread->task (struct task in proc/process.h).
 */
#ifndef SCHED_THREAD_H
#define SCHED_THREAD_H

#include "arch/context.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "sched/timer.h"
#include "sched/wait_queue.h"

struct mm;
struct task;

enum thread_state {
    THREAD_RUNNABLE, /* running or on a run queue */
    THREAD_SLEEPING, /* a wake or a signal makes it runnable */
    THREAD_SLEEPING_HARD, /* only a wake does */
    THREAD_BLOCKED, /* waits for a mutex: only being given it does */
    THREAD_STOPPED, /* job control: only SIGCONT or SIGKILL */
    THREAD_DEAD,
    THREAD_NEW, /* thread_create() made it, thread_make_runnable() has not run */
};

struct thread {
    /* arch and scheduler; guarded by the lock of the run queue of ->cpu */
    struct context context;
    void *stack_top;
    void *fpu; /* XSAVE area, NULL for kernel threads */
    uint64_t fs_base, gs_base; /* valid while switched out */
    struct mm *mm; /* NULL: kernel thread; holds a reference */
    _Atomic(enum thread_state) state;
    bool on_queue, on_cpu;
    atomic_uint cpu; /* last ran or is queued there */
    uint32_t fpu_cpu; /* whose registers still hold our FPU state, or UINT32_MAX */
    uint64_t affinity; /* bit per CPU */
    struct list run_link;
    uint64_t slice_end_ns;
    uint64_t run_start_ns, user_ns, system_ns; /* accounting, see thread_cpu_times() */
    bool in_system; /* its time is the system's now: sched_account_system() */
    uint64_t voluntary_switches, involuntary_switches;
    int nice, policy, rt_priority; /* as numbers, see sched_setscheduler(2) */

    /* waiting */
    atomic_bool wake_pending; /* a wake came while it was awake */
    atomic_bool mutex_given; /* the one it is blocked for: sched/mutex.c */
    bool timed_out;
    struct timer sleep_timer;

    atomic_bool signal_pending; /* set by thread_notify_signal(), cleared by proc/ */
    bool return_hook; /* after a switch to it, user_return runs (rseq) */
    struct task *task; /* NULL: kernel thread */
    void (*entry)(void *); /* kernel threads; see thread_set_start() for others */
    void *entry_arg;
    struct refcount refs;
    char name[16];
};

void sched_init(void); /* first CPU: makes the boot flow its idle thread */
struct percpu;
/* Run queue, timers and idle thread for another CPU, before it starts; 0 or -ENOMEM. */
int sched_prepare_cpu(struct percpu *cpu, void *stack_top);
void sched_start_cpu(void); /* that CPU runs: its time counts from now on */
NORETURN void sched_idle_loop(void); /* the boot flow ends here */
/*
 * What an idle CPU does instead of halting: wait() returns true when it has waited.  Called with
 * interrupts disabled, on the idle thread: must not sleep.  Any time.
 */
void sched_set_idle_wait(bool (*wait)(void));

/*
 * Allocates a program's thread (stack, FPU area in its initial state), in state
 * THREAD_NEW with one reference, which thread_exit() drops.  The creator fills in
 * thread_frame(), mm, task, fs_base and gs_base; when it first runs, it leaves to
 * user mode with that frame.  NULL: out of memory.
 */
struct thread *thread_create(const char *name);
/* Called with arg on the new thread's own stack before it first goes to user mode. */
void thread_set_start(struct thread *thread, void (*start)(void *), void *arg);
/* A kernel thread running entry(arg), made runnable.  Returning from entry ends it. */
struct thread *thread_start_kernel(const char *name, void (*entry)(void *), void *arg);
/* Registers of the thread's program, at the top of its stack. */
struct trap_frame *thread_frame(const struct thread *thread);
void thread_get(struct thread *thread);
void thread_put(struct thread *thread); /* frees stack and FPU area at zero; may not sleep */
/* Makes a new thread run: picks a CPU. */
void thread_make_runnable(struct thread *thread);
/* Ends the current thread; its stack is freed by whoever runs next.  Drops thread->mm. */
NORETURN void thread_exit(void);

/* Wakes a THREAD_SLEEPING or _HARD one (or marks the wake as pending). */
void thread_wake(struct thread *thread);
/* A signal is there: interrupts THREAD_SLEEPING, kicks it if it runs user code elsewhere. */
void thread_notify_signal(struct thread *thread);
/*
 * Stops the current thread until thread_continue().  May return early: call it in a
 * loop that checks the reason for stopping.
 */
void thread_stop_self(void);
void thread_continue(struct thread *thread);

void schedule(void); /* gives the CPU away if somebody waits */
void sched_yield_current(void);
/* From user_return when the flag is set: time slice over, or a wake asked for it. */
void sched_user_return(void);
/* From TRAP_VECTOR_WAKE. */
void sched_ipi(void);
bool sched_need_resched(void);
/*
 * In long loops of system calls, with no spinlock held: lets interrupts in and others run.
 * True when a signal waits for the caller, which then had better come to an end.
 */
bool sched_checkpoint(void);
/* Bit per CPU that may run it; at least one must be online.  0 or -EINVAL. */
int thread_set_affinity(struct thread *thread, uint64_t cpus);

unsigned int sched_running_count(void); /* runnable threads, for loadavg */
void sched_cpu_times(unsigned int cpu, uint64_t *user_ns, uint64_t *system_ns, uint64_t *idle_ns);
/*
 * CPU time so far, the running slice included.  All of a program's thread is user time, but
 * for the stretches between sched_account_system(true) and (false) of that thread: telling
 * the two apart costs two readings of the clock, so it is done once somebody has asked.
 */
void sched_account_system(bool system);
void thread_cpu_times(struct thread *thread, uint64_t *user_ns, uint64_t *system_ns);

#endif
