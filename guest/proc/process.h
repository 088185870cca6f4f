/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and their threads as Linux has them.
 *
 * struct process: what threads of a group share; struct task: one thread, hung
 * on struct thread (sched/).  pid of the process = tid of its first task.
 *
 * Locks: process_table_lock (LOCK_RANK_PROCESS_TABLE) guards pids, parent and
 * child links, groups, sessions, thread lists and exit states; signals->lock
 * (LOCK_RANK_SIGNAL) guards handlers and pending sets.  Credentials and limits
 * are replaced under process_table_lock and read by their own task without it.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "fs/fd_table.h"
#include "fs/vfs.h"
#include "mm/vma.h"
#include "proc/signal.h"
#include "sched/thread.h"

#define RLIMIT_COUNT 16u
#define PID_MAX 32768

struct fs_state { /* cwd, root, umask: shared with CLONE_FS */
    struct refcount refs;
    struct spinlock lock;
    struct dentry *root, *cwd;
    uint32_t umask;
};

struct credentials {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
    uint32_t group_count;
    uint32_t groups[32];
    bool no_new_privs;
    uint32_t securebits;
};

struct rlimit64 {
    uint64_t soft, hard;
};

struct process {
    struct refcount refs;
    int pid, parent_pid_at_exit, pgid, sid;
    struct process *parent; /* real parent; NULL for pid 1 */
    struct list children, sibling; /* list of struct process.sibling */
    struct list tasks; /* struct task.group_link */
    unsigned int task_count;
    struct task *leader;
    struct fd_table *files; /* per task in Linux; shared by the group here unless unshared */
    struct rlimit64 rlimits[RLIMIT_COUNT];
    struct signal_state signals; /* pending for the group, handlers pointer */
    int exit_signal; /* to the parent: SIGCHLD, or what clone said */
    int exit_status; /* as wait4 reports it */
    bool exiting, zombie, stopped, continued, subreaper, dumpable, did_exec;
    int stop_signal;
    struct wait_queue child_wait; /* wait4 of this process sleeps here */
    struct wait_queue exit_wait; /* pidfd poll, vfork */
    uint64_t start_ns;
    uint64_t user_ns, system_ns, child_user_ns, child_system_ns; /* of ended tasks */
    uint64_t min_faults, child_min_faults, rss_max_pages;
    struct dentry *exe;
    char *cmdline_note; /* reserved for prctl(PR_SET_MM) */
    struct list posix_timers;
    struct timer real_timer; /* ITIMER_REAL */
    uint64_t real_interval_ns;
    void *tty; /* controlling terminal */
};

struct task {
    struct thread *thread;
    struct process *process;
    struct list group_link;
    int tid;
    struct credentials cred;
    struct fs_state *fs;
    struct fd_table *files;
    struct signal_task signals; /* blocked mask, pending for this thread, altstack */
    uaddr_t clear_child_tid, robust_list;
    uaddr_t rseq_area;
    uint32_t rseq_size, rseq_signature;
    int pdeath_signal;
    struct wait_queue *vfork_done; /* woken at exec or exit */
    uint64_t restart_deadline_ns; /* restart_syscall */
    int64_t (*restart)(struct task *task);
    uint64_t restart_args[4];
    bool in_syscall;
};

/* The running program's task; panics in a kernel thread. */
struct task *current_task(void);
static inline struct process *current_process(void)
{
    return current_task()->process;
}

extern struct spinlock process_table_lock;

/*
 * Boot: process 1 from exe, argv, envp; runs when the scheduler does.  0 or a
 * negative errno (the program cannot be started).
 */
struct init_program {
    const char *exe;
    const char *cwd;
    size_t argc, envc;
    const char *const *argv; /* kernel strings */
    const char *const *envp;
};
int process_start_init(const struct init_program *program, struct file *const streams[3]);
/* Set by main.c: what to do when process 1 has ended (wait4 status); does not return. */
void process_set_on_init_exit(void (*end)(int wait_status));

/* clone(2) in all its forms; flags as Linux. */
struct clone_args_kernel {
    uint64_t flags; /* CLONE_* without the exit signal */
    int exit_signal;
    uaddr_t stack; /* 0: the parent's */
    uaddr_t parent_tid, child_tid, tls, pidfd;
};
int64_t process_clone(const struct clone_args_kernel *args);
/* execve: does not return to the old program on success (frame is replaced). */
int64_t process_exec(struct dentry *start, const char *path, uaddr_t argv, uaddr_t envp,
                     uint32_t at_flags);
NORETURN void task_exit(int exit_status); /* this thread; exit_status as wait4 encodes it */
NORETURN void process_exit_group(int exit_status);
int64_t process_wait(int which, int id, uint32_t options, int *status, void *siginfo_out,
                     void *rusage_out);

/* By number; reference in the result, or NULL. */
struct process *process_find(int pid);
void process_get(struct process *process);
void process_put(struct process *process);
/* Calls visit for each process (reference held), in pid order, for /proc. */
int process_next_pid(int from); /* smallest pid >= from, or -1 */

uint64_t rlimit_soft(unsigned int resource); /* of the current process */

/* The user_return and fault handlers that main.c registers with arch/. */
void task_user_return(struct trap_frame *frame);
bool task_page_fault(struct trap_frame *frame, uint64_t address);
void task_user_exception(struct trap_frame *frame);

#endif
