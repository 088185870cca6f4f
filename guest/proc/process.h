/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and their threads as Linux has them.
 *
 * struct process: what threads of a group share; struct task: one thread, hung
 * on struct thread (sched/).  pid of the process = tid of its first task.
 *
 * Locks: process_table_lock (LOCK_RANK_PROCESS_TABLE) guards pids, parent and
 * child links, groups, sessions, lists of tasks, exit states, limits, and which
 * memory and descriptor table a task has; signals.handlers->lock (LOCK_RANK_SIGNAL,
 * taken inside) guards handlers, masks, pending sets and stopping.  A task changes
 * its own credentials without a lock; others read single numbers of them.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "arch/percpu.h"
#include "fs/fd_table.h"
#include "fs/vfs.h"
#include "mm/vma.h"
#include "proc/signal.h"
#include "sched/thread.h"

#define RLIMIT_COUNT 16u
#define PID_MAX 32768

struct pid_node; /* a number that is in use: proc/pid.h */

struct fs_state { /* cwd, root, umask: shared with CLONE_FS */
    struct refcount refs;
    struct spinlock lock;
    struct dentry *root, *cwd;
    uint32_t umask;
};

#define GROUPS_MAX 65536u /* NGROUPS_MAX */

/* Supplementary groups, ascending; never changed, only replaced: tasks share it. */
struct group_list {
    struct refcount refs;
    uint32_t count;
    uint32_t gids[];
};
void group_list_put(struct group_list *list); /* NULL is fine */

struct credentials {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
    struct group_list *groups; /* a reference, or NULL; replaced under process_table_lock */
    bool no_new_privs;
    uint32_t securebits;
};

struct rlimit64 {
    uint64_t soft, hard;
};

/* Whose SEM_UNDO promises these are: CLONE_SYSVSEM gives several processes the same. */
struct undo_owner {
    struct refcount refs;
};

struct process {
    struct refcount refs;
    int pid, pgid, sid;
    struct pid_node *number; /* of pid; NULL once reaped */
    struct pid_node *group, *session; /* hold their numbers */
    struct list group_member; /* in group->members */
    struct process *parent; /* real parent; NULL for pid 1 and orphans: the kernel reaps those */
    struct list children, sibling; /* list of struct process.sibling */
    struct list tasks; /* struct task.group_link */
    unsigned int task_count; /* in tasks */
    atomic_uint live_tasks; /* of those, not yet in task_exit() */
    struct task *leader;
    struct rlimit64 rlimits[RLIMIT_COUNT];
    struct signal_state signals; /* pending for the group, handlers pointer */
    int exit_signal; /* to the parent: SIGCHLD, or what clone said */
    int exit_status; /* as wait4 reports it */
    bool zombie, subreaper, dumpable, did_exec;
    /* Guarded by signals.handlers->lock, changed with process_table_lock held as well: */
    bool group_exit; /* all tasks end with exit_status */
    bool stopping; /* job control: tasks stop on their way to user mode */
    bool stopped; /* all have */
    bool stop_reported, continued; /* for wait4 */
    int stop_signal;
    unsigned int stopped_tasks;
    uint32_t stop_number; /* of the current or last stop */
    struct wait_queue stop_wait; /* stopped tasks sleep here */
    struct task *exec_task; /* it waits for the others to end (exec), or NULL */
    struct wait_queue child_wait; /* wait4 of this process sleeps here */
    struct wait_queue exit_wait; /* pidfd poll, vfork */
    uint64_t start_ns;
    uint64_t user_ns, system_ns, child_user_ns, child_system_ns; /* of ended tasks */
    atomic_ulong min_faults;
    uint64_t child_min_faults, rss_max_pages, child_rss_max_pages;
    uint64_t voluntary_switches, involuntary_switches; /* of ended tasks */
    uint64_t child_voluntary_switches, child_involuntary_switches;
    struct dentry *exe;
    struct list posix_timers; /* syscall/proc_timer.c */
    struct undo_owner *_Atomic undo_owner; /* a reference; NULL: made no promise yet */
    atomic_uint membarrier; /* MEMBARRIER_REGISTER_* commands given; cleared by exec */
    uint32_t personality; /* personality(2); inherited */
    int oom_score_adj, oom_score_adj_min; /* proc(5); inherited */
    struct timer cpu_timer; /* RLIMIT_CPU */
    bool cpu_limit_ended; /* it is not armed any more */
    uint64_t cpu_signalled; /* second of CPU time of the last SIGXCPU */
    char last_comm[16]; /* name of the last task, for a zombie */
    uint32_t last_uid; /* and its user */
    int last_policy, last_rt_priority, last_nice; /* and its scheduling */
};

