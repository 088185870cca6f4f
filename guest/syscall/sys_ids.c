/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on numbers: process, thread, group, session, and per-thread addresses. */
#include "fs/tty.h"
#include "lib/errno.h"
#include "mm/uaccess.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

int64_t sys_getpid(const struct syscall_args *args)
{
    (void)args;
    return current_process()->pid;
}

int64_t sys_gettid(const struct syscall_args *args)
{
    (void)args;
    return current_task()->tid;
}

/* Orphans belong to the kernel, but programs know the reaper as process 1. */
int64_t sys_getppid(const struct syscall_args *args)
{
    struct process *self = current_process();

    (void)args;
    spin_lock(&process_table_lock);
    int parent = self->parent ? self->parent->pid : self->pid != 1;
    spin_unlock(&process_table_lock);
    return parent;
}

/* 0 means the caller; NULL: nobody has that number.  process_table_lock held. */
static struct process *by_pid_locked(int pid)
{
    if (pid == 0)
        return current_process();
    struct pid_node *node = pid > 0 ? pid_find(pid) : NULL;
    return node ? node->process : NULL;
}

int64_t sys_getpgid(const struct syscall_args *args)
{
    spin_lock(&process_table_lock);
    struct process *process = by_pid_locked((int)args->arg[0]);
    int64_t result = process ? process->pgid : -ESRCH;
    spin_unlock(&process_table_lock);
    return result;
}

int64_t sys_getpgrp(const struct syscall_args *args)
{
    (void)args;
    return current_process()->pgid;
}

int64_t sys_getsid(const struct syscall_args *args)
{
    spin_lock(&process_table_lock);
    struct process *process = by_pid_locked((int)args->arg[0]);
    int64_t result = process ? process->sid : -ESRCH;
    spin_unlock(&process_table_lock);
    return result;
}

static int set_group_locked(struct process *process, int pgid)
{
    struct process *self = current_process();
    struct pid_node *group = pid_find(pgid);

    if (!process || (process != self && process->parent != self))
        return -ESRCH;
    if (process != self && process->did_exec)
        return -EACCES;
    if (process->sid != self->sid || process->pid == process->sid)
        return -EPERM;
    if (pgid != process->pid) { /* an existing group of the same session */
        if (!group || list_empty(&group->members) ||
            LIST_FIRST(&group->members, struct process, group_member)->sid != process->sid)
            return -EPERM;
    }
    if (process->pgid != pgid)
        pid_join(process, group, process->session);
    return 0;
}

int64_t sys_setpgid(const struct syscall_args *args)
{
    int pid = (int)args->arg[0], pgid = (int)args->arg[1];

    if (pgid < 0 || (!pgid && pid < 0))
        return -EINVAL;
    spin_lock(&process_table_lock);
    struct process *process = by_pid_locked(pid);
    int error = set_group_locked(process, pgid ? pgid : process ? process->pid : 0);
    spin_unlock(&process_table_lock);
    return error;
}

int64_t sys_vhangup(const struct syscall_args *args)
{
    (void)args;
    if (!task_capable(CAP_SYS_TTY_CONFIG))
        return -EPERM;
    tty_hang_up_session(current_process()->sid);
    return 0;
}

int64_t sys_setsid(const struct syscall_args *args)
{
    struct process *self = current_process();
    int64_t result = self->pid;

    (void)args;
    spin_lock(&process_table_lock);
    /* Not while a group is called by our number. */
    if (!list_empty(&self->number->members)) {
        result = -EPERM;
    } else {
        pid_join(self, self->number, self->number);
    }
    spin_unlock(&process_table_lock);
    return result;
}

int64_t sys_set_tid_address(const struct syscall_args *args)
{
    struct task *task = current_task();

    task->clear_child_tid = UADDR(args->arg[0]);
    return task->tid;
}

int64_t sys_set_robust_list(const struct syscall_args *args)
{
    if (args->arg[1] != sizeof(struct linux_robust_list_head))
        return -EINVAL;
    current_task()->robust_list = UADDR(args->arg[0]);
    return 0;
}

int64_t sys_get_robust_list(const struct syscall_args *args)
{
    int tid = (int)args->arg[0];
    uint64_t list = 0;

    spin_lock(&process_table_lock);
    struct task *task = tid ? task_find_locked(tid) : current_task();
    int error = !task ? -ESRCH : task_may_inspect_locked(task) ? 0 : -EPERM;
    if (!error)
        list = task->robust_list.raw;
    spin_unlock(&process_table_lock);
    if (error)
        return error;
    if (put_user_u64(UADDR(args->arg[2]), sizeof(struct linux_robust_list_head)))
        return -EFAULT;
    return put_user_u64(UADDR(args->arg[1]), list);
}

int64_t sys_rseq(const struct syscall_args *args)
{
    return rseq_register(UADDR(args->arg[0]), (uint32_t)args->arg[1], (uint32_t)args->arg[2],
                         (uint32_t)args->arg[3]);
}
