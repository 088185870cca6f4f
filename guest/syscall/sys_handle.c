/* SPDX-License-Identifier: BSD-2-Clause */
/* name_to_handle_at(2), open_by_handle_at(2): for file systems in memory. */
#include "fs/mount.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"
#include "syscall/sys_file.h"

#define HANDLE_SIZE_MAX 128u
#define HANDLE_TYPE 1 /* FILEID_INO32_GEN's family, as tmpfs of Linux */
#define CAP_DAC_READ_SEARCH 2

struct linux_file_handle {
    uint32_t size; /* bytes behind type */
    int32_t type;
    uint32_t generation, ino_low, ino_high; /* opaque to programs */
};
_Static_assert(sizeof(struct linux_file_handle) == 20, "struct file_handle with tmpfs' bytes");
#define HANDLE_SIZE 12u

static int64_t give_handle(struct dentry *dentry, uint64_t address, uint32_t room)
{
    struct inode *inode = dentry_inode(dentry);
    struct linux_file_handle handle = {.size = HANDLE_SIZE, .type = HANDLE_TYPE};

    if (!inode->sb->attributes) /* only tmpfs finds its inodes again */
        return -EOPNOTSUPP;
    if (room < HANDLE_SIZE)
        return put_user_u32(UADDR(address), HANDLE_SIZE) ? -EFAULT : -EOVERFLOW;
    handle.generation = tmpfs_generation(inode);
    handle.ino_low = (uint32_t)inode->attr.ino;
    handle.ino_high = (uint32_t)(inode->attr.ino >> 32);
    return copy_to_user(UADDR(address), &handle, sizeof(handle)) ? -EFAULT : 0;
}

int64_t sys_name_to_handle_at(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[4], room;
    struct dentry *dentry;
    int64_t result;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    result = at_walk((int)args->arg[0], args->arg[1],
                     ((flags & AT_SYMLINK_FOLLOW) ? WALK_FOLLOW : 0) |
                         ((flags & AT_EMPTY_PATH) ? WALK_EMPTY : 0),
                     &dentry);
    if (result)
        return result;
    if (get_user_u32(&room, UADDR(args->arg[2])))
        result = -EFAULT;
    else if (room > HANDLE_SIZE_MAX)
        result = -EINVAL;
    else
        result = give_handle(dentry, args->arg[2], room);
    if ((!result || result == -EOVERFLOW) && put_user_u32(UADDR(args->arg[3]), mount_id(dentry)))
        result = -EFAULT;
    dentry_put(dentry);
    return result;
}

static int64_t get_handle(uint64_t address, struct linux_file_handle *handle)
{
    if (copy_from_user(handle, UADDR(address), 8))
        return -EFAULT;
    if (handle->size == 0 || handle->size > HANDLE_SIZE_MAX)
        return -EINVAL;
    if (handle->size != HANDLE_SIZE || handle->type != HANDLE_TYPE)
        return -ESTALE;
    return copy_from_user(handle, UADDR(address), sizeof(*handle)) ? -EFAULT : 0;
}

/* What the handle names below a mount's root: a reference in *found. */
static int find(struct dentry *root, const struct linux_file_handle *handle, struct dentry **found)
{
    uint64_t ino = (uint64_t)handle->ino_high << 32 | handle->ino_low;
    struct inode *inode = dentry_inode(root);
    char *path;
    int error;

    if (!inode->sb->attributes || inode->sb->root != inode)
        return -ESTALE;
    if (inode->attr.ino == ino) {
        *found = dentry_get(root);
    } else {
        path = kmalloc(PATH_MAX);
        if (!path)
            return -ENOMEM;
        error = tmpfs_path_of(inode->sb, ino, path, PATH_MAX);
        if (!error)
            error = vfs_walk(root, path, 0, found);
        kfree(path);
        if (error)
            return error == -ENOMEM ? error : -ESTALE;
    }
    inode = dentry_inode(*found);
    if (inode->attr.ino == ino && tmpfs_generation(inode) == handle->generation)
        return 0;
    dentry_put(*found);
    return -ESTALE;
}

int64_t sys_open_by_handle_at(const struct syscall_args *args)
{
    uint32_t flags = (uint32_t)args->arg[2];
    struct linux_file_handle handle;
    struct dentry *place, *root, *found;
    struct file *file;
    int64_t result;

    if (!task_capable(CAP_DAC_READ_SEARCH))
        return -EPERM;
    result = get_handle(args->arg[1], &handle);
    if (result == -EFAULT || result == -EINVAL)
        return result;
    if (!result)
        result = at_place((int)args->arg[0], &place);
    if (result)
        return result;
    root = mount_root_of(place);
    dentry_put(place);
    result = find(root, &handle, &found);
    dentry_put(root);
    if (result)
        return result;
    result = vfs_open_dentry(found, flags | O_LARGEFILE, &file);
    dentry_put(found);
    if (result)
        return result;
    result = fd_install(fd_current(), file, 0, fd_current_limit(), flags & O_CLOEXEC);
    if (result < 0)
        file_put(file);
    return result == -EINVAL ? -EMFILE : result;
}