struct task {
    struct thread *thread;
    struct process *process;
    struct list group_link;
    int tid;
    struct pid_node *number; /* of tid; the process's own for the first task */
    struct credentials cred;
    struct fs_state *fs;
    struct fs_context fs_view; /* copy with references, see task_fs_current() */
    struct fd_table *files;
    struct signal_task signals; /* blocked mask, pending for this thread, altstack */
    unsigned int pi_waiters; /* that wait for what this task owns; these three: proc/futex_pi.h */
    struct pi_waiter *pi_waiting; /* what it waits for itself, or NULL */
    bool pi_ended;
    uaddr_t clear_child_tid, set_child_tid, robust_list;
    uaddr_t rseq_area;
    uint32_t rseq_size, rseq_signature;
    int pdeath_signal;
    struct vfork_wait *vfork; /* completed at exec or exit */
    uint64_t timer_slack_ns, timer_slack_default_ns;
    int ioprio; /* ioprio_set(2): class and level, 0: none given */
    struct { /* sched_setattr(2), SCHED_DEADLINE: numbers that programs read back */
        uint64_t runtime_ns, deadline_ns, period_ns;
    } sched_deadline;
    uint64_t restart_deadline_ns; /* restart_syscall(2): set before -ERESTART_RESTARTBLOCK */
    int64_t (*restart)(struct task *task);
    uint64_t restart_args[6];
    uint64_t fault_vector, fault_error, fault_address; /* of the last one, for signal frames */
    uint64_t rseq_switches; /* thread's count of switches when the area was last written */
    bool ending; /* exec of another task ends this one */
    bool exited; /* in task_exit: takes no more signals */
};

/* vfork(2): the parent sleeps until the child has given the memory back. */
struct vfork_wait {
    struct refcount refs;
    struct wait_queue queue;
    atomic_bool done;
};

/* The running program's task; panics in a kernel thread. */
static inline struct task *current_task(void)
{
    struct task *task = current_thread()->task;

    ASSERT(task != NULL);
    return task;
}
static inline struct process *current_process(void)
{
    return current_task()->process;
}

extern struct spinlock process_table_lock;
extern atomic_uint task_count_all; /* of all processes, for RLIMIT_NPROC and sysinfo */

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
/* Takes over the references in streams; NULL leaves that descriptor closed. */
int process_start_init(const struct init_program *program, struct file *const streams[3]);
/*
 * Set by main.c: what to do when process 1 has ended (wait4 status).  It may return: then the
 * process ends like any other, and it may be called again.
 */
void process_set_on_init_exit(void (*end)(int wait_status));
/*
 * Debug builds: once process 1 has ended, ends all others and checks that they have given
 * everything back; then calls end(), or panics and says what is left.  remove_objects() takes
 * away what outlives processes.  False in other builds, and then nothing happens.
 */
bool process_teardown(int wait_status, void (*remove_objects)(void), void (*end)(int wait_status));
/* Set by main.c: reboot(2); may return if the machine cannot be ended so. */
void process_set_on_reboot(void (*reboot)(void));
/* The first process is about to die of a signal that its own doing brought on.  Set by main.c. */
struct guest_crash;
void process_set_on_crash(void (*crash)(const struct guest_crash *crash));
void process_reboot(void);

/*
 * Set by main.c: end() stops the timers of a process whose last task ends, exec() those that
 * do not outlive exec(2).  Both may sleep.  delivered() learns of each SI_TIMER signal that is
 * taken off a queue, with no lock held.
 */
