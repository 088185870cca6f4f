/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl(2), ioctl(2), flock(2), and the calls that order or hint: fsync, fadvise. */
#include "fs/file_lock.h"
#include "fs/inode.h"
#include "fs/memfd.h"
#include "fs/mount.h"
#include "fs/pipe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define FLAGS_CHANGEABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static void change_flags(struct file *file, uint32_t set, uint32_t clear)
{
    uint32_t old = atomic_load(&file->flags);

    while (!atomic_compare_exchange_weak(&file->flags, &old, (old & ~clear) | set)) {
    }
}

static int64_t duplicate(struct file *file, uint64_t minimum, bool close_on_exec)
{
    int64_t fd;

    if (minimum > INT_MAX)
        return -EINVAL;
    fd = fd_install(fd_current(), file_get(file), (int)minimum, fd_current_limit(), close_on_exec);
    if (fd < 0)
        file_put(file);
    return fd;
}

/* The range of struct flock, from whence, with a length that may be negative.  0 or errno. */
static int lock_range(struct file *file, const struct linux_flock *lock,
                      struct file_lock_request *request)
{
    int64_t base = 0, end;

    if (lock->whence == SEEK_CUR)
        base = file->pos;
    else if (lock->whence == SEEK_END)
        base = (int64_t)file->inode->attr.size;
    else if (lock->whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, lock->start, &base))
        return -EOVERFLOW;
    end = INT64_MAX;
    if (lock->length && __builtin_add_overflow(base, lock->length - (lock->length > 0), &end))
        return -EOVERFLOW;
    if (lock->length < 0) { /* the bytes before start */
        int64_t start = end;

        end = base - 1;
        base = start;
    }
    if (base < 0)
        return -EINVAL;
    request->start = (uint64_t)base;
    request->end = end == INT64_MAX ? UINT64_MAX : (uint64_t)end;
    return 0;
}

static int64_t test_lock(struct file *file, struct linux_flock *lock,
                         struct file_lock_request *request, uint64_t address)
{
    file_lock_test(file->inode, request);
    lock->type = (int16_t)request->type;
    if (request->type != FILE_LOCK_NONE) {
        lock->whence = SEEK_SET;
        lock->start = (int64_t)request->start;
        lock->length =
            request->end == UINT64_MAX ? 0 : (int64_t)(request->end - request->start + 1);
        lock->pid = request->pid;
    }
    return copy_to_user(UADDR(address), lock, sizeof(*lock));
}

static int64_t record_lock(struct file *file, uint64_t command, uint64_t address)
{
    bool of_file = command >= F_OFD_GETLK;
    struct file_lock_request request = {.owner = of_file ? (const void *)file : fd_current(),
                                        .pid = of_file ? -1 : current_process()->pid};
    struct linux_flock lock;
    int error;

    if (copy_from_user(&lock, UADDR(address), sizeof(lock)))
        return -EFAULT;
    if (lock.type < F_RDLCK || lock.type > F_UNLCK || !file->inode || (of_file && lock.pid))
        return -EINVAL;
    request.type = (enum file_lock_type)lock.type;
    error = lock_range(file, &lock, &request);
    if (error)
        return error;
    if (command == F_GETLK || command == F_OFD_GETLK)
        return lock.type == F_UNLCK ? -EINVAL : test_lock(file, &lock, &request, address);
    if ((lock.type == F_RDLCK && !(file->mode & FMODE_READ)) ||
        (lock.type == F_WRLCK && !(file->mode & FMODE_WRITE)))
        return -EBADF;
    return file_lock_set(file->inode, &request, command == F_SETLKW || command == F_OFD_SETLKW);
}

