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

/* The first that holds is told, with all events that Linux says for it. */
static const struct {
    uint32_t event;
    int code;
    uint32_t band;
} reasons[] = {
    {POLL_IN, SI_POLL_IN, POLL_IN | POLL_RDNORM},
    {POLL_PRI, SI_POLL_PRI, POLL_PRI | POLL_RDBAND},
    {POLL_OUT, SI_POLL_OUT, POLL_OUT | POLL_WRNORM | POLL_WRBAND},
    {POLL_HUP, SI_POLL_HUP, POLL_HUP | POLL_ERR},
    {POLL_ERR, SI_POLL_ERR, POLL_ERR},
};

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
    size_t reason = 0;
    while (reason + 1 < ARRAY_SIZE(reasons) && !(event->band & reasons[reason].event))
        reason++;
    info.code = reasons[reason].code;
    info.poll.band = reasons[reason].band;
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
