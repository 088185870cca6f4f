/* SPDX-License-Identifier: BSD-2-Clause */
/* See memfd.h: files of a tmpfs that has no names, made at the first use. */
#include "fs/memfd.h"

#include "fs/dentry.h"
#include "fs/tmpfs.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/leaks.h"

#define SEALS_ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static struct tmpfs unnamed_fs;
static struct mutex create_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(create_lock.waiters)};

static struct inode *create_unnamed(uint32_t mode)
{
    struct tmpfs_inode *node = NULL;
    int error = 0;

    mutex_lock(&create_lock);
    if (!unnamed_fs.sb.root) {
        error = tmpfs_init(&unnamed_fs, "tmpfs", MAKE_DEVICE(0, 1), 0700, NULL);
        leaks_keep(unnamed_fs.sb.root);
    }
    mutex_unlock(&create_lock);
    if (!error)
        node = tmpfs_new_inode(&unnamed_fs, S_IFREG | mode, 0, tmpfs_next_ino(&unnamed_fs));
    if (!node)
        return NULL;
    node->inode.attr.nlink = 0;
    node->inode.attr.uid = fs_current()->fsuid;
    node->inode.attr.gid = fs_current()->fsgid;
    return &node->inode;
}

int memfd_create(const char *name, bool allow_sealing, struct file **file)
{
    struct inode *inode = create_unnamed(0777);
    struct dentry *dentry;
    char shown[280];
    int error;

    if (!inode)
        return -ENOMEM;
    if (!allow_sealing)
        tmpfs_inode_of(inode)->file.seals = F_SEAL_SEAL;
    snprintf(shown, sizeof(shown), "/memfd:%s (deleted)", name);
    dentry = dentry_create_anonymous(inode, shown);
    inode_put(inode);
    if (!dentry)
        return -ENOMEM;
    error = vfs_open_dentry(dentry, O_RDWR | O_LARGEFILE, file);
    dentry_put(dentry);
    return error;
}

static struct tmpfs_inode *sealable(struct file *file)
{
    return file->ops == &tmpfs_regular_ops && file->inode->sb == &unnamed_fs.sb
               ? tmpfs_inode_of(file->inode)
               : NULL;
}

int64_t memfd_get_seals(struct file *file)
{
    struct tmpfs_inode *node = sealable(file);

    return node ? (int64_t)node->file.seals : -EINVAL;
}

int64_t memfd_add_seals(struct file *file, uint32_t seals)
{
    struct tmpfs_inode *node = sealable(file);
    int64_t result = 0;

    if (!(file->mode & FMODE_WRITE))
        return -EPERM;
    if (!node || (seals & ~SEALS_ALL))
        return -EINVAL;
    mutex_lock(&node->inode.lock);
    if (node->file.seals & F_SEAL_SEAL)
        result = -EPERM;
    else if ((seals & F_SEAL_WRITE) && !(node->file.seals & F_SEAL_WRITE) &&
             atomic_load(&node->file.writable_maps))
        result = -EBUSY; /* it could still be written through them */
    else
        node->file.seals |= seals;
    mutex_unlock(&node->inode.lock);
    return result;
}
