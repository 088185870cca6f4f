/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals on their way to a process: what happens at once (stop and continue
 * cancel each other, ignored ones vanish), where they queue, who is woken.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define STOP_SET (SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))
#define IGNORED_SET (SIGMASK(SIGCHLD) | SIGMASK(SIGURG) | SIGMASK(SIGWINCH) | SIGMASK(SIGCONT))
#define CORE_SET                                                                                  \
    (SIGMASK(SIGQUIT) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGABRT) | SIGMASK(SIGBUS) | \
     SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGXCPU) | SIGMASK(SIGXFSZ) | SIGMASK(SIGSYS))

bool signal_default_ignored(int signo)
{
    return SIGMASK(signo) & IGNORED_SET;
}

bool signal_default_stops(int signo)
{
    return SIGMASK(signo) & STOP_SET;
}

bool signal_default_dumps(int signo)
{
    return SIGMASK(signo) & CORE_SET;
}

struct signal_handlers *signal_handlers_create(void)
{
    struct signal_handlers *handlers = kzalloc(sizeof(*handlers));

    if (handlers) {
        ref_init(&handlers->refs);
        spin_init(&handlers->lock, LOCK_RANK_SIGNAL);
    }
    return handlers;
}

struct signal_handlers *signal_handlers_copy(struct signal_handlers *handlers)
{
    struct signal_handlers *copy = kmalloc(sizeof(*copy));

    if (!copy)
        return NULL;
    spin_lock(&handlers->lock);
    memcpy(copy, handlers, sizeof(*copy));
    spin_unlock(&handlers->lock);
    ref_init(&copy->refs);
    spin_init(&copy->lock, LOCK_RANK_SIGNAL);
    return copy;
}

void signal_handlers_put(struct signal_handlers *handlers)
{
    if (handlers && ref_put(&handlers->refs))
        kfree(handlers);
}

void signal_task_init(struct signal_task *signals, uint64_t blocked)
{
    *signals = (struct signal_task){.blocked = blocked};
    list_init(&signals->queue);
}

void signal_queue_free(struct list *queue)
{
    LIST_FOR_EACH_SAFE(it, next, queue)
    {
        list_remove(it);
        kfree(LIST_ENTRY(it, struct signal_queued, link));
    }
}

void signal_entry_done_locked(struct process *process, struct signal_queued *queued)
{
    if (process->signals.spare)
        kfree(queued);
    else
        process->signals.spare = queued;
}

static struct signal_queued *new_entry(struct process *process)
{
    struct signal_queued *spare = process->signals.spare;

    process->signals.spare = NULL;
    return LIKELY(spare) ? spare : kmalloc(sizeof(*spare));
}

static void discard(struct process *process, uint64_t *pending, struct list *queue, uint64_t set)
{
    if (!(*pending & set))
        return;
    *pending &= ~set;
    LIST_FOR_EACH_SAFE(it, next, queue)
    {
        struct signal_queued *queued = LIST_ENTRY(it, struct signal_queued, link);

        if (SIGMASK(queued->info.signo) & set) {
            list_remove(it);
            kfree(queued);
            process->signals.queued_count--;
        }
    }
}

static void discard_everywhere(struct process *process, uint64_t set)
{
    discard(process, &process->signals.pending, &process->signals.queue, set);
    LIST_FOR_EACH(it, &process->tasks)
    {
        struct task *task = LIST_ENTRY(it, struct task, group_link);
        discard(process, &task->signals.pending, &task->signals.queue, set);
    }
}

/* Stopped tasks go on; true if the parent should hear of it. */
static bool resume(struct process *process)
{
    bool was_stopped = process->stopped || process->stopping;

    LIST_FOR_EACH(it, &process->tasks)
    LIST_ENTRY(it, struct task, group_link)->signals.stop_taken = false;
    process->stopping = process->stopped = process->stop_reported = false;
    process->stopped_tasks = 0;
    if (was_stopped)
        wake_all(&process->stop_wait, 0);
    return was_stopped;
}

static bool is_ignored(struct process *process, struct task *task, int signo)
{
    const struct signal_action *action = &process->signals.handlers->action[signo - 1];

    if (signo == SIGKILL || signo == SIGSTOP)
        return false;
    /* A blocked signal is kept: its handler may change before it is unblocked. */
    if ((task->signals.blocked | task->signals.real_blocked) & SIGMASK(signo))
        return false;
    return action->handler == SIG_IGN ||
           (action->handler == SIG_DFL && signal_default_ignored(signo));
}

static bool wants(const struct task *task, int signo)
{
    if (task->exited)
        return false;
    return signo == SIGKILL || !(task->signals.blocked & SIGMASK(signo));
}

/* The task that shall handle a signal for the whole process; NULL: all block it. */
static struct task *pick_receiver(struct process *process, int signo)
{
    struct task *self = current_thread()->task;

    if (self && self->process == process && wants(self, signo))
        return self;
    LIST_FOR_EACH(it, &process->tasks)
    {
        struct task *task = LIST_ENTRY(it, struct task, group_link);
        if (wants(task, signo))
            return task;
    }
    return NULL;
}

