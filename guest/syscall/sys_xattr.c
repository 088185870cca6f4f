/* SPDX-License-Identifier: BSD-2-Clause */
/* getxattr(2), setxattr(2), listxattr(2), removexattr(2) by path, link and descriptor. */
#include "fs/mount.h"
#include "fs/notify.h"
#include "fs/xattr.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

enum by { BY_PATH, BY_LINK, BY_FD };

struct place { /* what a call names: references */
    struct inode *inode;
    struct file *file; /* what it was named by: this, or */
    struct dentry *dentry;
    bool read_only;
};

static void leave(struct place *place)
{
    inode_put(place->inode);
    file_put(place->file);
    if (place->dentry)
        dentry_put(place->dentry);
}

static void tell_change(const struct place *place)
{
    if (LIKELY(!notify_wanted()))
        return;
    if (place->file)
        notify_file(place->file, IN_ATTRIB);
    else
        notify_dentry(place->dentry, IN_ATTRIB);
}

static int64_t find(enum by by, uint64_t what, struct place *place)
{
    struct dentry *dentry;
    struct file *file;
    int error;

    if (by == BY_FD) {
        file = fd_arg(what);
        if (!file)
            return -EBADF;
        if (!file->inode) {
            file_put(file);
            return -EOPNOTSUPP;
        }
        *place = (struct place){.inode = inode_get(file->inode),
                                .file = file,
                                .read_only = file->dentry && mount_want_write(file->dentry)};
        return 0;
    }
    error = at_walk(AT_FDCWD, what, by == BY_PATH ? WALK_FOLLOW : 0, &dentry);
    if (error)
        return error;
    *place = (struct place){.inode = inode_get(dentry_inode(dentry)),
                            .dentry = dentry,
                            .read_only = mount_want_write(dentry)};
    return 0;
}

static int64_t get_name(uint64_t address, char name[XATTR_NAME_MAX + 1])
{
    ssize_t length = copy_string_from_user(name, UADDR(address), XATTR_NAME_MAX + 1);

    if (length == -ENAMETOOLONG || length == 0)
        return -ERANGE;
    return length < 0 ? length : 0;
}

static int64_t set(enum by by, const struct syscall_args *args)
{
    char name[XATTR_NAME_MAX + 1];
    uint64_t size = args->arg[3], flags = args->arg[4];
    struct place place;
    void *value = NULL;
    int64_t result;

    if (flags & ~(uint64_t)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    result = get_name(args->arg[1], name);
    if (!result && size > XATTR_SIZE_MAX)
        result = -E2BIG;
    if (result)
        return result;
    value = kmalloc(MAX(size, 1ul));
    if (!value)
        return -ENOMEM;
    if (copy_from_user(value, UADDR(args->arg[2]), size))
        result = -EFAULT;
    if (!result)
        result = find(by, args->arg[0], &place);
    if (!result) {
        result =
            place.read_only ? -EROFS : xattr_set(place.inode, name, value, size, (uint32_t)flags);
        if (!result)
            tell_change(&place);
        leave(&place);
    }
    kfree(value);
    return result;
}

/* The value of name, or with NULL the list of names, to the program. */
static int64_t give(struct inode *inode, const char *name, uint64_t address, uint64_t size)
{
    size_t room = MIN(size, (uint64_t)XATTR_SIZE_MAX);
    char *buffer = kmalloc(MAX(room, 1ul));
    int64_t result;

    if (!buffer)
        return -ENOMEM;
    result = name ? xattr_get(inode, name, buffer, room) : xattr_list(inode, buffer, room);
    if (result > 0 && size && copy_to_user(UADDR(address), buffer, (size_t)result))
        result = -EFAULT;
    kfree(buffer);
    return result;
}

static int64_t get(enum by by, const struct syscall_args *args)
{
    char name[XATTR_NAME_MAX + 1];
    struct place place;
    int64_t result = get_name(args->arg[1], name);

    if (!result)
        result = find(by, args->arg[0], &place);
    if (result)
        return result;
    result = give(place.inode, name, args->arg[2], args->arg[3]);
    leave(&place);
    return result;
}

static int64_t list(enum by by, const struct syscall_args *args)
{
    struct place place;
    int64_t result = find(by, args->arg[0], &place);

    if (result)
        return result;
    result = give(place.inode, NULL, args->arg[1], args->arg[2]);
    leave(&place);
    return result;
}

static int64_t remove(enum by by, const struct syscall_args *args)
{
    char name[XATTR_NAME_MAX + 1];
    struct place place;
    int64_t result = get_name(args->arg[1], name);

    if (!result)
        result = find(by, args->arg[0], &place);
    if (result)
        return result;
    result = place.read_only ? -EROFS : xattr_remove(place.inode, name);
    if (!result)
        tell_change(&place);
    leave(&place);
    return result;
}

int64_t sys_setxattr(const struct syscall_args *args)
{
    return set(BY_PATH, args);
}

int64_t sys_lsetxattr(const struct syscall_args *args)
{
    return set(BY_LINK, args);
}

int64_t sys_fsetxattr(const struct syscall_args *args)
{
    return set(BY_FD, args);
}

int64_t sys_getxattr(const struct syscall_args *args)
{
    return get(BY_PATH, args);
}

int64_t sys_lgetxattr(const struct syscall_args *args)
{
    return get(BY_LINK, args);
}

int64_t sys_fgetxattr(const struct syscall_args *args)
{
    return get(BY_FD, args);
}

int64_t sys_listxattr(const struct syscall_args *args)
{
    return list(BY_PATH, args);
}

int64_t sys_llistxattr(const struct syscall_args *args)
{
    return list(BY_LINK, args);
}

int64_t sys_flistxattr(const struct syscall_args *args)
{
    return list(BY_FD, args);
}

int64_t sys_removexattr(const struct syscall_args *args)
{
    return remove(BY_PATH, args);
}

int64_t sys_lremovexattr(const struct syscall_args *args)
{
    return remove(BY_LINK, args);
}

int64_t sys_fremovexattr(const struct syscall_args *args)
{
    return remove(BY_FD, args);
}
