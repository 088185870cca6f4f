/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsopen(2), fsconfig(2), fsmount(2), fspick(2), open_tree(2), move_mount(2), mount_setattr(2):
 * arguments and permission.  <linux/mount.h>
 */
#include "fs/inode.h"
#include "fs/mount_fd.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define FSOPEN_CLOEXEC 1u
#define FSMOUNT_CLOEXEC 1u
#define FSPICK_CLOEXEC 1u
#define FSPICK_SYMLINK_NOFOLLOW 2u
#define FSPICK_NO_AUTOMOUNT 4u
#define FSPICK_EMPTY_PATH 8u
#define OPEN_TREE_CLONE 1u
#define AT_RECURSIVE 0x8000u
#define MOVE_MOUNT_F_SYMLINKS 0x01u
#define MOVE_MOUNT_F_EMPTY_PATH 0x04u
#define MOVE_MOUNT_T_SYMLINKS 0x10u
#define MOVE_MOUNT_T_EMPTY_PATH 0x40u
#define MOVE_MOUNT_ALL 0x77u
#define FSCONFIG_BINARY_MAX (1u << 20)

#define MOUNT_ATTR_SAME 0xfu /* rdonly, nosuid, nodev, noexec: MS_*'s bits */
#define MOUNT_ATTR_ATIME 0x70u
#define MOUNT_ATTR_NOATIME 0x10u
#define MOUNT_ATTR_STRICTATIME 0x20u
#define MOUNT_ATTR_NODIRATIME 0x80u
#define MOUNT_ATTR_NOSYMFOLLOW 0x200000u
#define MOUNT_ATTR_ALL \
    (MOUNT_ATTR_SAME | MOUNT_ATTR_ATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)

static uint32_t flags_of_attr(uint64_t attr)
{
    uint32_t flags = attr & MOUNT_ATTR_SAME;

    if ((attr & MOUNT_ATTR_ATIME) == MOUNT_ATTR_NOATIME)
        flags |= MS_NOATIME;
    else if ((attr & MOUNT_ATTR_ATIME) == 0)
        flags |= MS_RELATIME;
    if (attr & MOUNT_ATTR_NODIRATIME)
        flags |= MS_NODIRATIME;
    return (attr & MOUNT_ATTR_NOSYMFOLLOW) ? flags | MS_NOSYMFOLLOW : flags;
}

static bool atime_valid(uint64_t attr)
{
    uint64_t atime = attr & MOUNT_ATTR_ATIME;

    return atime == 0 || atime == MOUNT_ATTR_NOATIME || atime == MOUNT_ATTR_STRICTATIME;
}

static int64_t install(struct file *file, bool close_on_exec)
{
    int64_t fd = fd_install(fd_current(), file, 0, fd_current_limit(), close_on_exec);

    if (fd < 0)
        file_put(file);
    return fd == -EINVAL ? -EMFILE : fd;
}

static int64_t get_text(uint64_t address, char text[FSCONFIG_TEXT_MAX])
{
    ssize_t length = copy_string_from_user(text, UADDR(address), FSCONFIG_TEXT_MAX);

    return length == -ENAMETOOLONG ? -EINVAL : length < 0 ? length : 0;
}

int64_t sys_fsopen(const struct syscall_args *args)
{
    char type[FSCONFIG_TEXT_MAX];
    struct file *file;
    int64_t result;

    if (!fs_current()->privileged)
        return -EPERM;
    if (args->arg[1] & ~(uint64_t)FSOPEN_CLOEXEC)
        return -EINVAL;
    result = get_text(args->arg[0], type);
    if (!result)
        result = mount_context_new(type, &file);
    return result ? result : install(file, args->arg[1] & FSOPEN_CLOEXEC);
}

