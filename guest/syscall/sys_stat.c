/* SPDX-License-Identifier: BSD-2-Clause */
/* stat(2) and its relatives, statx, statfs, access, readlink. */
#include "fs/inode.h"
#include "fs/mount.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

static struct linux_timespec to_timespec(struct timespec64 time)
{
    return (struct linux_timespec){time.sec, time.nsec};
}

static int64_t put_stat(struct inode *inode, uint64_t address)
{
    struct inode_attr attr;
    struct linux_stat st;

    vfs_getattr(inode, &attr);
    st = (struct linux_stat){.dev = inode->sb->device,
                             .ino = attr.ino,
                             .nlink = attr.nlink,
                             .mode = attr.mode,
                             .uid = attr.uid,
                             .gid = attr.gid,
                             .rdev = attr.rdev,
                             .size = (int64_t)attr.size,
                             .block_size = attr.block_size,
                             .blocks512 = (int64_t)attr.blocks512,
                             .atime = to_timespec(attr.atime),
                             .mtime = to_timespec(attr.mtime),
                             .ctime = to_timespec(attr.ctime)};
    return copy_to_user(UADDR(address), &st, sizeof(st));
}

struct where { /* what an inode does not know */
    uint32_t mount; /* mount_flags() */
    uint32_t mount_id;
    bool root; /* of its mount */
};

static void look_around(struct dentry *dentry, struct where *where)
{
    where->mount = dentry ? mount_flags(dentry) : 0;
    where->mount_id = dentry ? mount_id(dentry) : 0;
    where->root = dentry && mount_is_root(dentry);
}

