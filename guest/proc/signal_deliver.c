/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals on the way to user mode: which one is next, default actions, stopping,
 * handlers, and how an interrupted system call goes on.
 */
#include "arch/trap.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define SYSCALL_INSTRUCTION_SIZE 2u
#define SYSCALL_RESTART 219u /* restart_syscall(2) */
#define SYNCHRONOUS_SET                                                                          \
    (SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGFPE) | \
     SIGMASK(SIGSYS))

/* Takes signo off a queue; NULL: it came without siginfo. */
static struct signal_queued *take_entry(struct process *process, uint64_t *pending,
                                        struct list *queue, int signo)
{
    struct signal_queued *found = NULL;
    bool more = false;

    LIST_FOR_EACH(it, queue)
    {
        struct signal_queued *queued = LIST_ENTRY(it, struct signal_queued, link);

        if (queued->info.signo != signo)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = queued;
    }
    if (!more)
        *pending &= ~SIGMASK(signo);
    if (found) {
        list_remove(&found->link);
        process->signals.queued_count--;
    }
    return found;
}

/*
 * Faults first, then the lowest number, the task's own before the process's.  *entry is what
 * signal_entry_done_locked() wants in the end, or NULL: siginfo_of() knows both.
 */
static int take_locked(struct task *task, uint64_t set, struct signal_queued **entry)
{
    struct signal_state *shared = &task->process->signals;
    uint64_t own = task->signals.pending & set, common = shared->pending & set;

    if (own & SYNCHRONOUS_SET)
        own &= SYNCHRONOUS_SET;
    if (own) {
        int signo = __builtin_ctzl(own) + 1;
        *entry = take_entry(task->process, &task->signals.pending, &task->signals.queue, signo);
        return signo;
    }
    if (common) {
        int signo = __builtin_ctzl(common) + 1;
        *entry = take_entry(task->process, &shared->pending, &shared->queue, signo);
        return signo;
    }
    return 0;
}

static const struct kernel_siginfo *siginfo_of(const struct signal_queued *entry, int signo,
                                               struct kernel_siginfo *plain)
{
    if (LIKELY(entry != NULL))
        return &entry->info;
    *plain = (struct kernel_siginfo){.signo = signo, .code = SI_USER};
    return plain;
}

/* The flag that interrupts waits says exactly whether something is to be delivered. */
static void recalculate_locked(struct task *task)
{
    struct process *process = task->process;
    uint64_t pending = task->signals.pending | process->signals.pending;
    bool work = (pending & ~task->signals.blocked) || process->group_exit || task->ending ||
                process->stopping;

    atomic_store_explicit(&task->thread->signal_pending, work, memory_order_relaxed);
    if (work)
        trap_request_user_return();
}

bool signal_is_pending(void)
{
    return atomic_load_explicit(&current_thread()->signal_pending, memory_order_relaxed);
}

/* Signals for the process that this task would have taken, and blocks now: others must look. */
static void retarget_locked(struct task *task, uint64_t newly_blocked)
{
    struct process *process = task->process;
    uint64_t left = process->signals.pending & newly_blocked;

    if (LIKELY(!left))
        return;
    LIST_FOR_EACH(it, &process->tasks)
    {
        struct task *other = LIST_ENTRY(it, struct task, group_link);
        if (other != task && !other->exited && (left & ~other->signals.blocked))
            thread_notify_signal(other->thread);
    }
}

static void set_blocked_locked(struct task *task, uint64_t blocked)
{
    blocked &= ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
    retarget_locked(task, blocked & ~task->signals.blocked);
    task->signals.blocked = blocked;
    recalculate_locked(task);
}

void signal_set_blocked(uint64_t blocked)
{
    struct task *task = current_task();
    struct spinlock *lock = &task->process->signals.handlers->lock;

    spin_lock(lock);
    set_blocked_locked(task, blocked);
    spin_unlock(lock);
}

void signal_set_temporary_mask(uint64_t blocked)
{
    struct signal_task *signals = &current_task()->signals;

    signals->saved_mask = signals->blocked;
    signals->restore_saved = true;
    signal_set_blocked(blocked);
}

void signal_restore_mask(void)
{
    struct signal_task *signals = &current_task()->signals;

    if (!signals->restore_saved)
        return;
    signals->restore_saved = false;
    signal_set_blocked(signals->saved_mask);
}

