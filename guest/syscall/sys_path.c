/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: mkdir, rmdir, unlink, rename, link, symlink, mknod; the current
 * directory, the root, umask.
 */
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

static int64_t create_at(int dir_fd, uint64_t path_address, uint32_t mode, uint64_t rdev,
                         const char *target)
{
    struct user_path path;
    struct dentry *start;
    int error = user_path_get(&path, path_address);

    if (error)
        return error;
    error = at_start(dir_fd, path.text, &start);
    if (!error) {
        error = vfs_create(start, path.text, mode, rdev, target);
        dentry_put(start);
    }
    user_path_put(&path);
    return error;
}

int64_t sys_mkdirat(const struct syscall_args *args)
{
    return create_at((int)args->arg[0], args->arg[1], S_IFDIR | ((uint32_t)args->arg[2] & 01777), 0,
                     NULL);
}

int64_t sys_mkdir(const struct syscall_args *args)
{
    return create_at(AT_FDCWD, args->arg[0], S_IFDIR | ((uint32_t)args->arg[1] & 01777), 0, NULL);
}

static int64_t mknod_at(int dir_fd, uint64_t path, uint32_t mode, uint64_t rdev)
{
    uint32_t type = mode & S_IFMT;

    if (type == 0)
        type = S_IFREG;
    if (type == S_IFDIR)
        return -EPERM;
    if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO &&
        type != S_IFSOCK)
        return -EINVAL;
    if ((type == S_IFCHR || type == S_IFBLK) && !fs_current()->privileged)
        return -EPERM;
    return create_at(dir_fd, path, type | (mode & 07777), rdev, NULL);
}

int64_t sys_mknodat(const struct syscall_args *args)
{
    return mknod_at((int)args->arg[0], args->arg[1], (uint32_t)args->arg[2],
                    (uint32_t)args->arg[3]);
}

int64_t sys_mknod(const struct syscall_args *args)
{
    return mknod_at(AT_FDCWD, args->arg[0], (uint32_t)args->arg[1], (uint32_t)args->arg[2]);
}

static int64_t symlink_at(uint64_t target_address, int dir_fd, uint64_t path)
{
    struct user_path target;
    int error = user_path_get(&target, target_address);

    if (error)
        return error;
    error = *target.text ? (int)create_at(dir_fd, path, S_IFLNK | 0777, 0, target.text) : -ENOENT;
    user_path_put(&target);
    return error;
}

int64_t sys_symlinkat(const struct syscall_args *args)
{
    return symlink_at(args->arg[0], (int)args->arg[1], args->arg[2]);
}

int64_t sys_symlink(const struct syscall_args *args)
{
    return symlink_at(args->arg[0], AT_FDCWD, args->arg[1]);
}

static int64_t unlink_at(int dir_fd, uint64_t path_address, bool directory)
{
    struct user_path path;
    struct dentry *start;
    int error = user_path_get(&path, path_address);

    if (error)
        return error;
    error = at_start(dir_fd, path.text, &start);
    if (!error) {
        error = vfs_unlink(start, path.text, directory);
        dentry_put(start);
    }
    user_path_put(&path);
    return error;
}