/* Commands that need the open file itself, not only the descriptor. */
static int64_t file_command(struct file *file, int fd, uint64_t command, uint64_t arg)
{
    switch (command) {
    case F_SETFL:
        if ((arg & O_NOATIME) && file->inode && !inode_owner_or_privileged(file->inode))
            return -EPERM;
        if (!(arg & O_APPEND) && file->inode && (file->inode->flags & INODE_APPEND))
            return -EPERM;
        if (((uint32_t)arg ^ atomic_load(&file->flags)) & O_ASYNC) {
            int error = set_async(file, fd, arg & O_ASYNC);

            if (error && error != -EINVAL) /* where nothing tells of news: no effect */
                return error;
        }
        change_flags(file, (uint32_t)arg & FLAGS_CHANGEABLE, FLAGS_CHANGEABLE);
        return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return record_lock(file, command, arg);
    case F_SETOWN:
    case F_GETOWN:
    case F_SETOWN_EX:
    case F_GETOWN_EX:
    case F_SETSIG:
    case F_GETSIG:
    case F_SETLEASE:
    case F_GETLEASE:
    case F_NOTIFY:
        return owner_command(file, fd, command, arg);
    case F_SETPIPE_SZ:
        if (arg > pipe_max_size() && arg <= 1ul << 31 && is_pipe(file) &&
            !task_capable(CAP_SYS_RESOURCE))
            return -EPERM;
        return pipe_set_size(file, arg);
    case F_GETPIPE_SZ:
        return pipe_get_size(file);
    case F_ADD_SEALS:
        return memfd_add_seals(file, (uint32_t)arg);
    case F_GET_SEALS:
        return memfd_get_seals(file);
    default:
        return -EINVAL;
    }
}

int64_t sys_fcntl(const struct syscall_args *args)
{
    uint64_t command = (uint32_t)args->arg[1], arg = args->arg[2];
    struct file *file = fd_arg_any(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        result = duplicate(file, (uint64_t)(int)arg, command == F_DUPFD_CLOEXEC);
        break;
    case F_GETFD:
        result = fd_get_cloexec(fd_current(), (int)args->arg[0]);
        break;
    case F_SETFD:
        result = fd_set_cloexec(fd_current(), (int)args->arg[0], arg & FD_CLOEXEC);
        break;
    case F_GETFL:
        result = atomic_load(&file->flags);
        break;
    default:
        result = (file->mode & FMODE_PATH) ? -EBADF
                                           : file_command(file, (int)args->arg[0], command, arg);
    }
    file_put(file);
    return result;
}

static int64_t inode_flags(struct file *file, uint32_t request, uint64_t arg)
{
    struct inode *inode = file->inode;
    uint32_t flags;

    if (!inode || !inode->sb->attributes ||
        !(S_ISREG(inode->attr.mode) || S_ISDIR(inode->attr.mode)))
        return -ENOTTY;
    if (request == FS_IOC_GETFLAGS)
        return put_user_u32(UADDR(arg), inode->flags);
    if (get_user_u32(&flags, UADDR(arg)))
        return -EFAULT;
    if (file->dentry && mount_want_write(file->dentry))
        return -EROFS;
    return inode_set_flags(inode, flags);
}

/* No file system here shares contents between files: ioctl_ficlone(2)'s errors. */
static int64_t clone_contents(struct file *to, uint32_t request, uint64_t arg)
{
    int64_t source_fd = (int)arg, result = -EOPNOTSUPP;
    struct file *from;

    if (request == FICLONERANGE && copy_from_user(&source_fd, UADDR(arg), sizeof(source_fd)))
        return -EFAULT;
    from = fd_arg((uint64_t)source_fd);
    if (!from)
        return -EBADF;
    if (!from->inode || !to->inode)
        result = -EINVAL;
    else if (S_ISDIR(from->inode->attr.mode) || S_ISDIR(to->inode->attr.mode))
        result = -EISDIR;
    else if (from->inode->sb != to->inode->sb)
        result = -EXDEV;
    else if (!S_ISREG(from->inode->attr.mode) || !S_ISREG(to->inode->attr.mode))
        result = -EINVAL;
    else if (!(from->mode & FMODE_READ) || !(to->mode & FMODE_WRITE))
        result = -EBADF;
    file_put(from);
    return result;
}

/* What works on every file; -ENOTTY: ask the file. */
static int64_t common_ioctl(struct file *file, uint64_t fd, uint32_t request, uint64_t arg)
{
    uint32_t on;

    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        return fd_set_cloexec(fd_current(), (int)fd, request == FIOCLEX);
    case FIONBIO:
    case FIOASYNC:
        if (get_user_u32(&on, UADDR(arg)))
            return -EFAULT;
        if (request == FIOASYNC)
            return set_async(file, (int)fd, on) ? -ENOTTY : 0;
        change_flags(file, on ? O_NONBLOCK : 0, O_NONBLOCK);
        return 0;
    case FIOSETOWN:
    case FIOGETOWN:
    case SIOCSPGRP:
    case SIOCGPGRP:
        return owner_ioctl(file, (int)fd, request, arg);
    case FS_IOC_GETFLAGS:
    case FS_IOC_SETFLAGS:
        return inode_flags(file, request, arg);
    case FICLONE:
    case FICLONERANGE:
        return clone_contents(file, request, arg);
    case FIONREAD:
        if (!file->inode || !S_ISREG(file->inode->attr.mode))
            return -ENOTTY;
        return put_user_u32(UADDR(arg), (uint32_t)((loff_t)file->inode->attr.size - file->pos));
    default:
        return -ENOTTY;
    }
}

