/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify_init, inotify_init1, inotify_add_watch, inotify_rm_watch. */
#include "fs/notify.h"
#include "lib/errno.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define MASK_KNOWN                                                                                 \
    (IN_ALL_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | \
     IN_ISDIR | IN_ONESHOT | IN_Q_OVERFLOW | IN_IGNORED | 0x2000u /* unmount */)

static int64_t create(uint32_t flags)
{
    struct file *file;
    int64_t fd;

    if (flags & ~(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    file = inotify_create(O_RDONLY | (flags & O_NONBLOCK));
    if (!file)
        return -ENOMEM;
    fd = fd_install(fd_current(), file, 0, fd_current_limit(), flags & O_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}

int64_t sys_inotify_init(const struct syscall_args *args)
{
    (void)args;
    return create(0);
}

int64_t sys_inotify_init1(const struct syscall_args *args)
{
    return create((uint32_t)args->arg[0]);
}

static int64_t add_watch(struct file *file, uint64_t path, uint32_t mask)
{
    uint32_t walk = (mask & IN_DONT_FOLLOW) ? 0 : WALK_FOLLOW;
    struct dentry *dentry;
    int64_t result;

    if (mask & IN_ONLYDIR)
        walk |= WALK_DIRECTORY;
    result = at_walk(AT_FDCWD, path, walk, &dentry);
    if (result)
        return result;
    result = vfs_permission(dentry_inode(dentry), 4);
    if (!result)
        result = inotify_add(file, dentry_inode(dentry), mask);
    dentry_put(dentry);
    return result;
}

int64_t sys_inotify_add_watch(const struct syscall_args *args)
{
    uint32_t mask = (uint32_t)args->arg[2];
    struct file *file;
    int64_t result = -EINVAL;

    if (!(mask & MASK_KNOWN))
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    if (is_inotify(file) && !((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
        result = add_watch(file, args->arg[1], mask);
    file_put(file);
    return result;
}

int64_t sys_inotify_rm_watch(const struct syscall_args *args)
{
    struct file *file = fd_arg(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    result = is_inotify(file) ? inotify_remove(file, (int)args->arg[1]) : -EINVAL;
    file_put(file);
    return result;
}