int signal_take(uint64_t set, struct kernel_siginfo *info)
{
    struct task *task = current_task();
    struct spinlock *lock = &task->process->signals.handlers->lock;
    struct signal_queued *entry = NULL;

    spin_lock(lock);
    int signo = take_locked(task, set & ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP)), &entry);
    if (signo)
        *info = *siginfo_of(entry, signo, info);
    if (entry)
        signal_entry_done_locked(task->process, entry);
    recalculate_locked(task);
    spin_unlock(lock);
    if (signo)
        process_timer_delivered(task->process, info);
    return signo;
}

uint64_t signal_pending_set(void)
{
    struct task *task = current_task();

    return task->signals.pending | task->process->signals.pending;
}

void signal_force(int signo, int code, uint64_t address)
{
    struct task *task = current_task();
    struct signal_handlers *handlers = task->process->signals.handlers;
    struct kernel_siginfo info = {.signo = signo, .code = code};

    if (code == SI_KERNEL || code == SI_USER)
        info.fault.address = 0;
    else
        info.fault.address = address;
    spin_lock(&process_table_lock);
    spin_lock(&handlers->lock);
    struct signal_action *action = &handlers->action[signo - 1];
    if (action->handler == SIG_IGN || (task->signals.blocked & SIGMASK(signo)))
        action->handler = SIG_DFL;
    signal_handler_changed_locked(handlers, signo);
    task->signals.blocked &= ~SIGMASK(signo);
    spin_unlock(&handlers->lock);
    signal_send_locked(task->process, task, signo, &info);
    spin_unlock(&process_table_lock);
    atomic_store_explicit(&task->thread->signal_pending, true, memory_order_relaxed);
    trap_request_user_return();
}

/* ---- default actions ------------------------------------------------------ */

/* A stop signal takes effect: all tasks are asked to stop. */
static void begin_stop(struct process *process, int signo)
{
    spin_lock(&process_table_lock);
    if (signo == SIGSTOP || !group_is_orphaned_locked(process->group)) {
        spin_lock(&process->signals.handlers->lock);
        if (!process->group_exit && !process->stopping && current_task()->signals.stop_taken) {
            process->stopping = true;
            process->stop_number++;
            process->stop_signal = signo;
            process->stopped_tasks = 0;
            LIST_FOR_EACH(it, &process->tasks)
            thread_notify_signal(LIST_ENTRY(it, struct task, group_link)->thread);
        }
        spin_unlock(&process->signals.handlers->lock);
    }
    spin_unlock(&process_table_lock);
}

static void sleep_stopped(struct process *process)
{
    struct wait_entry entry;

    spin_lock(&process_table_lock);
    spin_lock(&process->signals.handlers->lock);
    /* Continued and stopped again before we woke up: that is another stop, to be counted in. */
    uint32_t number = process->stop_number;
    bool all = false;
    if (process->stopping && ++process->stopped_tasks >= process->task_count && !process->stopped) {
        process->stopped = all = true;
        process->stop_reported = process->continued = false;
    }
    spin_unlock(&process->signals.handlers->lock);
    if (all)
        signal_tell_parent_locked(process, CLD_STOPPED, process->stop_signal);
    spin_unlock(&process_table_lock);

    wait_begin(&process->stop_wait, &entry);
    while (process->stopping && process->stop_number == number && !process->group_exit &&
           !current_task()->ending) {
        wait_sleep_uninterruptible(WAIT_FOREVER);
        wait_again(&process->stop_wait, &entry);
    }
    wait_end(&process->stop_wait, &entry);
}

/*
 * The next signal that has a handler; 0 when none is left.  Default actions
 * happen in here and may not return.  With a handler, the caller sets the mask next.
 */
static int next_handled(struct task *task, struct signal_queued **queued,
                        struct signal_action *action)
{
    struct process *process = task->process;
    struct signal_handlers *handlers = process->signals.handlers;

