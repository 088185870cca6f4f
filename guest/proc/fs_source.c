/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What fs/ shows and asks of processes: proc(5) and terminals' job control.  fs/
 * knows only the tables of functions that are registered here.
 */
#include "arch/clock.h"
#include "fs/procfs.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/uts.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

/* ---- proc(5) ------------------------------------------------------------------------ */

static int current_pid(void)
{
    return current_thread()->task ? current_process()->pid : 0;
}

static int current_tid(void)
{
    return current_thread()->task ? current_task()->tid : 0;
}

static int next_tid(int pid, int from)
{
    int next = -1;

    spin_lock(&process_table_lock);
    struct pid_node *node = pid_find(pid);
    if (node && node->process) {
        LIST_FOR_EACH(it, &node->process->tasks)
        {
            int tid = LIST_ENTRY(it, struct task, group_link)->tid;
            if (tid >= from && (next < 0 || tid < next))
                next = tid;
        }
    }
    spin_unlock(&process_table_lock);
    return next;
}

static char state_letter(const struct process *process, const struct thread *thread)
{
    if (process->zombie || !thread)
        return 'Z';
    if (process->stopped)
        return 'T';
    switch (atomic_load_explicit(&thread->state, memory_order_relaxed)) {
    case THREAD_SLEEPING:
        return 'S';
    case THREAD_SLEEPING_HARD:
    case THREAD_BLOCKED:
        return 'D';
    case THREAD_STOPPED:
        return 'T';
    case THREAD_DEAD:
        return 'Z';
    default:
        return 'R';
    }
}

static void fill_signals(const struct process *process, const struct task *task,
                         struct procfs_process *out)
{
    const struct signal_handlers *handlers = process->signals.handlers;

    out->signals_shared_pending = process->signals.pending;
    if (task) {
        out->signals_pending = task->signals.pending;
        out->signals_blocked = task->signals.blocked;
    }
    out->signals_ignored = handlers->ignored;
    out->signals_caught = handlers->caught;
}

static void fill_credentials(const struct credentials *cred, struct procfs_process *out)
{
    out->uid[0] = cred->uid, out->uid[1] = cred->euid;
    out->uid[2] = cred->suid, out->uid[3] = cred->fsuid;
    out->gid[0] = cred->gid, out->gid[1] = cred->egid;
    out->gid[2] = cred->sgid, out->gid[3] = cred->fsgid;
    if (cred->groups) {
        ref_get(&cred->groups->refs);
        out->group_list = cred->groups;
        out->group_count = cred->groups->count;
        out->groups = cred->groups->gids;
    }
    out->cap_inheritable = cred->cap_inheritable;
    out->cap_permitted = cred->cap_permitted;
    out->cap_effective = cred->cap_effective;
    out->cap_bounding = cred->cap_bounding;
    out->cap_ambient = cred->cap_ambient;
    out->no_new_privs = cred->no_new_privs;
}

static void fill_task(struct task *task, struct procfs_process *out)
{
    struct thread *thread = task->thread;

    out->tid = task->tid;
    memcpy(out->comm, thread->name, sizeof(out->comm));
    out->nice = thread->nice;
    out->cpu = atomic_load(&thread->cpu);
    out->affinity = thread->affinity;
    out->voluntary_switches = thread->voluntary_switches;
    out->involuntary_switches = thread->involuntary_switches;
    fill_credentials(&task->cred, out);
    if (thread->mm) {
        mm_get(thread->mm);
        out->mm = thread->mm;
    }
    if (task->files)
        out->files = fd_table_share(task->files);
    if (task->fs) {
        spin_lock(&task->fs->lock);
        out->cwd = dentry_get(task->fs->cwd);
        out->root = dentry_get(task->fs->root);
        out->umask = task->fs->umask;
        spin_unlock(&task->fs->lock);
    }
}