int64_t sys_ioctl(const struct syscall_args *args)
{
    struct file *file = fd_arg(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    result = common_ioctl(file, args->arg[0], (uint32_t)args->arg[1], args->arg[2]);
    if (result == -ENOTTY && file->ops->ioctl)
        result = file->ops->ioctl(file, (uint32_t)args->arg[1], args->arg[2]);
    file_put(file);
    return result;
}

enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 }; /* flock(2) */

int64_t sys_flock(const struct syscall_args *args)
{
    struct file_lock_request request = {
        .whole_file = true, .pid = current_process()->pid, .end = UINT64_MAX};
    uint64_t operation = (uint32_t)args->arg[1] & ~(uint64_t)LOCK_NB;
    struct file *file;
    int64_t result;

    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN)
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    request.owner = file;
    request.type = operation == LOCK_SH   ? FILE_LOCK_READ
                   : operation == LOCK_EX ? FILE_LOCK_WRITE
                                          : FILE_LOCK_NONE;
    result = file->inode ? file_lock_set(file->inode, &request, !(args->arg[1] & LOCK_NB)) : -EBADF;
    file_put(file);
    return result;
}

static int64_t sync_file(uint64_t fd, bool data_only)
{
    struct file *file = fd_arg(fd);
    int64_t result = -EINVAL;

    if (!file)
        return -EBADF;
    if (file->ops->fsync)
        result = file->ops->fsync(file, data_only);
    else if (file->inode && (S_ISDIR(file->inode->attr.mode) || S_ISREG(file->inode->attr.mode)))
        result = 0;
    file_put(file);
    return result;
}

int64_t sys_fsync(const struct syscall_args *args)
{
    return sync_file(args->arg[0], false);
}

int64_t sys_fdatasync(const struct syscall_args *args)
{
    return sync_file(args->arg[0], true);
}

/* Files live in memory; a disk's file has no cache that would have to be written. */
int64_t sys_sync(const struct syscall_args *args)
{
    (void)args;
    return 0;
}

int64_t sys_syncfs(const struct syscall_args *args)
{
    struct file *file = fd_arg(args->arg[0]);

    if (!file)
        return -EBADF;
    file_put(file);
    return 0;
}

enum { SYNC_FILE_RANGE_ALL = 7 }; /* sync_file_range(2)'s three flags */

int64_t sys_sync_file_range(const struct syscall_args *args)
{
    int64_t offset = (int64_t)args->arg[1], length = (int64_t)args->arg[2], end;
    struct file *file;
    uint32_t mode;

    if (args->arg[3] & ~(uint64_t)SYNC_FILE_RANGE_ALL)
        return -EINVAL;
    if (offset < 0 || length < 0 || __builtin_add_overflow(offset, length, &end))
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    mode = file->inode ? file->inode->attr.mode : 0;
    file_put(file);
    return S_ISREG(mode) || S_ISBLK(mode) || S_ISDIR(mode) || S_ISLNK(mode) ? 0 : -ESPIPE;
}

int64_t sys_readahead(const struct syscall_args *args)
{
    struct file *file = fd_arg(args->arg[0]);
    int64_t result = -EBADF;

    if (!file)
        return result;
    if (file->mode & FMODE_READ)
        result = file->inode && (S_ISREG(file->inode->attr.mode) || S_ISBLK(file->inode->attr.mode))
                     ? 0
                     : -EINVAL;
    file_put(file);
    return result;
}

int64_t sys_fadvise64(const struct syscall_args *args)
{
    struct file *file = fd_arg(args->arg[0]);
    int64_t result = 0;

    if (!file)
        return -EBADF;
    if (file->inode && S_ISFIFO(file->inode->attr.mode))
        result = -ESPIPE;
    else if (args->arg[3] > POSIX_FADV_NOREUSE || (int64_t)args->arg[2] < 0)
        result = -EINVAL;
    file_put(file);
    return result;
}