int64_t sys_fspick(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[2];
    struct dentry *dentry;
    struct file *file;
    int64_t result;

    if (!fs_current()->privileged)
        return -EPERM;
    if (flags &
        ~(FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | FSPICK_EMPTY_PATH))
        return -EINVAL;
    result = at_walk((int)args->arg[0], args->arg[1],
                     ((flags & FSPICK_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW) |
                         ((flags & FSPICK_EMPTY_PATH) ? WALK_EMPTY : 0),
                     &dentry);
    if (result)
        return result;
    result = mount_context_pick(dentry, &file);
    dentry_put(dentry);
    return result ? result : install(file, flags & FSPICK_CLOEXEC);
}

/* Which arguments a command takes: 0, -EINVAL, -EOPNOTSUPP. */
static int check_config(uint64_t command, bool key, bool value, int aux)
{
    switch (command) {
    case FSCONFIG_SET_FLAG:
        return key && !value && !aux ? 0 : -EINVAL;
    case FSCONFIG_SET_STRING:
        return key && value && !aux ? 0 : -EINVAL;
    case FSCONFIG_SET_BINARY:
        return key && value && aux > 0 && aux <= (int)FSCONFIG_BINARY_MAX ? 0 : -EINVAL;
    case FSCONFIG_SET_PATH:
    case FSCONFIG_SET_PATH_EMPTY:
        return key && value && (aux == AT_FDCWD || aux >= 0) ? 0 : -EINVAL;
    case FSCONFIG_SET_FD:
        return key && !value && aux >= 0 ? 0 : -EINVAL;
    case FSCONFIG_CMD_CREATE:
    case FSCONFIG_CMD_RECONFIGURE:
        return !key && !value && !aux ? 0 : -EINVAL;
    default:
        return -EOPNOTSUPP;
    }
}

static int64_t configure(struct file *file, const struct syscall_args *args)
{
    enum fsconfig_command command = (enum fsconfig_command)args->arg[1];
    char key[FSCONFIG_TEXT_MAX], value[FSCONFIG_TEXT_MAX];
    bool has_value = args->arg[3] && command != FSCONFIG_SET_BINARY;
    int64_t error;

    if (!is_mount_context(file))
        return -EINVAL;
    if (command == FSCONFIG_CMD_CREATE || command == FSCONFIG_CMD_RECONFIGURE) {
        if (!fs_current()->privileged)
            return -EPERM;
        return command == FSCONFIG_CMD_CREATE ? mount_context_create(file)
                                              : mount_context_reconfigure(file);
    }
    error = get_text(args->arg[2], key);
    if (!error && has_value)
        error = get_text(args->arg[3], value);
    return error ? error : mount_context_set(file, command, key, has_value ? value : NULL);
}

int64_t sys_fsconfig(const struct syscall_args *args)
{
    struct file *file;
    int64_t result;

    if ((int)args->arg[0] < 0)
        return -EINVAL;
    result = check_config((uint32_t)args->arg[1], args->arg[2], args->arg[3], (int)args->arg[4]);
    if (result)
        return result;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    result = configure(file, args);
    file_put(file);
    return result;
}

int64_t sys_fsmount(const struct syscall_args *args)
{
    struct file *file, *detached;
    int64_t result = -EINVAL;

    if (!fs_current()->privileged)
        return -EPERM;
    if ((args->arg[1] & ~(uint64_t)FSMOUNT_CLOEXEC) || (args->arg[2] & ~(uint64_t)MOUNT_ATTR_ALL) ||
        !atime_valid(args->arg[2]))
        return -EINVAL;
    file = fd_arg(args->arg[0]);
    if (!file)
        return -EBADF;
    if (is_mount_context(file))
        result = mount_context_mount(file, flags_of_attr(args->arg[2]), &detached);
    file_put(file);
    return result ? result : install(detached, args->arg[1] & FSMOUNT_CLOEXEC);
}

int64_t sys_open_tree(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[2];
    struct dentry *dentry;
    struct file *file;
    int64_t result;

    if (flags & ~(AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW |
                  OPEN_TREE_CLONE | O_CLOEXEC))
        return -EINVAL;
    if ((flags & AT_RECURSIVE) && !(flags & OPEN_TREE_CLONE))
        return -EINVAL;
    if ((flags & OPEN_TREE_CLONE) && !fs_current()->privileged)
        return -EPERM;
    result = at_walk((int)args->arg[0], args->arg[1],
                     ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW) |
                         ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0),
                     &dentry);
    if (result)
        return result;
    result = (flags & OPEN_TREE_CLONE) ? mount_clone(dentry, &file)
                                       : vfs_open_dentry(dentry, O_PATH, &file);
    dentry_put(dentry);
    return result ? result : install(file, flags & O_CLOEXEC);
}

