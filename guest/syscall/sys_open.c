/* SPDX-License-Identifier: BSD-2-Clause */
/* open(2), close(2), dup(2) and their relatives; the helpers for paths. */
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

int user_path_get(struct user_path *path, uint64_t address)
{
    ssize_t length = copy_string_from_user(path->small, UADDR(address), sizeof(path->small));

    path->text = path->small;
    if (LIKELY(length != -ENAMETOOLONG))
        return length < 0 ? (int)length : 0;
    path->text = kmalloc(PATH_MAX);
    if (!path->text)
        return -ENOMEM;
    length = copy_string_from_user(path->text, UADDR(address), PATH_MAX);
    if (length < 0)
        kfree(path->text);
    return length < 0 ? (int)length : 0;
}

void user_path_put(struct user_path *path)
{
    if (path->text != path->small)
        kfree(path->text);
}

int at_start(int dir_fd, const char *path, struct dentry **start)
{
    struct file *file;
    int error = 0;

    *start = NULL;
    if (dir_fd == AT_FDCWD || *path == '/')
        return 0;
    file = fd_arg_any((uint64_t)dir_fd);
    if (!file)
        return -EBADF;
    if (!file->dentry || (*path && !S_ISDIR(file->inode->attr.mode)))
        error = -ENOTDIR;
    else
        *start = dentry_get(file->dentry);
    file_put(file);
    return error;
}

int at_place(int fd, struct dentry **place)
{
    struct file *file;
    int error = 0;

    if (fd == AT_FDCWD) {
        *place = dentry_get(fs_current()->cwd);
        return 0;
    }
    file = fd_arg((uint64_t)fd);
    if (!file)
        return -EBADF;
    if (file->dentry)
        *place = dentry_get(file->dentry);
    else
        error = -ESTALE;
    file_put(file);
    return error;
}

int at_walk(int dir_fd, uint64_t path_address, uint32_t walk_flags, struct dentry **found)
{
    struct user_path path;
    struct dentry *start;
    int error = user_path_get(&path, path_address);

    if (error)
        return error;
    error =
        !*path.text && !(walk_flags & WALK_EMPTY) ? -ENOENT : at_start(dir_fd, path.text, &start);
    if (!error) {
        error = vfs_walk(start, path.text, walk_flags, found);
        dentry_put(start);
    }
    user_path_put(&path);
    return error;
}

static int64_t open_at(int dir_fd, uint64_t path_address, uint64_t flags, uint64_t mode,
                       uint32_t resolve)
{
    struct dentry *start;
    struct file *file;
    struct user_path path;
    int64_t result;
    int error = user_path_get(&path, path_address);

    if (error)
        return error;
    /* Within limits an absolute path is looked for below the directory, too. */
    error = at_start(dir_fd, resolve ? "." : path.text, &start);
    if (!error) {
        error = vfs_open_within(start, path.text, (uint32_t)flags | O_LARGEFILE,
                                (uint32_t)mode & 07777, resolve, &file);
        dentry_put(start);
    }
    user_path_put(&path);
    if (error)
        return error;
    result = fd_install(fd_current(), file, 0, fd_current_limit(), flags & O_CLOEXEC);
    if (result == -EINVAL)
        result = -EMFILE;
    if (result < 0)
        file_put(file);
    return result;
}

int64_t sys_open(const struct syscall_args *args)
{
    return open_at(AT_FDCWD, args->arg[0], args->arg[1], args->arg[2], 0);
}

int64_t sys_openat(const struct syscall_args *args)
{
    return open_at((int)args->arg[0], args->arg[1], args->arg[2], args->arg[3], 0);
}

int64_t sys_creat(const struct syscall_args *args)
{
    return open_at(AT_FDCWD, args->arg[0], O_CREAT | O_WRONLY | O_TRUNC, args->arg[1], 0);
}

#define RESOLVE_ALL 63u
#define OPEN_FLAGS_KNOWN                                                                  \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | \
     O_DSYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |  \
     O_CLOEXEC | O_PATH | O_TMPFILE)

int user_is_zero(uint64_t address, uint64_t size)
{
    uint64_t word;

    for (uint64_t at = 0; at < size; at += sizeof(word)) {
        word = 0;
        if (copy_from_user(&word, UADDR(address + at), MIN(size - at, sizeof(word))))
            return -EFAULT;
        if (word)
            return -E2BIG;
    }
    return 0;
}

int64_t sys_openat2(const struct syscall_args *args)
{
    struct linux_open_how how;
    int error;

    if (args->arg[3] < sizeof(how))
        return -EINVAL;
    if (args->arg[3] > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(&how, UADDR(args->arg[2]), sizeof(how)))
        return -EFAULT;
    error = user_is_zero(args->arg[2] + sizeof(how), args->arg[3] - sizeof(how));
    if (error)
        return error;
    if ((how.flags & ~(uint64_t)OPEN_FLAGS_KNOWN) || (how.mode & ~07777ul))
        return -EINVAL;
    if (how.mode && !(how.flags & O_CREAT) && (how.flags & O_TMPFILE) != O_TMPFILE)
        return -EINVAL;
    if ((how.resolve & ~(uint64_t)RESOLVE_ALL) ||
        (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
        return -EINVAL;
    if ((how.resolve & RESOLVE_CACHED) && (how.flags & (O_TRUNC | O_CREAT | O_TMPFILE)))
        return -EAGAIN;
    return open_at((int)args->arg[0], args->arg[1], how.flags, how.mode, (uint32_t)how.resolve);
}

int64_t sys_close(const struct syscall_args *args)
{
    return fd_close(fd_current(), (int)args->arg[0]);
}

int64_t sys_close_range(const struct syscall_args *args)
{
    if (args->arg[2] & ~(uint64_t)CLOSE_RANGE_CLOEXEC)
        return -EINVAL;
    return fd_close_range(fd_current(), (uint32_t)args->arg[0], (uint32_t)args->arg[1],
                          args->arg[2] & CLOSE_RANGE_CLOEXEC);
}

int64_t sys_dup(const struct syscall_args *args)
{
    struct file *file = fd_arg_any(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    result = fd_install(fd_current(), file, 0, fd_current_limit(), false);
    if (result == -EINVAL)
        result = -EMFILE;
    if (result < 0)
        file_put(file);
    return result;
}

static int64_t dup_to(uint64_t old_fd, uint64_t new_fd, bool close_on_exec)
{
    struct file *file = fd_arg_any(old_fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = fd_replace(fd_current(), (int)new_fd, file, fd_current_limit(), close_on_exec);
    if (result < 0)
        file_put(file);
    return result;
}

int64_t sys_dup2(const struct syscall_args *args)
{
    if ((int)args->arg[0] == (int)args->arg[1]) {
        struct file *file = fd_arg_any(args->arg[0]);

        if (!file)
            return -EBADF;
        file_put(file);
        return (int)args->arg[1];
    }
    return dup_to(args->arg[0], args->arg[1], false);
}

int64_t sys_dup3(const struct syscall_args *args)
{
    if ((args->arg[2] & ~(uint64_t)O_CLOEXEC) || (int)args->arg[0] == (int)args->arg[1])
        return -EINVAL;
    return dup_to(args->arg[0], args->arg[1], args->arg[2] & O_CLOEXEC);
}
