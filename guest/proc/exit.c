/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How tasks and processes end: what they give back, who hears of it, who
 * inherits their children.  Orphans without a subreaper belong to the kernel,
 * which reaps them at once: the first program did not sign up for that.
 */
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/futex_pi.h"
#include "proc/internal.h"
#include "sched/futex.h"
#include "syscall/linux_abi.h"

static void (*on_init_exit)(int wait_status);
static void (*on_reboot)(void);
static const struct process_timer_hooks *timer_hooks;

void process_set_on_init_exit(void (*end)(int wait_status))
{
    on_init_exit = end;
}

void process_set_on_reboot(void (*reboot)(void))
{
    on_reboot = reboot;
}

void process_reboot(void)
{
    if (on_reboot)
        on_reboot();
}

void process_set_timer_hooks(const struct process_timer_hooks *hooks)
{
    timer_hooks = hooks;
}

void process_timers_exec(struct process *process)
{
    if (timer_hooks && !list_empty(&process->posix_timers))
        timer_hooks->exec(process);
}

void process_timer_delivered(struct process *process, struct kernel_siginfo *info)
{
    if (UNLIKELY(info->code == SI_TIMER) && timer_hooks)
        timer_hooks->delivered(process, info);
}

/* ---- a zombie and its relatives ------------------------------------------------ */

void process_reap_locked(struct process *process)
{
    struct process *parent = process->parent;

    if (parent) {
        parent->child_user_ns += process->user_ns + process->child_user_ns;
        parent->child_system_ns += process->system_ns + process->child_system_ns;
        parent->child_min_faults += process->min_faults + process->child_min_faults;
        parent->child_rss_max_pages = MAX(
            parent->child_rss_max_pages, MAX(process->rss_max_pages, process->child_rss_max_pages));
        parent->child_voluntary_switches +=
            process->voluntary_switches + process->child_voluntary_switches;
        parent->child_involuntary_switches +=
            process->involuntary_switches + process->child_involuntary_switches;
    }
    list_remove(&process->sibling);
    process->parent = NULL;
    pid_join(process, NULL, NULL);
    process->number->process = NULL;
    pid_unuse(process->number);
    process->number = NULL;
    process_put(process);
}

/* Tells the parent that the process is a zombie; reaps it if nobody will. */
static void tell_death_locked(struct process *process)
{
    struct process *parent = process->parent;
    int status = process->exit_status, signo = status & 0x7f;
    struct kernel_siginfo info = {0};
    bool reap = parent == NULL;

    if (parent) {
        const struct signal_action *action = &parent->signals.handlers->action[SIGCHLD - 1];
        bool ignored = action->handler == SIG_IGN;

        if (process->exit_signal == SIGCHLD && (ignored || (action->flags & SA_NOCLDWAIT)))
            reap = true;
        info.code = !signo ? CLD_EXITED : (status & 0x80) ? CLD_DUMPED : CLD_KILLED;
        info.kill.pid = process->pid;
        info.kill.uid = process->last_uid;
        info.kill.child.status = signo ? signo : (status >> 8) & 0xff;
        info.kill.child.utime = (int64_t)(process->user_ns / (1000000000u / USER_HZ));
        info.kill.child.stime = (int64_t)(process->system_ns / (1000000000u / USER_HZ));
        if (process->exit_signal && !(process->exit_signal == SIGCHLD && ignored))
            signal_send_locked(parent, NULL, process->exit_signal, &info);
        wake_all(&parent->child_wait, 0);
    }
    if (reap)
        process_reap_locked(process);
}

bool group_is_orphaned_locked(const struct pid_node *group)
{
    LIST_FOR_EACH(it, &group->members)
    {
        const struct process *member = LIST_ENTRY(it, struct process, group_member);
        const struct process *parent = member->parent;

        if (!member->zombie && parent && parent->pgid != member->pgid && parent->sid == member->sid)
            return false;
    }
    return true;
}

