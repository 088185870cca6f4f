/* SPDX-License-Identifier: BSD-2-Clause */
/* chmod, chown, utimes, truncate and their relatives; extended attributes (none are stored). */
#include "fs/inode.h"
#include "fs/lease.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

/* What inotify calls a change of attributes. */
static uint32_t event_of(uint32_t which)
{
    if (which & (ATTR_MODE | ATTR_UID | ATTR_GID))
        return IN_ATTRIB;
    if ((which & (ATTR_ATIME | ATTR_MTIME)) == (ATTR_ATIME | ATTR_MTIME))
        return IN_ATTRIB;
    return (which & ATTR_ATIME) ? IN_ACCESS : IN_MODIFY;
}

/* Consumes nothing; changes what the path names. */
static int64_t setattr_at(int dir_fd, uint64_t path, uint32_t at_flags,
                          const struct inode_attr *attr, uint32_t which)
{
    uint32_t walk = ((at_flags & AT_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW) |
                    ((at_flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0);
    struct dentry *dentry;
    int error = at_walk(dir_fd, path, walk, &dentry);

    if (error)
        return error;
    error = mount_want_write(dentry);
    if (!error)
        error = vfs_setattr(dentry_inode(dentry), attr, which);
    if (!error && UNLIKELY(notify_wanted()))
        notify_dentry(dentry, event_of(which));
    dentry_put(dentry);
    return error;
}

static int64_t setattr_fd(uint64_t fd, const struct inode_attr *attr, uint32_t which)
{
    struct file *file = fd_arg(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = file->dentry ? mount_want_write(file->dentry) : 0;
    if (!result)
        result = file->inode ? vfs_setattr(file->inode, attr, which) : -EINVAL;
    if (!result && UNLIKELY(notify_wanted()))
        notify_file(file, event_of(which));
    file_put(file);
    return result;
}

int64_t sys_fchmodat(const struct syscall_args *args)
{
    struct inode_attr attr = {.mode = (uint32_t)args->arg[2] & 07777};

    return setattr_at((int)args->arg[0], args->arg[1], 0, &attr, ATTR_MODE);
}

int64_t sys_fchmodat2(const struct syscall_args *args)
{
    struct inode_attr attr = {.mode = (uint32_t)args->arg[2] & 07777};

    if (args->arg[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return setattr_at((int)args->arg[0], args->arg[1], (uint32_t)args->arg[3], &attr, ATTR_MODE);
}

int64_t sys_chmod(const struct syscall_args *args)
{
    struct inode_attr attr = {.mode = (uint32_t)args->arg[1] & 07777};

    return setattr_at(AT_FDCWD, args->arg[0], 0, &attr, ATTR_MODE);
}

int64_t sys_fchmod(const struct syscall_args *args)
{
    struct inode_attr attr = {.mode = (uint32_t)args->arg[1] & 07777};

    return setattr_fd(args->arg[0], &attr, ATTR_MODE);
}

/* -1 leaves an id as it is. */
static uint32_t owner_attr(struct inode_attr *attr, uint64_t uid, uint64_t gid)
{
    *attr = (struct inode_attr){.uid = (uint32_t)uid, .gid = (uint32_t)gid};
    return ((uint32_t)uid == UINT32_MAX ? 0 : ATTR_UID) |
           ((uint32_t)gid == UINT32_MAX ? 0 : ATTR_GID);
}

int64_t sys_fchownat(const struct syscall_args *args)
{
    struct inode_attr attr;
    uint32_t which = owner_attr(&attr, args->arg[2], args->arg[3]);

    if (args->arg[4] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return setattr_at((int)args->arg[0], args->arg[1], (uint32_t)args->arg[4], &attr, which);
}

int64_t sys_chown(const struct syscall_args *args)
{
    struct inode_attr attr;
    uint32_t which = owner_attr(&attr, args->arg[1], args->arg[2]);

    return setattr_at(AT_FDCWD, args->arg[0], 0, &attr, which);
}

int64_t sys_lchown(const struct syscall_args *args)
{
    struct inode_attr attr;
    uint32_t which = owner_attr(&attr, args->arg[1], args->arg[2]);

    return setattr_at(AT_FDCWD, args->arg[0], AT_SYMLINK_NOFOLLOW, &attr, which);
}

int64_t sys_fchown(const struct syscall_args *args)
{
    struct inode_attr attr;
    uint32_t which = owner_attr(&attr, args->arg[1], args->arg[2]);

    return setattr_fd(args->arg[0], &attr, which);
}

/* ---- times ---- */

static int64_t set_times(int dir_fd, uint64_t path, uint32_t at_flags,
                         const struct inode_attr *attr, uint32_t which)
{
    if (!path && dir_fd != AT_FDCWD && at_flags)
        return -EINVAL;
    if (!path) /* utimensat(fd, NULL, ...): futimens */
        return dir_fd == AT_FDCWD ? -EFAULT : setattr_fd((uint64_t)dir_fd, attr, which);
    return setattr_at(dir_fd, path, at_flags, attr, which);
}

/* One of the two times of utimensat(2) into attr; ATTR_NOW works for both together only. */
static int take_time(const struct linux_timespec *time, struct timespec64 *field, uint32_t bit,
                     uint32_t *which)
{
    if (time->ns == UTIME_OMIT)
        return 0;
    *which |= bit;
    if (time->ns == UTIME_NOW) {
        *field = fs_now();
        return 0;
    }
    if (time->ns < 0 || time->ns > 999999999)
        return -EINVAL;
    *field = (struct timespec64){.sec = time->seconds, .nsec = time->ns};
    return 0;
}

int64_t sys_utimensat(const struct syscall_args *args)
{
    struct linux_timespec times[2];
    struct inode_attr attr = {0};
    uint32_t which = 0, at_flags = (uint32_t)args->arg[3];
    int error;

    if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!args->arg[2])
        return set_times((int)args->arg[0], args->arg[1], at_flags, &attr,
                         ATTR_ATIME | ATTR_MTIME | ATTR_NOW);
    if (copy_from_user(times, UADDR(args->arg[2]), sizeof(times)))
        return -EFAULT;
    if (times[0].ns == UTIME_NOW && times[1].ns == UTIME_NOW)
        return set_times((int)args->arg[0], args->arg[1], at_flags, &attr,
                         ATTR_ATIME | ATTR_MTIME | ATTR_NOW);
    error = take_time(&times[0], &attr.atime, ATTR_ATIME, &which);
    if (!error)
        error = take_time(&times[1], &attr.mtime, ATTR_MTIME, &which);
    if (error || !which)
        return error;
    return set_times((int)args->arg[0], args->arg[1], at_flags, &attr, which);
}

/* utimes and futimesat: microseconds. */
static int64_t set_timevals(int dir_fd, uint64_t path, uint64_t address)
{
    struct linux_timeval times[2];
    struct inode_attr attr = {0};

    if (!address)
        return set_times(dir_fd, path, 0, &attr, ATTR_ATIME | ATTR_MTIME | ATTR_NOW);
    if (copy_from_user(times, UADDR(address), sizeof(times)))
        return -EFAULT;
    for (int i = 0; i < 2; i++)
        if (times[i].us < 0 || times[i].us > 999999)
            return -EINVAL;
    attr.atime = (struct timespec64){.sec = times[0].seconds, .nsec = times[0].us * 1000};
    attr.mtime = (struct timespec64){.sec = times[1].seconds, .nsec = times[1].us * 1000};
    return set_times(dir_fd, path, 0, &attr, ATTR_ATIME | ATTR_MTIME);
}

int64_t sys_utimes(const struct syscall_args *args)
{
    return set_timevals(AT_FDCWD, args->arg[0], args->arg[1]);
}

int64_t sys_futimesat(const struct syscall_args *args)
{
    return set_timevals((int)args->arg[0], args->arg[1], args->arg[2]);
}

int64_t sys_utime(const struct syscall_args *args)
{
    int64_t times[2];
    struct inode_attr attr = {0};

    if (!args->arg[1])
        return set_times(AT_FDCWD, args->arg[0], 0, &attr, ATTR_ATIME | ATTR_MTIME | ATTR_NOW);
    if (copy_from_user(times, UADDR(args->arg[1]), sizeof(times)))
        return -EFAULT;
    attr.atime.sec = times[0];
    attr.mtime.sec = times[1];
    return set_times(AT_FDCWD, args->arg[0], 0, &attr, ATTR_ATIME | ATTR_MTIME);
}

/* ---- size ---- */

static int truncate_inode(struct inode *inode, uint64_t size)
{
    struct inode_attr attr = {.size = size};
    int error;

    if (S_ISDIR(inode->attr.mode))
        return -EISDIR;
    if (!S_ISREG(inode->attr.mode))
        return -EINVAL;
    error = vfs_permission(inode, 2);
    if (!error && size > inode->attr.size)
        error = (int)check_file_size(inode, size);
    if (!error && inode->leases)
        error = lease_break(inode, true, false);
    if (!error)
        error = inode_get_write(inode);
    if (error)
        return error;
    error = vfs_setattr(inode, &attr, ATTR_SIZE);
    inode_put_write(inode);
    return error;
}

int64_t sys_truncate(const struct syscall_args *args)
{
    struct dentry *dentry;
    int64_t result;

    if ((int64_t)args->arg[1] < 0)
        return -EINVAL;
    result = at_walk(AT_FDCWD, args->arg[0], WALK_FOLLOW, &dentry);
    if (result)
        return result;
    result = mount_want_write(dentry);
    if (!result || !S_ISREG(dentry_inode(dentry)->attr.mode))
        result = truncate_inode(dentry_inode(dentry), args->arg[1]);
    if (!result && UNLIKELY(notify_wanted()))
        notify_dentry(dentry, IN_MODIFY);
    dentry_put(dentry);
    return result;
}

int64_t sys_ftruncate(const struct syscall_args *args)
{
    struct file *file;
    int64_t result = -EINVAL;

    if ((int64_t)args->arg[1] < 0)
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    if ((file->mode & FMODE_WRITE) && file->ops->truncate) {
        result =
            args->arg[1] > file->inode->attr.size ? check_file_size(file->inode, args->arg[1]) : 0;
        if (!result)
            result = file->ops->truncate(file, args->arg[1]);
        if (!result && UNLIKELY(notify_wanted()))
            notify_file(file, IN_MODIFY);
    }
    file_put(file);
    return result;
}

int64_t sys_fallocate(const struct syscall_args *args)
{
    uint64_t offset = args->arg[2], length = args->arg[3];
    struct file *file;
    int64_t result = -EBADF;

    if ((int64_t)offset < 0 || (int64_t)length <= 0)
        return -EINVAL;
    if (offset + length > INT64_MAX)
        return -EFBIG;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    if (file->mode & FMODE_WRITE) {
        if (file->ops->fallocate)
            result = file->ops->fallocate(file, (int)args->arg[1], offset, length);
        else if (file->inode && S_ISFIFO(file->inode->attr.mode))
            result = -ESPIPE;
        else
            result = file->inode && S_ISDIR(file->inode->attr.mode) ? -EISDIR : -ENODEV;
        if (!result && UNLIKELY(notify_wanted()))
            notify_file(file, IN_MODIFY);
    }
    file_put(file);
    return result;
}