/* The inode a descriptor or path names: a reference in *inode; where may be NULL. */
static int find_inode(int dir_fd, uint64_t path_address, uint32_t at_flags, struct inode **inode,
                      struct where *where)
{
    uint32_t walk = (at_flags & AT_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW;
    struct dentry *dentry;
    int error;

    if (at_flags & AT_EMPTY_PATH) {
        struct file *file;
        char first;

        error = path_address ? copy_from_user(&first, UADDR(path_address), 1) : 0;
        if (error)
            return error;
        if ((!path_address || !first) && dir_fd != AT_FDCWD) {
            file = fd_arg_any((uint64_t)dir_fd);
            if (!file || !file->inode) {
                file_put(file);
                return -EBADF;
            }
            *inode = inode_get(file->inode);
            if (where)
                look_around(file->dentry, where);
            file_put(file);
            return 0;
        }
        walk |= WALK_EMPTY;
    }
    error = at_walk(dir_fd, path_address, walk, &dentry);
    if (error)
        return error;
    *inode = inode_get(dentry_inode(dentry));
    if (where)
        look_around(dentry, where);
    dentry_put(dentry);
    return 0;
}

static int64_t stat_at(int dir_fd, uint64_t path, uint64_t buf, uint32_t at_flags)
{
    struct dentry *dentry;
    struct inode *inode;
    int64_t result;

    if (UNLIKELY(at_flags & AT_EMPTY_PATH)) {
        result = find_inode(dir_fd, path, at_flags, &inode, NULL);
        if (result)
            return result;
        result = put_stat(inode, buf);
        inode_put(inode);
        return result;
    }
    result = at_walk(dir_fd, path, at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW, &dentry);
    if (result)
        return result;
    result = put_stat(dentry_inode(dentry), buf);
    dentry_put(dentry);
    return result;
}

int64_t sys_stat(const struct syscall_args *args)
{
    return stat_at(AT_FDCWD, args->arg[0], args->arg[1], 0);
}

int64_t sys_lstat(const struct syscall_args *args)
{
    return stat_at(AT_FDCWD, args->arg[0], args->arg[1], AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(const struct syscall_args *args)
{
    struct file *file = fd_arg_any(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    result = file->inode ? put_stat(file->inode, args->arg[1]) : -EBADF;
    file_put(file);
    return result;
}

int64_t sys_newfstatat(const struct syscall_args *args)
{
    if (args->arg[3] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    return stat_at((int)args->arg[0], args->arg[1], args->arg[2], (uint32_t)args->arg[3]);
}

static struct linux_statx_time to_statx_time(struct timespec64 time)
{
    return (struct linux_statx_time){.sec = time.sec, .nsec = (uint32_t)time.nsec};
}

/* statx(2)'s bits are those of ioctl_iflags(2). */
static uint64_t attribute_mask(const struct inode *inode)
{
    return inode->sb->attributes ? INODE_IMMUTABLE | INODE_APPEND | INODE_NODUMP : 0;
}

static int64_t put_statx(struct inode *inode, const struct where *where, uint64_t address)
{
    struct inode_attr attr;
    struct linux_statx st;

    vfs_getattr(inode, &attr);
    st = (struct linux_statx){.mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
                              .block_size = attr.block_size,
                              .nlink = attr.nlink,
                              .uid = attr.uid,
                              .gid = attr.gid,
                              .mode = (uint16_t)attr.mode,
                              .ino = attr.ino,
                              .size = attr.size,
                              .blocks512 = attr.blocks512,
                              .attributes_mask = STATX_ATTR_MOUNT_ROOT | attribute_mask(inode),
                              .attributes = (inode->flags & attribute_mask(inode)) |
                                            (where->root ? STATX_ATTR_MOUNT_ROOT : 0),
                              .atime = to_statx_time(attr.atime),
                              .btime = to_statx_time(attr.btime),
                              .ctime = to_statx_time(attr.ctime),
                              .mtime = to_statx_time(attr.mtime),
                              .rdev_major = DEVICE_MAJOR(attr.rdev),
                              .rdev_minor = DEVICE_MINOR(attr.rdev),
                              .dev_major = DEVICE_MAJOR(inode->sb->device),
                              .dev_minor = DEVICE_MINOR(inode->sb->device),
                              .mount_id = where->mount_id};
    return copy_to_user(UADDR(address), &st, sizeof(st));
}

int64_t sys_statx(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[2];
    struct inode *inode;
    struct where where;
    int64_t result;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    if ((args->arg[3] & STATX_RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    result = find_inode((int)args->arg[0], args->arg[1], flags, &inode, &where);
    if (result)
        return result;
    result = put_statx(inode, &where, args->arg[4]);
    inode_put(inode);
    return result;
}

/* f_flags of statfs(2): mount(2)'s bits, but for relatime's. */
static int64_t statfs_flags(uint32_t mount)
{
    return ST_VALID |
           (mount & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)) |
           ((mount & MS_RELATIME) ? ST_RELATIME : 0) |
           ((mount & MS_NOSYMFOLLOW) ? ST_NOSYMFOLLOW : 0);
}

static int64_t put_statfs(struct inode *inode, uint32_t mount, uint64_t address)
{
    struct fs_stats stats = {.block_size = PAGE_SIZE, .name_max = NAME_MAX};
    struct linux_statfs st;

    if (inode->sb->statfs)
        inode->sb->statfs(inode->sb, &stats);
    st = (struct linux_statfs){.type = (int64_t)stats.magic,
                               .block_size = (int64_t)stats.block_size,
                               .blocks = stats.blocks,
                               .blocks_free = stats.blocks_free,
                               .blocks_available = stats.blocks_free,
                               .files = stats.files,
                               .files_free = stats.files_free,
                               .fsid = {(int32_t)inode->sb->device, 0},
                               .name_max = (int64_t)stats.name_max,
                               .fragment_size = (int64_t)stats.block_size,
                               .flags = statfs_flags(mount)};
    return copy_to_user(UADDR(address), &st, sizeof(st));
}

int64_t sys_statfs(const struct syscall_args *args)
{
    struct dentry *dentry;
    int64_t result = at_walk(AT_FDCWD, args->arg[0], WALK_FOLLOW, &dentry);

    if (result)
        return result;
    result = put_statfs(dentry_inode(dentry), mount_flags(dentry), args->arg[1]);
    dentry_put(dentry);
    return result;
}

int64_t sys_fstatfs(const struct syscall_args *args)
{
    struct file *file = fd_arg_any(args->arg[0]);
    int64_t result;

    if (!file)
        return -EBADF;
    if (!file->inode)
        result = -EBADF;
    else
        result =
            put_statfs(file->inode, file->dentry ? mount_flags(file->dentry) : 0, args->arg[1]);
    file_put(file);
    return result;
}

/* access(2) asks for the real user, not the effective one. */
static int access_as(struct inode *inode, uint32_t want, bool effective)
{
    struct credentials *cred = &current_task()->cred;
    struct credentials saved = *cred;
    int error;

    if (!effective) {
        cred->fsuid = cred->uid;
        cred->fsgid = cred->gid;
        cred->cap_effective = cred->uid ? 0 : cred->cap_permitted;
    }
    error = vfs_permission(inode, want);
    *cred = saved;
    return error;
}

/* Does writing to it change the file system? */
static bool is_stored(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

static int64_t access_at(int dir_fd, uint64_t path, uint64_t want, uint32_t flags)
{
    struct inode *inode;
    struct where where;
    int64_t result;

    if (want & ~7ul)
        return -EINVAL;
    if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    result =
        find_inode(dir_fd, path, flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH), &inode, &where);
    if (result)
        return result;
    if ((want & 2) && (where.mount & MS_RDONLY) && is_stored(inode->attr.mode))
        result = -EROFS;
    else if ((want & 1) && (where.mount & MS_NOEXEC) && S_ISREG(inode->attr.mode))
        result = -EACCES;
    else if (want)
        result = access_as(inode, (uint32_t)want, flags & AT_EACCESS);
    inode_put(inode);
    return result;
}

int64_t sys_access(const struct syscall_args *args)
{
    return access_at(AT_FDCWD, args->arg[0], args->arg[1], 0);
}

int64_t sys_faccessat(const struct syscall_args *args)
{
    return access_at((int)args->arg[0], args->arg[1], args->arg[2], 0);
}

int64_t sys_faccessat2(const struct syscall_args *args)
{
    return access_at((int)args->arg[0], args->arg[1], args->arg[2], (uint32_t)args->arg[3]);
}

static int64_t readlink_at(int dir_fd, uint64_t path, uint64_t buf, uint64_t size)
{
    struct inode *inode;
    char *target;
    int64_t result;

    if ((int64_t)size <= 0)
        return -EINVAL;
    result = find_inode(
        dir_fd, path, AT_SYMLINK_NOFOLLOW | (dir_fd != AT_FDCWD ? AT_EMPTY_PATH : 0), &inode, NULL);
    if (result)
        return result;
    target = kmalloc(PATH_MAX);
    if (!target)
        result = -ENOMEM;
    else if (!inode->ops->readlink)
        result = -EINVAL;
    else
        result = inode->ops->readlink(inode, target, PATH_MAX);
    if (result > 0) {
        result = MIN(result, (int64_t)size);
        if (copy_to_user(UADDR(buf), target, (size_t)result))
            result = -EFAULT;
    }
    kfree(target);
    inode_put(inode);
    return result;
}

int64_t sys_readlink(const struct syscall_args *args)
{
    return readlink_at(AT_FDCWD, args->arg[0], args->arg[1], (uint64_t)(int)args->arg[2]);
}

int64_t sys_readlinkat(const struct syscall_args *args)
{
    return readlink_at((int)args->arg[0], args->arg[1], args->arg[2], (uint64_t)(int)args->arg[3]);
}
