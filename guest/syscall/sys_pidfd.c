/* SPDX-License-Identifier: BSD-2-Clause */
/* pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2), process_madvise(2), signalfd(2). */
#include "fs/fd_table.h"
#include "fs/procfs.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/madvise.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm/vma.h"
#include "proc/pid.h"
#include "proc/pidfd.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define SIGSET_SIZE sizeof(uint64_t)
#define CAP_KILL 5

static int64_t install(struct file *file, bool close_on_exec)
{
    if (!file)
        return -ENOMEM;
    int64_t fd = fd_install(fd_current(), file, 0, fd_current_limit(), close_on_exec);
    if (fd < 0)
        file_put(file);
    return fd == -EINVAL ? -EMFILE : fd;
}

int64_t sys_pidfd_open(const struct syscall_args *args)
{
    int pid = (int)args->arg[0];
    uint32_t flags = (uint32_t)args->arg[1];

    if (pid <= 0 || (flags & ~O_NONBLOCK))
        return -EINVAL;
    struct process *process = process_find(pid);
    if (!process) {
        spin_lock(&process_table_lock);
        bool thread = task_find_locked(pid) != NULL;
        spin_unlock(&process_table_lock);
        return thread ? -EINVAL : -ESRCH;
    }
    int64_t fd = install(pidfd_create(process, flags), true);
    process_put(process);
    return fd;
}

/*
 * The process behind a descriptor: a reference, or NULL with *error.  directory:
 * an open /proc/PID will do.
 */
static struct process *process_of_fd(int fd, bool directory, int *error)
{
    struct file *file = fd_get(fd_current(), fd);
    struct process *process = file ? pidfd_process(file) : NULL;

    if (process)
        process_get(process);
    else if (file && directory)
        process = process_find(procfs_pid_of_directory(file));
    *error = process ? 0 : -EBADF;
    if (file)
        file_put(file);
    return process;
}

static bool may_reach(const struct task *target, int capability)
{
    const struct credentials *own = &current_task()->cred, *other = &target->cred;

    return target->process == current_process() || task_capable(capability) ||
           own->euid == other->suid || own->euid == other->uid || own->uid == other->suid ||
           own->uid == other->uid;
}

int64_t sys_pidfd_send_signal(const struct syscall_args *args)
{
    int signo = (int)args->arg[1], error;
    struct kernel_siginfo info = {.signo = signo, .code = SI_USER};

    if (args->arg[3])
        return -EINVAL;
    info.kill.pid = current_process()->pid;
    info.kill.uid = current_task()->cred.uid;
    struct process *process = process_of_fd((int)args->arg[0], true, &error);
    if (!process)
        return error;
    if (signo < 0 || signo > NSIG)
        error = -EINVAL;
    if (!error && args->arg[2]) {
        if (copy_from_user(&info, UADDR(args->arg[2]), sizeof(info)))
            error = -EFAULT;
        else if (info.signo != signo)
            error = -EINVAL;
        else if (process != current_process() && (info.code >= 0 || info.code == SI_TKILL))
            error = -EPERM;
    }
    spin_lock(&process_table_lock);
    if (!error && !process->number)
        error = -ESRCH; /* reaped */
    if (!error && !list_empty(&process->tasks)) {
        struct task *first = LIST_FIRST(&process->tasks, struct task, group_link);
        if (!may_reach(first, CAP_KILL))
            error = -EPERM;
        else if (signo)
            error = signal_send_locked(process, NULL, signo, &info);
    }
    spin_unlock(&process_table_lock);
    process_put(process);
    return error;
}

int64_t sys_pidfd_getfd(const struct syscall_args *args)
{
    struct fd_table *files = NULL;
    int error;

    if (args->arg[2])
        return -EINVAL;
    struct process *process = process_of_fd((int)args->arg[0], false, &error);
    if (!process)
        return error;
    spin_lock(&process_table_lock);
    struct task *first =
        list_empty(&process->tasks) ? NULL : LIST_FIRST(&process->tasks, struct task, group_link);
    error = first && first->files ? 0 : -ESRCH;
    if (!error && !task_may_inspect_locked(first))
        error = -EPERM;
    if (!error)
        files = fd_table_share(first->files);
    spin_unlock(&process_table_lock);
    process_put(process);
    if (error)
        return error;
    struct file *file = fd_get(files, (int)args->arg[1]);
    fd_table_put(files);
    return file ? install(file, true) : -EBADF;
}

static bool remote_advice_known(int advice)
{
    return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED ||
           advice == MADV_COLLAPSE;
}

/* The memory that a caller who may see and steer the process gets a reference to. */
static struct mm *advised_mm(struct process *process, int *error)
{
    struct mm *mm = NULL;

    spin_lock(&process_table_lock);
    struct task *first =
        list_empty(&process->tasks) ? NULL : LIST_FIRST(&process->tasks, struct task, group_link);
    if (!first || !first->thread->mm)
        *error = -ESRCH;
    else if (!task_may_inspect_locked(first) ||
             (process != current_process() && !task_capable(CAP_SYS_NICE)))
        *error = -EPERM;
    else
        mm_get(mm = first->thread->mm);
    spin_unlock(&process_table_lock);
    return mm;
}

static int64_t advise_ranges(struct mm *mm, const struct iov_user *ranges, size_t count, int advice)
{
    int64_t done = 0;

    for (size_t i = 0; i < count; i++) {
        int error = mm_advise(mm, ranges[i].base, ranges[i].length, advice);
        if (error)
            return done ? done : error;
        done += (int64_t)ranges[i].length;
    }
    return done;
}

int64_t sys_process_madvise(const struct syscall_args *args)
{
    struct iov_user small[IOV_INLINE], *ranges;
    int advice = (int)args->arg[3], error;

    if (args->arg[4])
        return -EINVAL;
    ssize_t total = iov_get(args->arg[1], args->arg[2], small, &ranges);
    if (total < 0)
        return total;
    struct process *process = process_of_fd((int)args->arg[0], false, &error);
    if (process && !remote_advice_known(advice))
        error = -EINVAL;
    struct mm *mm = error ? NULL : advised_mm(process, &error);
    int64_t result = mm ? advise_ranges(mm, ranges, args->arg[2], advice) : error;
    if (mm)
        mm_put(mm);
    if (process)
        process_put(process);
    if (ranges != small)
        kfree(ranges);
    return result;
}

static int64_t signalfd(const struct syscall_args *args, uint32_t flags)
{
    int fd = (int)args->arg[0];
    uint64_t mask;

    if (args->arg[2] != SIGSET_SIZE || (flags & ~(O_CLOEXEC | O_NONBLOCK)))
        return -EINVAL;
    if (get_user_u64(&mask, UADDR(args->arg[1])))
        return -EFAULT;
    if (fd == -1)
        return install(signalfd_create(mask, flags & O_NONBLOCK), flags & O_CLOEXEC);
    struct file *file = fd_get(fd_current(), fd);
    if (!file)
        return -EBADF;
    bool known = signalfd_set_mask(file, mask);
    file_put(file);
    return known ? fd : -EINVAL;
}

int64_t sys_signalfd(const struct syscall_args *args)
{
    return signalfd(args, 0);
}

int64_t sys_signalfd4(const struct syscall_args *args)
{
    return signalfd(args, (uint32_t)args->arg[3]);
}