static void give_away_children_locked(struct process *process)
{
    struct process *heir = process->parent;

    while (heir && !heir->subreaper)
        heir = heir->parent;
    LIST_FOR_EACH_SAFE(it, next, &process->children)
    {
        struct process *child = LIST_ENTRY(it, struct process, sibling);

        list_remove(&child->sibling);
        child->parent = heir;
        if (heir)
            list_push_back(&heir->children, &child->sibling);
        child->exit_signal = SIGCHLD;
        LIST_FOR_EACH(at, &child->tasks)
        {
            struct task *task = LIST_ENTRY(at, struct task, group_link);
            if (task->pdeath_signal)
                signal_send_locked(child, task, task->pdeath_signal, NULL);
        }
        if (child->zombie)
            tell_death_locked(child);
    }
}

/*
 * A group that has just lost its last link to the session's other groups, with
 * stopped members: nobody would ever continue them, so POSIX hangs them up.
 */
static void hang_up_stopped_orphans_locked(struct pid_node *group)
{
    bool stopped = false;

    LIST_FOR_EACH(it, &group->members)
    stopped |= LIST_ENTRY(it, struct process, group_member)->stopped;
    if (!stopped || !group_is_orphaned_locked(group))
        return;
    LIST_FOR_EACH(it, &group->members)
    {
        struct process *member = LIST_ENTRY(it, struct process, group_member);
        signal_send_locked(member, NULL, SIGHUP, NULL);
        signal_send_locked(member, NULL, SIGCONT, NULL);
    }
}

static void become_zombie_locked(struct process *process)
{
    struct pid_node *group = process->group;

    process->zombie = true;
    give_away_children_locked(process);
    if (group)
        pid_use(group); /* reaping may be the last use */
    tell_death_locked(process);
    if (group) {
        hang_up_stopped_orphans_locked(group);
        pid_unuse(group);
    }
}

/* ---- one task -------------------------------------------------------------------- */

static void unlink_task_locked(struct task *task)
{
    struct process *process = task->process;
    struct thread *thread = task->thread;
    struct spinlock *lock = &process->signals.handlers->lock;

    uint64_t user_ns, system_ns;
    thread_cpu_times(thread, &user_ns, &system_ns);
    process->user_ns += user_ns;
    process->system_ns += system_ns;
    process->voluntary_switches += thread->voluntary_switches;
    process->involuntary_switches += thread->involuntary_switches;
    process->last_uid = task->cred.uid;
    process->last_policy = thread->policy;
    process->last_rt_priority = thread->rt_priority;
    process->last_nice = thread->nice;
    memcpy(process->last_comm, thread->name, sizeof(process->last_comm));
    spin_lock(lock);
    LIST_FOR_EACH(it, &task->signals.queue)
    process->signals.queued_count--;
    list_remove(&task->group_link);
    process->task_count--;
    bool all_stopped = process->stopping && !process->stopped && process->task_count &&
                       process->stopped_tasks >= process->task_count;
    if (all_stopped)
        process->stopped = true;
    spin_unlock(lock);
    if (task->number->task == task)
        task->number->task = NULL;
    if (task->number != process->number)
        pid_unuse(task->number);
    if (process->leader == task)
        process->leader = NULL;
    if (all_stopped)
        signal_tell_parent_locked(process, CLD_STOPPED, process->stop_signal);
    if (process->exec_task)
        wake_all(&process->exit_wait, 0);
    if (process->task_count == 0) {
        become_zombie_locked(process);
        wake_all(&process->exit_wait, POLL_IN | POLL_RDNORM);
    }
}

