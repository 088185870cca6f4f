/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that send signals: kill(2), tgkill(2), rt_sigqueueinfo(2). */
#include "lib/errno.h"
#include "mm/uaccess.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

#define CAP_KILL 5

static struct kernel_siginfo own_info(int signo, int code)
{
    struct kernel_siginfo info = {.signo = signo, .code = code};

    info.kill.pid = current_process()->pid;
    info.kill.uid = current_task()->cred.uid;
    return info;
}

/* kill(2), "Permissions"; target has at least one task. */
static bool may_signal(const struct task *target, int signo)
{
    const struct credentials *own = &current_task()->cred, *other = &target->cred;

    if (target->process == current_process() || task_capable(CAP_KILL))
        return true;
    if (own->euid == other->suid || own->euid == other->uid || own->uid == other->suid ||
        own->uid == other->uid)
        return true;
    return signo == SIGCONT && target->process->sid == current_process()->sid;
}

/* process_table_lock held; task NULL: any task of the process. */
static int send_checked_locked(struct process *process, struct task *task, int signo,
                               const struct kernel_siginfo *info)
{
    struct task *target = task;

    if (!target && !list_empty(&process->tasks))
        target = LIST_FIRST(&process->tasks, struct task, group_link);
    if (target && !may_signal(target, signo))
        return -EPERM;
    return signo && target ? signal_send_locked(process, task, signo, info) : 0;
}

static int kill_group_locked(int pgid, int signo, const struct kernel_siginfo *info)
{
    struct pid_node *group = pid_find(pgid);
    int error = -ESRCH;

    if (!group)
        return error;
    LIST_FOR_EACH(it, &group->members)
    {
        struct process *member = LIST_ENTRY(it, struct process, group_member);
        int one = send_checked_locked(member, NULL, signo, info);

        if (error == -ESRCH || one == 0)
            error = one;
    }
    return error;
}

/* kill(-1): all but process 1 and ourselves. */
static int kill_all_locked(int signo, const struct kernel_siginfo *info)
{
    int error = -ESRCH;

    for (struct pid_node *node = pid_find_next(2); node; node = pid_find_next(node->number + 1)) {
        if (!node->process || node->process == current_process())
            continue;
        int one = send_checked_locked(node->process, NULL, signo, info);
        if (error != 0)
            error = one;
    }
    return error;
}

int64_t sys_kill(const struct syscall_args *args)
{
    int pid = (int)args->arg[0], signo = (int)args->arg[1];
    struct kernel_siginfo info = own_info(signo, SI_USER);
    int error;

    if (signo < 0 || signo > NSIG)
        return -EINVAL;
    spin_lock(&process_table_lock);
    if (pid > 0) {
        struct pid_node *node = pid_find(pid);
        struct process *process = node ? node->process : NULL;
        if (node && !process && node->task)
            process = node->task->process; /* a thread's number means its process */
        error = process ? send_checked_locked(process, NULL, signo, &info) : -ESRCH;
    } else if (pid == 0) {
        error = kill_group_locked(current_process()->pgid, signo, &info);
    } else if (pid == -1) {
        error = kill_all_locked(signo, &info);
    } else {
        error = pid == INT_MIN ? -ESRCH : kill_group_locked(-pid, signo, &info);
    }
    spin_unlock(&process_table_lock);
    return error;
}

static int send_to_thread(int tgid, int tid, int signo, const struct kernel_siginfo *info)
{
    spin_lock(&process_table_lock);
    struct task *task = task_find_locked(tid);
    int error = -ESRCH;

    if (task && (tgid == -1 || task->process->pid == tgid))
        error = send_checked_locked(task->process, task, signo, info);
    spin_unlock(&process_table_lock);
    return error;
}

int64_t sys_tkill(const struct syscall_args *args)
{
    int tid = (int)args->arg[0], signo = (int)args->arg[1];
    struct kernel_siginfo info = own_info(signo, SI_TKILL);

    if (tid <= 0 || signo < 0 || signo > NSIG)
        return -EINVAL;
    return send_to_thread(-1, tid, signo, &info);
}

int64_t sys_tgkill(const struct syscall_args *args)
{
    int tgid = (int)args->arg[0], tid = (int)args->arg[1], signo = (int)args->arg[2];
    struct kernel_siginfo info = own_info(signo, SI_TKILL);

    if (tgid <= 0 || tid <= 0 || signo < 0 || signo > NSIG)
        return -EINVAL;
    return send_to_thread(tgid, tid, signo, &info);
}

/* A program may not pretend that the kernel or kill(2) sent a signal to somebody else. */
static int read_info(struct kernel_siginfo *info, uint64_t address, int signo, int pid)
{
    if (copy_from_user(info, UADDR(address), sizeof(*info)))
        return -EFAULT;
    info->signo = signo;
    if ((info->code >= 0 || info->code == SI_TKILL) && pid != current_process()->pid &&
        pid != current_task()->tid)
        return -EPERM;
    return 0;
}

int64_t sys_rt_sigqueueinfo(const struct syscall_args *args)
{
    int pid = (int)args->arg[0], signo = (int)args->arg[1];
    struct kernel_siginfo info;
    int error = read_info(&info, args->arg[2], signo, pid);

    if (error)
        return error;
    if (signo < 0 || signo > NSIG)
        return -EINVAL;
    spin_lock(&process_table_lock);
    struct pid_node *node = pid > 0 ? pid_find(pid) : NULL;
    struct process *process = node ? node->process : NULL;
    if (node && !process && node->task)
        process = node->task->process;
    error = process ? send_checked_locked(process, NULL, signo, &info) : -ESRCH;
    spin_unlock(&process_table_lock);
    return error;
}

int64_t sys_rt_tgsigqueueinfo(const struct syscall_args *args)
{
    int tgid = (int)args->arg[0], tid = (int)args->arg[1], signo = (int)args->arg[2];
    struct kernel_siginfo info;
    int error = read_info(&info, args->arg[3], signo, tgid);

    if (error != -EFAULT && (tgid <= 0 || tid <= 0 || signo < 0 || signo > NSIG))
        return -EINVAL;
    if (error)
        return error;
    return send_to_thread(tgid, tid, signo, &info);
}
