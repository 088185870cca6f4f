/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mount(2), umount2(2), sysfs(2), ustat(2): arguments and permission; what mounts are is
 * in fs/mount.h.
 */
#include "fs/inode.h"
#include "fs/mount.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define MS_MAGIC 0xc0ed0000u /* old programs put it into the upper half */
#define MS_NOUSER (1u << 31)

/* A string of at most a page, or NULL for a NULL pointer: *text for kfree(). */
static int get_text(uint64_t address, char **text)
{
    ssize_t length;

    *text = NULL;
    if (!address)
        return 0;
    *text = kmalloc(PATH_MAX);
    if (!*text)
        return -ENOMEM;
    length = copy_string_from_user(*text, UADDR(address), PATH_MAX);
    if (length >= 0)
        return 0;
    kfree(*text);
    *text = NULL;
    return length == -ENAMETOOLONG ? -EINVAL : (int)length;
}

static int from_source(struct dentry *at, const char *source, uint32_t flags)
{
    struct dentry *from;
    int error;

    if (!source || !*source)
        return -EINVAL;
    error = vfs_walk(NULL, source, WALK_FOLLOW, &from);
    if (error)
        return error;
    error = (flags & MS_BIND) ? mount_bind(at, from) : mount_move(at, from);
    dentry_put(from);
    return error;
}

static int mount_at(struct dentry *at, const struct mount_request *request)
{
    uint32_t flags = request->flags;

    if (!fs_current()->privileged)
        return -EPERM;
    if (flags & MS_NOUSER)
        return -EINVAL;
    if (flags & MS_REMOUNT)
        return mount_change(at, request);
    if (flags & MS_BIND)
        return from_source(at, request->source, flags);
    if (flags &
        MS_PROPAGATION) /* one name space: nothing to spread to; only the mount is checked */
        return mount_is_root(at) ? 0 : -EINVAL;
    if (flags & MS_MOVE)
        return from_source(at, request->source, flags);
    if (!request->type)
        return -EINVAL;
    return mount_new(at, request);
}

int64_t sys_mount(const struct syscall_args *args)
{
    char *source = NULL, *type = NULL, *options = NULL;
    struct mount_request request = {.flags = (uint32_t)args->arg[3]};
    struct dentry *at;
    int64_t result;

    if ((request.flags & 0xffff0000u) == MS_MAGIC)
        request.flags &= 0xffffu;
    result = get_text(args->arg[2], &type);
    if (!result)
        result = get_text(args->arg[0], &source);
    if (!result)
        result = get_text(args->arg[4], &options);
    if (!result)
        result = at_walk(AT_FDCWD, args->arg[1], WALK_FOLLOW, &at);
    if (!result) {
        request.type = type;
        request.source = source ? source : "none";
        request.options = options;
        result = mount_at(at, &request);
        dentry_put(at);
    }
    kfree(type);
    kfree(source);
    kfree(options);
    return result;
}

int64_t sys_umount2(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[1];
    struct dentry *at;
    int64_t result;

    if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if ((flags & MNT_EXPIRE) && (flags & (MNT_FORCE | MNT_DETACH)))
        return -EINVAL;
    result = at_walk(AT_FDCWD, args->arg[0], (flags & UMOUNT_NOFOLLOW) ? 0 : WALK_FOLLOW, &at);
    if (result)
        return result;
    result = fs_current()->privileged ? mount_remove(at, flags) : -EPERM;
    dentry_put(at);
    return result;
}

/* sysfs(2): names and numbers of the kinds of file systems. */
int64_t sys_sysfs(const struct syscall_args *args)
{
    char *name;
    size_t index = 0;
    int64_t result;

    switch (args->arg[0]) {
    case 1:
        result = get_text(args->arg[1], &name);
        if (result || !name)
            return result ? result : -EFAULT;
        while (mount_type_name(index) && strcmp(mount_type_name(index), name) != 0)
            index++;
        kfree(name);
        return mount_type_name(index) ? (int64_t)index : -EINVAL;
    case 2:
        while (index < args->arg[1] && mount_type_name(index))
            index++;
        if (!mount_type_name(index))
            return -EINVAL;
        return copy_to_user(UADDR(args->arg[2]), mount_type_name(index),
                            strlen(mount_type_name(index)) + 1);
    case 3:
        while (mount_type_name(index))
            index++;
        return (int64_t)index;
    default:
        return -EINVAL;
    }
}

struct linux_ustat { /* ustat(2) */
    int32_t blocks_free;
    uint64_t inodes_free;
    char name[6], pack[6];
};
_Static_assert(sizeof(struct linux_ustat) == 32, "struct ustat");

int64_t sys_ustat(const struct syscall_args *args)
{
    struct fs_stats stats = {0};
    struct linux_ustat out = {0};
    struct inode *inode = mount_find_device((uint32_t)args->arg[0]);

    if (!inode)
        return -EINVAL;
    if (inode->sb->statfs)
        inode->sb->statfs(inode->sb, &stats);
    inode_put(inode);
    out.blocks_free = (int32_t)stats.blocks_free;
    out.inodes_free = stats.files_free;
    return copy_to_user(UADDR(args->arg[1]), &out, sizeof(out));
}