int64_t sys_move_mount(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[4];
    struct dentry *from, *to;
    int64_t result;

    if (!fs_current()->privileged)
        return -EPERM;
    if (flags & ~MOVE_MOUNT_ALL)
        return -EINVAL;
    result = at_walk((int)args->arg[0], args->arg[1],
                     ((flags & MOVE_MOUNT_F_SYMLINKS) ? WALK_FOLLOW : 0) |
                         ((flags & MOVE_MOUNT_F_EMPTY_PATH) ? WALK_EMPTY : 0),
                     &from);
    if (result)
        return result;
    result = at_walk((int)args->arg[2], args->arg[3],
                     ((flags & MOVE_MOUNT_T_SYMLINKS) ? WALK_FOLLOW : 0) |
                         ((flags & MOVE_MOUNT_T_EMPTY_PATH) ? WALK_EMPTY : 0),
                     &to);
    if (!result) {
        result = mount_move(to, from);
        dentry_put(to);
    }
    dentry_put(from);
    return result;
}

struct linux_mount_attr {
    uint64_t set, clear, propagation, userns_fd;
};
_Static_assert(sizeof(struct linux_mount_attr) == 32, "struct mount_attr");

static int check_attr(const struct linux_mount_attr *attr)
{
    uint64_t spread = attr->propagation;

    if (((attr->set | attr->clear) & ~(uint64_t)MOUNT_ATTR_ALL) ||
        (spread & ~(uint64_t)MS_PROPAGATION) || (spread & (spread - 1)))
        return -EINVAL;
    /* One kind of access times follows another only when all of them are cleared. */
    if ((attr->clear & MOUNT_ATTR_ATIME) && (attr->clear & MOUNT_ATTR_ATIME) != MOUNT_ATTR_ATIME)
        return -EINVAL;
    if (!(attr->clear & MOUNT_ATTR_ATIME) && (attr->set & MOUNT_ATTR_ATIME))
        return -EINVAL;
    return atime_valid(attr->set) ? 0 : -EINVAL;
}

int64_t sys_mount_setattr(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[2], set, clear;
    struct linux_mount_attr attr;
    struct dentry *dentry;
    int64_t result;

    if (flags & ~(AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
        return -EINVAL;
    if (args->arg[4] > PAGE_SIZE)
        return -E2BIG;
    if (args->arg[4] < sizeof(attr))
        return -EINVAL;
    if (!fs_current()->privileged)
        return -EPERM;
    if (copy_from_user(&attr, UADDR(args->arg[3]), sizeof(attr)))
        return -EFAULT;
    result = user_is_zero(args->arg[3] + sizeof(attr), args->arg[4] - sizeof(attr));
    if (!result && !attr.set && !attr.clear && !attr.propagation)
        return 0;
    if (!result)
        result = check_attr(&attr);
    if (!result)
        result = at_walk((int)args->arg[0], args->arg[1],
                         ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW) |
                             ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0),
                         &dentry);
    if (result)
        return result;
    clear = flags_of_attr(attr.clear | MOUNT_ATTR_STRICTATIME);
    set = flags_of_attr(attr.set | MOUNT_ATTR_STRICTATIME);
    if (attr.clear & MOUNT_ATTR_ATIME) {
        clear |= MS_NOATIME | MS_RELATIME;
        set = flags_of_attr(attr.set);
    }
    result = mount_set_flags(dentry, set, clear);
    dentry_put(dentry);
    return result;
}
