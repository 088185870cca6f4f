/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls for making, replacing, awaiting and ending processes and threads. */
#include "arch/context.h"
#include "fs/fd_table.h"
#include "fs/vfs.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

/* ---- making ------------------------------------------------------------------------ */

int64_t sys_fork(const struct syscall_args *args)
{
    (void)args;
    return process_clone(&(struct clone_args_kernel){.exit_signal = SIGCHLD});
}

int64_t sys_vfork(const struct syscall_args *args)
{
    (void)args;
    return process_clone(
        &(struct clone_args_kernel){.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD});
}

int64_t sys_clone(const struct syscall_args *args)
{
    struct clone_args_kernel clone = {
        .flags = (uint32_t)args->arg[0] & ~CSIGNAL,
        .exit_signal = (int)(args->arg[0] & CSIGNAL),
        .stack = UADDR(args->arg[1]),
        .parent_tid = UADDR(args->arg[2]),
        .child_tid = UADDR(args->arg[3]),
        .tls = UADDR(args->arg[4]),
        .pidfd = UADDR(args->arg[2]),
    };

    return process_clone(&clone);
}

int64_t sys_clone3(const struct syscall_args *args)
{
    struct linux_clone_args user = {0};
    uint64_t size = args->arg[1];

    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(&user, UADDR(args->arg[0]), MIN(size, sizeof(user))))
        return -EFAULT;
    for (uint64_t at = sizeof(user); at < size; at += 8) { /* fields of the future must be 0 */
        uint64_t word = 0;
        if (copy_from_user(&word, UADDR(args->arg[0] + at), MIN(size - at, 8ul)))
            return -EFAULT;
        if (word)
            return -E2BIG;
    }
    if ((user.flags & (CSIGNAL | CLONE_DETACHED)) || user.exit_signal > NSIG)
        return -EINVAL;
    if (!user.stack != !user.stack_size || user.set_tid_size)
        return -EINVAL;
    if ((user.flags & (CLONE_THREAD | CLONE_PARENT)) && user.exit_signal)
        return -EINVAL;
    struct clone_args_kernel clone = {
        .flags = user.flags,
        .exit_signal = (int)user.exit_signal,
        .stack = UADDR(user.stack ? user.stack + user.stack_size : 0),
        .parent_tid = UADDR(user.parent_tid),
        .child_tid = UADDR(user.child_tid),
        .tls = UADDR(user.tls),
        .pidfd = UADDR(user.pidfd),
    };
    return process_clone(&clone);
}

/* ---- replacing ---------------------------------------------------------------------- */

static int read_path(char **path, uint64_t address)
{
    *path = kmalloc(PATH_MAX);
    if (!*path)
        return -ENOMEM;
    ssize_t length = copy_string_from_user(*path, UADDR(address), PATH_MAX);
    if (length < 0)
        kfree(*path);
    return length < 0 ? (int)length : 0;
}

int64_t sys_execve(const struct syscall_args *args)
{
    char *path;
    int error = read_path(&path, args->arg[0]);

    if (error)
        return error;
    error = path[0] ? process_exec(NULL, path, WALK_FOLLOW, path, UADDR(args->arg[1]),
                                   UADDR(args->arg[2]))
                    : -ENOENT;
    kfree(path);
    return error;
}