/* own: the sender has one signal waiting at a time, for which there is always room. */
static int enqueue(struct process *process, struct task *task, int signo,
                   const struct kernel_siginfo *info, bool own)
{
    uint64_t *pending = task ? &task->signals.pending : &process->signals.pending;
    struct list *queue = task ? &task->signals.queue : &process->signals.queue;
    uint64_t limit = MIN(process->rlimits[RLIMIT_SIGPENDING].soft, (uint64_t)SIGNAL_QUEUE_MAX);
    struct signal_queued *queued = NULL;

    if (signo < SIGRTMIN && (*pending & SIGMASK(signo)) && !own)
        return 0; /* standard signals do not queue */
    if (signo < SIGRTMIN || own || process->signals.queued_count < limit)
        queued = new_entry(process);
    if (!queued) {
        /* kill(2) still gets through, without its siginfo; sigqueue(3) says so. */
        if (signo >= SIGRTMIN && info && info->code != SI_USER)
            return -EAGAIN;
        *pending |= SIGMASK(signo);
        return 0;
    }
    if (info)
        queued->info = *info;
    else
        queued->info = (struct kernel_siginfo){.signo = signo, .code = SI_KERNEL};
    queued->info.signo = signo;
    list_push_back(queue, &queued->link);
    process->signals.queued_count++;
    *pending |= SIGMASK(signo);
    return 0;
}

static int send_locked(struct process *process, struct task *task, int signo,
                       const struct kernel_siginfo *info, bool own)
{
    struct signal_handlers *handlers = process->signals.handlers;
    bool tell_parent = false;
    int error = 0;

    if (process->zombie || list_empty(&process->tasks))
        return 0;
    spin_lock(&handlers->lock);
    if (SIGMASK(signo) & STOP_SET) {
        discard_everywhere(process, SIGMASK(SIGCONT));
    } else if (signo == SIGCONT) {
        discard_everywhere(process, STOP_SET);
        tell_parent = resume(process);
        process->continued = tell_parent;
    } else if (signo == SIGKILL) {
        resume(process);
    }
    struct task *first = task ? task : LIST_FIRST(&process->tasks, struct task, group_link);
    if (!is_ignored(process, first, signo)) {
        error = enqueue(process, task, signo, info, own);
        struct task *receiver = task ? task : pick_receiver(process, signo);
        if (!error && receiver && wants(receiver, signo))
            thread_notify_signal(receiver->thread);
        signalfd_notify(process);
    }
    spin_unlock(&handlers->lock);
    if (tell_parent)
        signal_tell_parent_locked(process, CLD_CONTINUED, SIGCONT);
    return error;
}

int signal_send_locked(struct process *process, struct task *task, int signo,
                       const struct kernel_siginfo *info)
{
    return send_locked(process, task, signo, info, false);
}

void signal_send_timer_locked(struct process *process, struct task *task,
                              const struct kernel_siginfo *info)
{
    send_locked(process, task, info->signo, info, true);
}

int signal_send_process(struct process *process, int signo, const struct kernel_siginfo *info)
{
    spin_lock(&process_table_lock);
    int error = signal_send_locked(process, NULL, signo, info);
    spin_unlock(&process_table_lock);
    return error;
}

int signal_send_task(struct task *task, int signo, const struct kernel_siginfo *info)
{
    spin_lock(&process_table_lock);
    int error = signal_send_locked(task->process, task, signo, info);
    spin_unlock(&process_table_lock);
    return error;
}

int signal_send_group(int pgid, int signo, const struct kernel_siginfo *info)
{
    int error = -ESRCH;

    spin_lock(&process_table_lock);
    struct pid_node *group = pid_find(pgid);
    if (group) {
        LIST_FOR_EACH(it, &group->members)
        {
            struct process *member = LIST_ENTRY(it, struct process, group_member);
            int one = signal_send_locked(member, NULL, signo, info);
            if (error == -ESRCH || one == 0)
                error = one;
        }
    }
    spin_unlock(&process_table_lock);
    return error;
}

void signal_from_host(int signo)
{
    struct process *first = process_find(1);

    if (!first)
        return;
    if (signo > 0 && signo <= NSIG) {
        struct kernel_siginfo info = {.signo = signo, .code = SI_USER};
        signal_send_process(first, signo, &info);
    }
    process_put(first);
}

void signal_begin_group_exit_locked(struct process *process, int status)
{
    spin_lock(&process->signals.handlers->lock);
    if (!process->group_exit) {
        process->group_exit = true;
        process->exit_status = status;
    }
    resume(process);
    LIST_FOR_EACH(it, &process->tasks)
    thread_notify_signal(LIST_ENTRY(it, struct task, group_link)->thread);
    spin_unlock(&process->signals.handlers->lock);
}

static uint32_t uid_of(const struct process *process)
{
    return list_empty(&process->tasks)
               ? process->last_uid
               : LIST_FIRST(&process->tasks, struct task, group_link)->cred.uid;
}

void signal_tell_parent_locked(struct process *child, int code, int status)
{
    struct process *parent = child->parent;
    struct kernel_siginfo info = {.signo = SIGCHLD, .code = code};

    if (!parent)
        return;
    if (code == CLD_STOPPED || code == CLD_CONTINUED) {
        const struct signal_action *action = &parent->signals.handlers->action[SIGCHLD - 1];
        if (action->handler != SIG_IGN && !(action->flags & SA_NOCLDSTOP)) {
            info.kill.pid = child->pid;
            info.kill.uid = uid_of(child);
            info.kill.child.status = status;
            signal_send_locked(parent, NULL, SIGCHLD, &info);
        }
    }
    wake_all(&parent->child_wait, 0);
}
