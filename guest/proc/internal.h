/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of proc/ share.  Nobody outside proc/ includes this. */
#ifndef PROC_INTERNAL_H
#define PROC_INTERNAL_H

#include "proc/pid.h"
#include "proc/process.h"

/*
 * Objects without any link to others, reference count 1; NULL: out of memory.
 * The process takes over the reference to handlers.
 */
struct process *process_alloc(struct signal_handlers *handlers);
/* name: of the thread; the task owns the thread, and files and fs once they are set. */
struct task *task_alloc(const char *name);
void task_free(struct task *task); /* puts what the task holds; never run or already ended */

struct fs_state *fs_state_create(struct dentry *root, struct dentry *cwd, uint32_t umask);
struct fs_state *fs_state_copy(struct fs_state *fs);
void fs_state_put(struct fs_state *fs);

void limits_init(struct rlimit64 limits[RLIMIT_COUNT]);
void limits_apply_to_mm(const struct process *process, struct mm *mm);

/*
 * Has no member a parent in another group of its session?  Then nobody would
 * continue it when it stops.
 */
bool group_is_orphaned_locked(const struct pid_node *group);

/*
 * A reference to a running program's file, which nobody may open for writing meanwhile
 * (ETXTBSY).  The file is not open for writing when exe_get() is called: exec has made sure.
 */
struct dentry *exe_get(struct dentry *exe);
void exe_put(struct dentry *exe); /* NULL is allowed */

/* vfork: the child no longer uses the parent's memory. */
void vfork_complete(struct task *task);
void vfork_wait_put(struct vfork_wait *wait);

/* Waits until the current task is alone in its process; -EINTR if it shall end itself. */
int process_end_other_tasks(void);

/*
 * No page was to be had: ends the largest process and waits a little.  False: the
 * caller's own process is ending, there is no point in trying again.
 */
bool oom_wait_for_memory(void);
/* What /proc/PID/oom_score says: 0 to 2000; process_table_lock held. */
int oom_score_locked(const struct process *process);

void cpu_limit_init(struct process *process); /* cpu_limit.c */
void cpu_limit_end(struct process *process); /* its last task ends */

void signalfd_notify(const struct process *process); /* a signal has come for it: signalfd.c */

/* A zombie leaves the table: its number is free, the parent's count of it gone. */
void process_reap_locked(struct process *process);

void process_timers_exec(struct process *process); /* exit.c: what exec stops */
/* A signal is off its queue: timers want to know of theirs.  No lock held. */
void process_timer_delivered(struct process *process, struct kernel_siginfo *info);

/* The current process dies of a signal: crash.c. */
NORETURN void process_die_of(const struct kernel_siginfo *info);

void process_connect_files(void); /* file_signal.c; boot */

#endif