/* A program named relative to a descriptor is called /dev/fd/N/PATH. */
static int exec_at(int fd, const char *path, uint32_t walk, uaddr_t argv, uaddr_t envp)
{
    size_t size = strlen(path) + sizeof("/dev/fd/-2147483648/");
    struct file *file = fd_get(fd_current(), fd);
    char *display;
    int error;

    if (!file)
        return -EBADF;
    display = kmalloc(size);
    if (!display) {
        error = -ENOMEM;
    } else if (!file->dentry) {
        error = path[0] ? -ENOTDIR : -EACCES;
    } else {
        snprintf(display, size, path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", fd, path);
        error = process_exec(file->dentry, path, walk, display, argv, envp);
    }
    kfree(display);
    file_put(file);
    return error;
}

int64_t sys_execveat(const struct syscall_args *args)
{
    int fd = (int)args->arg[0];
    uint32_t flags = (uint32_t)args->arg[4];
    uaddr_t argv = UADDR(args->arg[2]), envp = UADDR(args->arg[3]);
    uint32_t walk = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    char *path;

    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    int error = read_path(&path, args->arg[1]);
    if (error)
        return error;
    if (flags & AT_EMPTY_PATH)
        walk |= WALK_EMPTY;
    if (!path[0] && !(flags & AT_EMPTY_PATH))
        error = -ENOENT;
    else if (fd == AT_FDCWD || path[0] == '/')
        error = process_exec(NULL, path, walk, path, argv, envp);
    else
        error = exec_at(fd, path, walk, argv, envp);
    kfree(path);
    return error;
}

/* ---- ending and awaiting ------------------------------------------------------------- */

int64_t sys_exit(const struct syscall_args *args)
{
    task_exit((int)(args->arg[0] & 0xff) << 8);
}

int64_t sys_exit_group(const struct syscall_args *args)
{
    process_exit_group((int)(args->arg[0] & 0xff) << 8);
}

static int put_usage(uint64_t address, const struct wait_result *result)
{
    struct linux_rusage usage = {
        .utime_sec = (int64_t)(result->user_ns / 1000000000u),
        .utime_usec = (int64_t)(result->user_ns % 1000000000u / 1000u),
        .stime_sec = (int64_t)(result->system_ns / 1000000000u),
        .stime_usec = (int64_t)(result->system_ns % 1000000000u / 1000u),
        .maxrss = (int64_t)(result->rss_max_pages * (PAGE_SIZE / 1024)),
        .minflt = (int64_t)result->min_faults,
        .nvcsw = (int64_t)result->voluntary,
        .nivcsw = (int64_t)result->involuntary,
    };

    return address ? copy_to_user(UADDR(address), &usage, sizeof(usage)) : 0;
}

int64_t sys_wait4(const struct syscall_args *args)
{
    int pid = (int)args->arg[0], which = P_PID;
    uint32_t options = (uint32_t)args->arg[2];
    struct wait_result result;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
        return -EINVAL;
    if (pid == INT_MIN)
        return -ESRCH;
    if (pid == -1) {
        which = P_ALL;
    } else if (pid <= 0) {
        which = P_PGID;
        pid = -pid;
    }
    if (args->arg[3])
        process_split_times(); /* before it waits: the child has yet to run */
    int error = process_wait(which, pid, options | WEXITED, &result);
    if (error || !result.pid)
        return error;
    if (args->arg[1] && put_user_u32(UADDR(args->arg[1]), (uint32_t)result.status))
        return -EFAULT;
    if (put_usage(args->arg[3], &result))
        return -EFAULT;
    return result.pid;
}

static int pid_of_fd(int fd, bool *nonblocking)
{
    struct file *file = fd_get(fd_current(), fd);
    struct process *process = file ? pidfd_process(file) : NULL;
    int pid = process ? process->pid : -EBADF;

    *nonblocking = process && (atomic_load(&file->flags) & O_NONBLOCK);

    if (file)
        file_put(file);
    return pid;
}

int64_t sys_waitid(const struct syscall_args *args)
{
    int which = (int)args->arg[0], id = (int)args->arg[1];
    uint32_t options = (uint32_t)args->arg[3];
    struct wait_result result;
    struct kernel_siginfo info = {0};

    if ((options &
         ~(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT | WNOTHREAD | WALL | WCLONE)) ||
        !(options & (WEXITED | WUNTRACED | WCONTINUED)))
        return -EINVAL;
    bool nonblocking = false;
    if (which == P_PIDFD) {
        if (id < 0)
            return -EINVAL;
        int pid = pid_of_fd(id, &nonblocking);
        if (pid < 0)
            return pid;
        nonblocking = nonblocking && !(options & WNOHANG);
        options |= nonblocking ? WNOHANG : 0;
        which = P_PID;
        id = pid;
    }
    if ((which != P_ALL && which != P_PID && which != P_PGID) || (which == P_PID && id <= 0) ||
        (which == P_PGID && id < 0))
        return -EINVAL;
    if (args->arg[4])
        process_split_times();
    int error = process_wait(which, id, options, &result);
    if (!error && !result.pid && nonblocking)
        error = -EAGAIN;
    if (!error && result.pid) {
        info.signo = SIGCHLD;
        info.code = result.code;
        info.kill.pid = result.pid;
        info.kill.uid = result.uid;
        info.kill.child.status = result.code_status;
    }
    /* Linux leaves the rest of the structure alone, and writes it also when the wait failed. */
    if (args->arg[2] && copy_to_user(UADDR(args->arg[2]), &info, 28))
        return -EFAULT;
    if (error)
        return error;
    return result.pid && put_usage(args->arg[4], &result) ? -EFAULT : 0;
}