static void fill_process(const struct process *process, struct procfs_process *out)
{
    out->pid = process->pid;
    out->tid = process->pid;
    out->parent_pid = process->parent ? process->parent->pid : process->pid != 1;
    out->pgid = process->pgid;
    out->sid = process->sid;
    out->thread_count = process->task_count;
    out->exit_signal = process->exit_signal;
    out->oom_score = oom_score_locked(process);
    out->oom_score_adj = process->oom_score_adj;
    out->start_ns = process->start_ns;
    out->user_ns = process->user_ns;
    out->system_ns = process->system_ns;
    out->child_user_ns = process->child_user_ns;
    out->child_system_ns = process->child_system_ns;
    out->min_faults = process->min_faults;
    out->child_min_faults = process->child_min_faults;
    for (unsigned int i = 0; i < RLIMIT_COUNT; i++) {
        out->limits[i][0] = process->rlimits[i].soft;
        out->limits[i][1] = process->rlimits[i].hard;
    }
    if (process->exe)
        out->exe = dentry_get(process->exe);
    LIST_FOR_EACH(it, &process->tasks)
    {
        uint64_t user_ns, system_ns;
        thread_cpu_times(LIST_ENTRY(it, struct task, group_link)->thread, &user_ns, &system_ns);
        out->user_ns += user_ns;
        out->system_ns += system_ns;
    }
}

static bool get_process(int pid, int tid, struct procfs_process *out)
{
    struct task *task = NULL;

    memset(out, 0, sizeof(*out));
    spin_lock(&process_table_lock);
    struct pid_node *node = pid > 0 ? pid_find(pid) : NULL;
    struct process *process = node ? node->process : NULL;
    if (process && tid) {
        task = task_find_locked(tid);
        if (!task || task->process != process)
            process = NULL;
    } else if (process && !list_empty(&process->tasks)) {
        task = process->leader ? process->leader
                               : LIST_FIRST(&process->tasks, struct task, group_link);
    }
    if (process) {
        fill_process(process, out);
        fill_signals(process, task, out);
        if (task)
            fill_task(task, out);
        else
            memcpy(out->comm, process->last_comm, sizeof(out->comm));
        out->state = state_letter(process, task ? task->thread : NULL);
    }
    spin_unlock(&process_table_lock);
    return process != NULL;
}

static void put_process(struct procfs_process *process)
{
    group_list_put(process->group_list);
    if (process->mm)
        mm_put(process->mm);
    if (process->files)
        fd_table_put(process->files);
    if (process->exe)
        dentry_put(process->exe);
    if (process->cwd)
        dentry_put(process->cwd);
    if (process->root)
        dentry_put(process->root);
}

static int set_comm(int pid, int tid, const char *name)
{
    int error = -ESRCH;

    spin_lock(&process_table_lock);
    struct task *task = task_find_locked(tid ? tid : pid);
    if (task && task->process->pid == pid) {
        error = task->process == current_process() ? 0 : -EINVAL;
        if (!error)
            strlcpy(task->thread->name, name, sizeof(task->thread->name));
    }
    spin_unlock(&process_table_lock);
    return error;
}

/* As root lower than ever before, which is then the bound for others. */
static int set_oom_score_adj(int pid, int adj)
{
    bool privileged = task_capable(CAP_SYS_RESOURCE);
    int error = -ESRCH;

    spin_lock(&process_table_lock);
    struct pid_node *node = pid_find(pid);
    struct process *process = node ? node->process : NULL;
    if (process) {
        error = adj < process->oom_score_adj_min && !privileged ? -EACCES : 0;
        if (!error)
            process->oom_score_adj = adj;
        if (!error && privileged)
            process->oom_score_adj_min = adj;
    }
    spin_unlock(&process_table_lock);
    return error;
}

/* ---- load averages: sampled when somebody looks, in Linux's steps of five seconds ---- */

#define LOAD_STEP_NS 5000000000ul
#define LOAD_STEPS_MAX 2000u
#define LOAD_SHIFT 11u /* fixed point */

static const uint32_t load_decay[3] = {1884, 2014, 2037}; /* exp(-5/60), exp(-5/300), exp(-5/900) */

