/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of open files (iface/file.h).  Knows no kind of file. */
#include "iface/file.h"

#include "fs/dnotify.h"
#include "fs/epoll.h"
#include "fs/file_lock.h"
#include "fs/file_owner.h"
#include "fs/inode.h"
#include "fs/lease.h"
#include "fs/notify.h"
#include "iface/open_flags.h"
#include "mm/slab.h"

struct file *file_create(const struct file_ops *ops, uint32_t mode, uint32_t flags,
                         void *private_data)
{
    struct file *file = kmalloc(sizeof(*file));

    if (!file)
        return NULL;
    ref_init(&file->refs);
    file->ops = ops;
    file->mode = mode;
    atomic_init(&file->flags, flags);
    mutex_init(&file->pos_lock);
    file->pos = 0;
    file->inode = NULL;
    file->dentry = NULL;
    file->private_data = private_data;
    atomic_init(&file->owner, NULL);
    list_init(&file->poll_watches);
    spin_init(&file->watch_lock, LOCK_RANK_ANY);
    file->counted_writer = false;
    return file;
}

struct file *file_get(struct file *file)
{
    ref_get(&file->refs);
    return file;
}

void file_put(struct file *file)
{
    if (!file || !ref_put(&file->refs))
        return;
    if (UNLIKELY(notify_wanted())) {
        dnotify_forget(file);
        notify_file(file, (file->mode & FMODE_WRITE) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    }
    if (UNLIKELY(!list_empty(&file->poll_watches)))
        epoll_forget_file(file);
    if (UNLIKELY(file->inode && file->inode->locks))
        file_lock_release(file->inode, file);
    if (UNLIKELY(file->inode && file->inode->leases))
        lease_release(file);
    if (UNLIKELY(atomic_load_explicit(&file->owner, memory_order_relaxed)))
        file_owner_free(file);
    if (file->ops->release)
        file->ops->release(file);
    if (file->counted_writer)
        inode_put_write(file->inode);
    dentry_put(file->dentry);
    inode_put(file->inode);
    kfree(file);
}
