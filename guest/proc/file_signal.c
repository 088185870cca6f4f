/* SPDX-License-Identifier: BSD-2-Clause */
/* SIGIO and its kin: finds who owns an open file and sends; fs/file_owner.h. */
#include "fs/file_owner.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

/* Whoever named the receiver must have been allowed to signal it. */
static bool allowed(const struct file_owner_event *event, const struct task *task)
{
    const struct credentials *cred = &task->cred;

    return event->euid == 0 || event->euid == cred->suid || event->euid == cred->uid ||
           event->uid == cred->suid || event->uid == cred->uid;
}

static void send_one(const struct file_owner_event *event, struct process *process,
                     struct task *task)
{
    struct kernel_siginfo info = {.signo = event->signo};
    const struct task *judged = task ? task : process->leader;

    if (!judged || !allowed(event, judged))
        return;
    if (event->urgent || !event->signo) {
        signal_send_locked(process, task, event->urgent ? SIGURG : SIGIO, NULL);
        return;
    }
    info.code = (event->band & POLL_HUP)   ? SI_POLL_HUP
                : (event->band & POLL_ERR) ? SI_POLL_ERR
                : (event->band & POLL_IN)  ? SI_POLL_IN
                : (event->band & POLL_PRI) ? SI_POLL_PRI
                                           : SI_POLL_OUT;
    info.poll.band = event->band;
    info.poll.fd = event->fd;
    signal_send_locked(process, task, event->signo, &info);
}

static void send(const struct file_owner_event *event)
{
    spin_lock(&process_table_lock);
    struct pid_node *node = pid_find(event->to.id);
    if (node && event->to.type == FILE_OWNER_TID && node->task) {
        send_one(event, node->task->process, node->task);
    } else if (node && event->to.type == FILE_OWNER_PID && node->process) {
        send_one(event, node->process, NULL);
    } else if (node && event->to.type == FILE_OWNER_PGRP) {
        LIST_FOR_EACH(it, &node->members)
        send_one(event, LIST_ENTRY(it, struct process, group_member), NULL);
    }
    spin_unlock(&process_table_lock);
}

void process_connect_files(void)
{
    file_owner_set_sender(send);
}
