/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers that send signals: POSIX timers and the three interval timers of a
 * process, all on process->posix_timers.  Timers on CPU clocks look at the clock
 * whenever it could have arrived, at most every 4 ms.
 *
 * Lock: one spinlock inside; settings change under it while the timer is stopped.
 */
#ifndef SYSCALL_PROC_TIMER_H
#define SYSCALL_PROC_TIMER_H

#include "proc/process.h"
#include "syscall/time_util.h"

/* Ids of interval timers, which programs cannot name. */
#define PROC_TIMER_ID_ITIMER(which) (-1 - (which))

struct proc_timer_setup {
    int id; /* an interval timer's, or 0: the next free one */
    struct clock_ref clock;
    int notify; /* SIGEV_* */
    int signo;
    int thread_id; /* SIGEV_THREAD_ID */
    uint64_t value; /* sigev_value; value_is_id: the id instead */
    bool value_is_id;
};
/* Times left and between signals; 0: disarmed, once. */
struct proc_timer_state {
    uint64_t left_ns, interval_ns;
};

/* The current process's timers.  Id or -EAGAIN, -EEXIST (interval timer is there already). */
int proc_timer_create(const struct proc_timer_setup *setup);
/* 0 or -EINVAL: no such timer.  value 0 disarms; old may be NULL. */
int proc_timer_set(int id, bool absolute, uint64_t value_ns, uint64_t interval_ns,
                   struct proc_timer_state *old);
int proc_timer_get(int id, struct proc_timer_state *state);
int proc_timer_overrun(int id); /* count or -EINVAL */
int proc_timer_delete(int id);

/*
 * For process_set_timer_hooks(), this and the two at the end: a signal with SI_TIMER has been
 * taken off a queue; its overrun count is filled in.  No lock held.
 */
void proc_timer_delivered(struct process *process, struct kernel_siginfo *info);
/* Absolute timers of the wall clock come shift_ns later than they would have. */
void proc_timers_clock_was_set(int64_t shift_ns);
/* The process is at its end. */
void proc_timers_end(struct process *process);
/* exec(2): POSIX timers end, interval timers go on. */
void proc_timers_exec(struct process *process);

#endif