int64_t sys_unlinkat(const struct syscall_args *args)
{
    if (args->arg[2] & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    return unlink_at((int)args->arg[0], args->arg[1], args->arg[2] & AT_REMOVEDIR);
}

int64_t sys_unlink(const struct syscall_args *args)
{
    return unlink_at(AT_FDCWD, args->arg[0], false);
}

int64_t sys_rmdir(const struct syscall_args *args)
{
    return unlink_at(AT_FDCWD, args->arg[0], true);
}

static int64_t rename_at(int old_fd, uint64_t old_address, int new_fd, uint64_t new_address,
                         uint32_t flags)
{
    struct dentry *old_start = NULL, *new_start = NULL;
    struct user_path old_path, new_path;
    int error = user_path_get(&old_path, old_address);

    if (error)
        return error;
    error = user_path_get(&new_path, new_address);
    if (!error) {
        error = at_start(old_fd, old_path.text, &old_start);
        if (!error)
            error = at_start(new_fd, new_path.text, &new_start);
        if (!error)
            error = vfs_rename(old_start, old_path.text, new_start, new_path.text, flags);
        dentry_put(old_start);
        dentry_put(new_start);
        user_path_put(&new_path);
    }
    user_path_put(&old_path);
    return error;
}

int64_t sys_rename(const struct syscall_args *args)
{
    return rename_at(AT_FDCWD, args->arg[0], AT_FDCWD, args->arg[1], 0);
}

int64_t sys_renameat(const struct syscall_args *args)
{
    return rename_at((int)args->arg[0], args->arg[1], (int)args->arg[2], args->arg[3], 0);
}

int64_t sys_renameat2(const struct syscall_args *args)
{
    return rename_at((int)args->arg[0], args->arg[1], (int)args->arg[2], args->arg[3],
                     (uint32_t)args->arg[4]);
}

static int64_t link_at(int old_fd, uint64_t old_path, int new_fd, uint64_t new_address,
                       uint32_t flags)
{
    struct dentry *old, *start = NULL;
    uint32_t walk = ((flags & AT_SYMLINK_FOLLOW) ? WALK_FOLLOW : 0) |
                    ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0);
    struct user_path path;
    int error;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    error = at_walk(old_fd, old_path, walk, &old);
    if (error)
        return error;
    error = user_path_get(&path, new_address);
    if (!error) {
        error = at_start(new_fd, path.text, &start);
        if (!error)
            error = vfs_link(old, start, path.text);
        dentry_put(start);
        user_path_put(&path);
    }
    dentry_put(old);
    return error;
}

int64_t sys_linkat(const struct syscall_args *args)
{
    return link_at((int)args->arg[0], args->arg[1], (int)args->arg[2], args->arg[3],
                   (uint32_t)args->arg[4]);
}

int64_t sys_link(const struct syscall_args *args)
{
    return link_at(AT_FDCWD, args->arg[0], AT_FDCWD, args->arg[1], 0);
}

/* ---- where the task is ---- */

/* Consumes the reference. */
static int64_t enter(struct dentry *dentry, bool as_root)
{
    int error = 0;

    if (!S_ISDIR(dentry_inode(dentry)->attr.mode))
        error = -ENOTDIR;
    if (!error)
        error = vfs_permission(dentry_inode(dentry), 1);
    if (!error && as_root && !fs_current()->privileged)
        error = -EPERM;
    if (error)
        dentry_put(dentry);
    else if (as_root)
        task_set_root(dentry);
    else
        task_set_cwd(dentry);
    return error;
}

int64_t sys_chdir(const struct syscall_args *args)
{
    struct dentry *dentry;
    int64_t result = at_walk(AT_FDCWD, args->arg[0], WALK_FOLLOW | WALK_DIRECTORY, &dentry);

    return result ? result : enter(dentry, false);
}

int64_t sys_fchdir(const struct syscall_args *args)
{
    struct file *file = fd_arg_any(args->arg[0]);
    int64_t result = -ENOTDIR;

    if (!file)
        return -EBADF;
    if (file->dentry)
        result = enter(dentry_get(file->dentry), false);
    file_put(file);
    return result;
}

int64_t sys_chroot(const struct syscall_args *args)
{
    struct dentry *dentry;
    int64_t result = at_walk(AT_FDCWD, args->arg[0], WALK_FOLLOW | WALK_DIRECTORY, &dentry);

    return result ? result : enter(dentry, true);
}

int64_t sys_getcwd(const struct syscall_args *args)
{
    const struct fs_context *context = fs_current();
    char *path = kmalloc(PATH_MAX);
    size_t prefix = 0;
    ssize_t length;

    if (!path)
        return -ENOMEM;
    if (!dentry_is_below(context->cwd, context->root)) /* it stayed outside of a chroot */
        prefix = strlcpy(path, "(unreachable)", PATH_MAX);
    length = dentry_path(context->cwd, context->root, path + prefix, PATH_MAX - prefix);
    if (length >= 0)
        length += (ssize_t)prefix;
    if (length > 10 && strcmp(path + length - 10, " (deleted)") == 0 &&
        dentry_inode(context->cwd)->attr.nlink == 0)
        length = -ENOENT;
    if (length >= 0) {
        length++; /* with the NUL */
        if ((uint64_t)length > args->arg[1])
            length = -ERANGE;
        else if (copy_to_user(UADDR(args->arg[0]), path, (size_t)length))
            length = -EFAULT;
    }
    kfree(path);
    return length;
}

int64_t sys_umask(const struct syscall_args *args)
{
    return task_set_umask((uint32_t)args->arg[0]);
}