struct process_timer_hooks {
    void (*end)(struct process *process);
    void (*exec)(struct process *process);
    void (*delivered)(struct process *process, struct kernel_siginfo *info);
};
void process_set_timer_hooks(const struct process_timer_hooks *hooks); /* kept by reference */

/* The process's, made if need be; NULL: out of memory. */
struct undo_owner *process_undo_owner(struct process *process);

/* clone(2) in all its forms; flags as Linux. */
struct clone_args_kernel {
    uint64_t flags; /* CLONE_* without the exit signal */
    int exit_signal;
    uaddr_t stack; /* 0: the parent's */
    uaddr_t parent_tid, child_tid, tls, pidfd;
};
int64_t process_clone(const struct clone_args_kernel *args);
/*
 * execve, execveat: path from start (NULL: cwd) with WALK_* flags; display: what
 * AT_EXECFN says.  On success the frame is the new program's; after an error the
 * old one is intact.
 */
int process_exec(struct dentry *start, const char *path, uint32_t walk_flags, const char *display,
                 uaddr_t argv, uaddr_t envp);
NORETURN void task_exit(int exit_status); /* this thread; exit_status as wait4 encodes it */
NORETURN void process_exit_group(int exit_status);

/* What a wait found; all numbers as wait4(2) and waitid(2) report them. */
struct wait_result {
    int pid, status; /* pid 0: WNOHANG and nothing there */
    uint32_t uid;
    int code, code_status; /* si_code, si_status */
    uint64_t user_ns, system_ns, min_faults, rss_max_pages, voluntary, involuntary;
};
/* which: P_ALL, P_PID, P_PGID; options as Linux.  0, -ECHILD, -ERESTARTSYS. */
int process_wait(int which, int id, uint32_t options, struct wait_result *result);

/*
 * Somebody wants to know user and system time apart: from now on they are.  split: set by
 * main.c, called once.
 */
void process_set_split_times(void (*split)(void));
void process_split_times(void);
/* Times of all tasks so far, ended ones included. */
void process_cpu_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns);

/* By number; reference in the result, or NULL. */
struct process *process_find(int pid);
void process_get(struct process *process);
void process_put(struct process *process);
int process_next_pid(int from); /* smallest pid >= from, or -1: for /proc, kill(-1) */
/* Thread of that number, with process_table_lock held; NULL. */
struct task *task_find_locked(int tid);

/*
 * The calling task's side of fs/: what fs_set_current_source() and
 * fd_set_current_source() are given, and what chdir, chroot and umask change.
 * References: the setters take over the one they are given.
 */
const struct fs_context *task_fs_current(void);
struct fd_table *task_fd_current(void);
uint64_t task_fd_limit(void);
void task_set_cwd(struct dentry *cwd);
void task_set_root(struct dentry *root);
uint32_t task_set_umask(uint32_t umask); /* the old one */

struct procfs_load;
void process_load(struct procfs_load *load); /* as /proc/loadavg shows it */

/* Boot: registers what proc(5) and terminals ask of processes. */
void process_connect_fs(void);

/* The current task gets tables of its own instead of shared ones; 0 or -ENOMEM. */
int task_unshare(bool fs, bool files);

bool task_capable(int capability); /* effective, of the current task */
/* ptrace(2), "Ptrace access mode checking": may the current task look into it?  Table locked. */
bool task_may_inspect_locked(const struct task *target);

/* Restartable sequences (rseq(2)): registered area kept current on return to user mode. */
int64_t rseq_register(uaddr_t area, uint32_t size, uint32_t flags, uint32_t signature);
void rseq_on_return(struct trap_frame *frame); /* after a switch; may end in SIGSEGV */
void rseq_on_signal(struct trap_frame *frame);
/* Words that a dying thread still owns: marks them and wakes a waiter. */
void robust_list_exit(struct task *task);

void process_cpu_limit_changed(struct process *process); /* RLIMIT_CPU was set */
uint64_t rlimit_soft(unsigned int resource); /* of the current process */

/* The user_return and fault handlers that main.c registers with arch/. */
void task_user_return(struct trap_frame *frame);
bool task_page_fault(struct trap_frame *frame, uint64_t address);
void task_user_exception(struct trap_frame *frame);

#endif
