/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers of a process: setting them, and what exec leaves of them. */
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"

void (*signal_trace)(int signo);

/* A signal that is ignored from now on does not stay pending: POSIX. */
static void forget(struct process *process, uint64_t *pending, struct list *queue, int signo)
{
    if (!(*pending & SIGMASK(signo)))
        return;
    *pending &= ~SIGMASK(signo);
    LIST_FOR_EACH_SAFE(it, next, queue)
    {
        struct signal_queued *queued = LIST_ENTRY(it, struct signal_queued, link);

        if (queued->info.signo == signo) {
            list_remove(it);
            kfree(queued);
            process->signals.queued_count--;
        }
    }
}

void signal_handler_changed_locked(struct signal_handlers *handlers, int signo)
{
    uint64_t handler = handlers->action[signo - 1].handler, bit = SIGMASK(signo);

    handlers->ignored = (handlers->ignored & ~bit) | (handler == SIG_IGN ? bit : 0);
    handlers->caught = (handlers->caught & ~bit) | (handler > SIG_IGN ? bit : 0);
}

int signal_set_action(int signo, const struct signal_action *action, struct signal_action *old)
{
    struct process *process = current_process();
    struct signal_handlers *handlers = process->signals.handlers;

    if (signo < 1 || signo > NSIG || (action && (signo == SIGKILL || signo == SIGSTOP)))
        return -EINVAL;
    spin_lock(&process_table_lock); /* the list of tasks, see below */
    spin_lock(&handlers->lock);
    if (old)
        *old = handlers->action[signo - 1];
    if (action) {
        struct signal_action *entry = &handlers->action[signo - 1];
        *entry = *action;
        entry->flags &= SA_SUPPORTED;
        entry->mask &= ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
        signal_handler_changed_locked(handlers, signo);
        if (entry->handler == SIG_IGN ||
            (entry->handler == SIG_DFL && signal_default_ignored(signo))) {
            forget(process, &process->signals.pending, &process->signals.queue, signo);
            LIST_FOR_EACH(it, &process->tasks)
            {
                struct task *task = LIST_ENTRY(it, struct task, group_link);
                forget(process, &task->signals.pending, &task->signals.queue, signo);
            }
        }
    }
    spin_unlock(&handlers->lock);
    spin_unlock(&process_table_lock);
    return 0;
}

void signal_flush_handlers(struct signal_handlers *handlers)
{
    spin_lock(&handlers->lock);
    for (unsigned int i = 0; i < NSIG; i++) {
        uint64_t handler = handlers->action[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL;
        handlers->action[i] = (struct signal_action){.handler = handler};
    }
    handlers->caught = 0;
    spin_unlock(&handlers->lock);
}