    for (;;) {
        if (UNLIKELY(process->group_exit))
            task_exit(process->exit_status);
        if (UNLIKELY(task->ending))
            task_exit(0);
        if (UNLIKELY(process->stopping)) {
            sleep_stopped(process);
            continue;
        }
        spin_lock(&handlers->lock);
        int signo = take_locked(task, ~task->signals.blocked, queued);
        if (!signo) {
            recalculate_locked(task);
            spin_unlock(&handlers->lock);
            if (process->group_exit || task->ending || process->stopping)
                continue;
            return 0;
        }
        if (UNLIKELY(signal_trace))
            signal_trace(signo);
        struct signal_action *entry = &handlers->action[signo - 1];
        *action = *entry;
        task->signals.stop_taken = signal_default_stops(signo);
        if (action->handler > SIG_IGN && (action->flags & SA_RESETHAND)) {
            entry->handler = SIG_DFL;
            signal_handler_changed_locked(handlers, signo);
        }
        if (action->handler > SIG_IGN) {
            spin_unlock(&handlers->lock);
            return signo;
        }
        struct kernel_siginfo plain, info = *siginfo_of(*queued, signo, &plain);
        if (*queued)
            signal_entry_done_locked(process, *queued);
        recalculate_locked(task);
        spin_unlock(&handlers->lock);
        process_timer_delivered(process, &info);
        if (action->handler == SIG_IGN || signal_default_ignored(signo))
            continue;
        if (!signal_default_stops(signo))
            process_die_of(&info);
        begin_stop(process, signo);
    }
}

/* ---- interrupted system calls ---------------------------------------------- */

static bool wants_restart(const struct trap_frame *frame)
{
    int64_t result = (int64_t)frame->rax;

    return (int64_t)frame->orig_rax >= 0 && result <= -ERESTARTSYS &&
           result >= -ERESTART_RESTARTBLOCK;
}

static void repeat(struct trap_frame *frame, uint64_t number)
{
    frame->rax = number;
    frame->rip -= SYSCALL_INSTRUCTION_SIZE;
}

static void restart_without_handler(struct trap_frame *frame)
{
    if (wants_restart(frame))
        repeat(frame,
               (int64_t)frame->rax == -ERESTART_RESTARTBLOCK ? SYSCALL_RESTART : frame->orig_rax);
}

static void restart_with_handler(struct trap_frame *frame, const struct signal_action *action)
{
    if (!wants_restart(frame))
        return;
    switch (-(int64_t)frame->rax) {
    case ERESTARTNOINTR:
        repeat(frame, frame->orig_rax);
        break;
    case ERESTARTSYS:
        if (action->flags & SA_RESTART) {
            repeat(frame, frame->orig_rax);
            break;
        }
        __attribute__((fallthrough));
    default:
        frame->rax = (uint64_t)-EINTR;
    }
}

/* The handler has its frame, or not: what it blocks, and the entry goes back. */
static void finish_delivery(struct task *task, uint64_t blocked, struct signal_queued *queued)
{
    struct spinlock *lock = &task->process->signals.handlers->lock;

    spin_lock(lock);
    if (queued)
        signal_entry_done_locked(task->process, queued);
    set_blocked_locked(task, blocked);
    spin_unlock(lock);
}

void signal_deliver(struct trap_frame *frame)
{
    struct task *task = current_task();
    struct signal_queued *queued = NULL;
    struct kernel_siginfo plain;
    struct signal_action action;
    int signo = next_handled(task, &queued, &action);

    if (!signo) {
        restart_without_handler(frame);
        frame->orig_rax = UINT64_MAX; /* once is enough */
        signal_restore_mask();
        return;
    }
    restart_with_handler(frame, &action);
    frame->orig_rax = UINT64_MAX;
    if (queued)
        process_timer_delivered(task->process, &queued->info);
    rseq_on_signal(frame);
    uint64_t blocked = task->signals.blocked;
    uint64_t mask = task->signals.restore_saved ? task->signals.saved_mask : blocked;
    if (!signal_frame_push(frame, signo, siginfo_of(queued, signo, &plain), &action, mask)) {
        finish_delivery(task, blocked, queued);
        if (signo == SIGSEGV) { /* its own frame does not fit: no handler can help */
            struct signal_action reset = {.handler = SIG_DFL};
            signal_set_action(SIGSEGV, &reset, NULL);
        }
        signal_force(SIGSEGV, SI_KERNEL, 0);
        return;
    }
    task->signals.restore_saved = false;
    blocked |= action.mask;
    if (!(action.flags & SA_NODEFER))
        blocked |= SIGMASK(signo);
    finish_delivery(task, blocked, queued);
}