void process_load(struct procfs_load *load)
{
    static uint64_t averages[3], last_ns;
    static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_ANY);
    uint64_t now = clock_ns();
    uint64_t active = (uint64_t)sched_running_count() << LOAD_SHIFT;

    spin_lock(&lock);
    uint64_t steps = (now - last_ns) / LOAD_STEP_NS;
    last_ns += steps * LOAD_STEP_NS;
    for (uint64_t step = 0; step < MIN(steps, (uint64_t)LOAD_STEPS_MAX); step++)
        for (unsigned int i = 0; i < 3; i++)
            averages[i] =
                (averages[i] * load_decay[i] + active * (2048 - load_decay[i])) >> LOAD_SHIFT;
    for (unsigned int i = 0; i < 3; i++)
        load->load_milli[i] = averages[i] * 1000 >> LOAD_SHIFT;
    spin_unlock(&lock);
    load->running = sched_running_count();
    load->threads = atomic_load(&task_count_all);
    load->last_pid = (unsigned int)pid_last();
    load->forks = pid_given_out();
    load->context_switches = 0;
    for (unsigned int i = 0; i < GUEST_CPUS_MAX && percpu_of[i]; i++)
        load->context_switches += percpu_of[i]->context_switches;
}

static const char *release_text(void)
{
    return UTS_RELEASE;
}

static const char *version_text(void)
{
    return UTS_VERSION;
}

static const struct procfs_source procfs_source = {
    .current_pid = current_pid,
    .current_tid = current_tid,
    .next_pid = process_next_pid,
    .next_tid = next_tid,
    .get = get_process,
    .put = put_process,
    .set_comm = set_comm,
    .set_oom_score_adj = set_oom_score_adj,
    .set_last_pid = pid_set_last,
    .split_times = process_split_times,
    .load = process_load,
    .hostname = uts_hostname_text,
    .release = release_text,
    .version = version_text,
};

/* ---- terminals ----------------------------------------------------------------------- */

static int own_pgid(void)
{
    return current_process()->pgid;
}

static int own_sid(void)
{
    return current_process()->sid;
}

static bool is_session_leader(void)
{
    return current_process()->pid == current_process()->sid;
}

static bool signal_is_ignored(int signo)
{
    const struct task *task = current_task();

    return (task->signals.blocked & SIGMASK(signo)) ||
           task->process->signals.handlers->action[signo - 1].handler == SIG_IGN;
}

static bool group_orphaned(int pgid)
{
    spin_lock(&process_table_lock);
    struct pid_node *group = pid_find(pgid);
    bool orphaned = !group || group_is_orphaned_locked(group);
    spin_unlock(&process_table_lock);
    return orphaned;
}

static bool group_in_session(int pgid, int sid)
{
    bool there = false;

    spin_lock(&process_table_lock);
    struct pid_node *group = pid_find(pgid);
    if (group)
        LIST_FOR_EACH(it, &group->members)
    there |= LIST_ENTRY(it, struct process, group_member)->sid == sid;
    spin_unlock(&process_table_lock);
    return there;
}

static void signal_group(int pgid, int signo)
{
    signal_send_group(pgid, signo, NULL);
}

static void signal_process(int pid, int signo)
{
    spin_lock(&process_table_lock);
    struct pid_node *node = pid_find(pid);
    if (node && node->process)
        signal_send_locked(node->process, NULL, signo, NULL);
    spin_unlock(&process_table_lock);
}

static const struct tty_process_ops tty_process_ops = {
    .pgid = own_pgid,
    .sid = own_sid,
    .is_session_leader = is_session_leader,
    .signal_ignored = signal_is_ignored,
    .group_orphaned = group_orphaned,
    .group_in_session = group_in_session,
    .signal_group = signal_group,
    .signal_process = signal_process,
};

void process_connect_fs(void)
{
    procfs_set_source(&procfs_source);
    tty_set_process_ops(&tty_process_ops);
    process_connect_files();
}