/* Signals for the process that this task would have handled: somebody else must look. */
static void hand_over_signals(struct task *task)
{
    struct process *process = task->process;

    spin_lock(&process_table_lock);
    spin_lock(&process->signals.handlers->lock);
    task->exited = true;
    if (process->signals.pending & ~task->signals.blocked) {
        LIST_FOR_EACH(it, &process->tasks)
        {
            struct task *other = LIST_ENTRY(it, struct task, group_link);
            if (!other->exited && (process->signals.pending & ~other->signals.blocked))
                thread_notify_signal(other->thread);
        }
    }
    spin_unlock(&process->signals.handlers->lock);
    spin_unlock(&process_table_lock);
}

static void release_memory(struct task *task)
{
    struct thread *thread = task->thread;
    struct mm *mm = thread->mm;

    robust_list_exit(task);
    futex_pi_exit(task, true);
    if (task->clear_child_tid.raw && ref_read(&mm->refs) > 1) {
        put_user_u32(task->clear_child_tid, 0);
        futex_wake(task->clear_child_tid, true, 1, UINT32_MAX);
    }
    task->process->rss_max_pages = MAX(task->process->rss_max_pages, mm->rss_max_pages);
    spin_lock(&process_table_lock); /* proc(5) takes references under it */
    thread->mm = NULL;
    spin_unlock(&process_table_lock);
    mm_activate(NULL);
    mm_put(mm);
    vfork_complete(task);
}

static void release_program(struct process *process)
{
    cpu_limit_end(process);
    if (timer_hooks)
        timer_hooks->end(process);
    spin_lock(&process_table_lock);
    struct dentry *exe = process->exe;
    process->exe = NULL;
    spin_unlock(&process_table_lock);
    exe_put(exe);
    if (process->pid == process->sid)
        tty_session_ended(process->sid);
}

NORETURN void task_exit(int exit_status)
{
    struct task *task = current_task();
    struct process *process = task->process;
    bool last = atomic_fetch_sub(&process->live_tasks, 1) == 1;

    if (!process->group_exit && (last || task->tid == process->pid))
        process->exit_status = exit_status;
    if (last && process->pid == 1)
        on_init_exit(process->exit_status); /* mostly the machine ends here: nothing to give back */
    hand_over_signals(task);
    release_memory(task);
    if (last)
        release_program(process);
    spin_lock(&process_table_lock);
    struct fd_table *files = task->files;
    task->files = NULL;
    spin_unlock(&process_table_lock);
    fd_table_put(files);

    spin_lock(&process_table_lock);
    unlink_task_locked(task);
    spin_unlock(&process_table_lock);
    task_free(task);
    process_put(process);
    thread_exit();
}

NORETURN void process_exit_group(int exit_status)
{
    struct process *process = current_process();

    spin_lock(&process_table_lock);
    signal_begin_group_exit_locked(process, exit_status);
    spin_unlock(&process_table_lock);
    if (process->pid == 1) /* and with it everybody else: the machine ends */
        on_init_exit(process->exit_status);
    task_exit(process->exit_status);
}

int process_end_other_tasks(void)
{
    struct task *self = current_task();
    struct process *process = self->process;
    struct wait_entry entry;
    int error = 0;

    spin_lock(&process_table_lock);
    if (process->exec_task || process->group_exit || self->ending)
        error = -EAGAIN;
    else
        process->exec_task = self;
    if (!error) {
        LIST_FOR_EACH(it, &process->tasks)
        {
            struct task *other = LIST_ENTRY(it, struct task, group_link);
            if (other != self) {
                other->ending = true;
                thread_notify_signal(other->thread);
            }
        }
        wake_all(&process->stop_wait, 0);
    }
    spin_unlock(&process_table_lock);
    if (error)
        return error;
    wait_begin(&process->exit_wait, &entry);
    while (process->task_count > 1 && !process->group_exit) {
        wait_sleep_uninterruptible(WAIT_FOREVER);
        wait_again(&process->exit_wait, &entry);
    }
    wait_end(&process->exit_wait, &entry);
    spin_lock(&process_table_lock);
    process->exec_task = NULL;
    if (process->group_exit)
        error = -EINTR;
    spin_unlock(&process_table_lock);
    return error;
}
