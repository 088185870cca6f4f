/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes as such: references, attributes, permissions, times.  Knows no file
 * system and no names.
 */
#include "fs/inode.h"

#include "arch/clock.h"
#include "fs/file_lock.h"
#include "fs/xattr.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define NS_PER_SEC 1000000000ul
#define RELATIME_AGE 86400u /* seconds */

/* Of the last look at the clock: late, but for nothing. */
static atomic_ulong recent_seconds;

struct timespec64 fs_now(void)
{
    uint64_t ns = clock_wall_ns();

    atomic_store_explicit(&recent_seconds, ns / NS_PER_SEC, memory_order_relaxed);
    return (struct timespec64){.sec = (int64_t)(ns / NS_PER_SEC),
                               .nsec = (int64_t)(ns % NS_PER_SEC)};
}

void inode_init(struct inode *inode, const struct inode_ops *ops, struct super_block *sb,
                uint32_t mode, uint64_t ino)
{
    struct timespec64 now = fs_now();

    ref_init(&inode->refs);
    inode->ops = ops;
    inode->sb = sb;
    mutex_init(&inode->lock);
    inode->attr = (struct inode_attr){.mode = mode,
                                      .nlink = 1,
                                      .ino = ino,
                                      .block_size = PAGE_SIZE,
                                      .atime = now,
                                      .mtime = now,
                                      .ctime = now,
                                      .btime = now};
    inode->private_data = NULL;
    inode->locks = NULL;
    inode->xattrs = NULL;
    inode->leases = NULL;
    inode->flags = 0;
    atomic_init(&inode->deny_write, 0);
}

struct inode *inode_get(struct inode *inode)
{
    ref_get(&inode->refs);
    return inode;
}

void inode_put(struct inode *inode)
{
    if (!inode || !ref_put(&inode->refs))
        return;
    if (UNLIKELY(inode->locks))
        file_lock_free(inode);
    if (UNLIKELY(inode->xattrs))
        xattr_free(inode);
    if (inode->ops->evict)
        inode->ops->evict(inode);
}

uint64_t inode_next_anonymous_ino(void)
{
    static atomic_ulong next = 1024;

    return atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
}

static void anonymous_statfs(struct super_block *sb, struct fs_stats *stats)
{
    (void)sb;
    *stats = (struct fs_stats){
        .magic = 0x09041934 /* ANON_INODE_FS_MAGIC */, .block_size = PAGE_SIZE, .name_max = 255};
}

struct super_block anonymous_super = {
    .type = "anon_inodefs", .device = MAKE_DEVICE(0, 14), .statfs = anonymous_statfs};

static void anonymous_evict(struct inode *inode)
{
    kfree(inode);
}

struct inode *inode_create_anonymous(uint32_t mode)
{
    static const struct inode_ops ops = {.evict = anonymous_evict};
    struct inode *inode = kmalloc(sizeof(*inode));

    if (inode)
        inode_init(inode, &ops, &anonymous_super, mode, inode_next_anonymous_ino());
    return inode;
}

static bool is_later(const struct timespec64 *a, const struct timespec64 *b)
{
    return a->sec > b->sec || (a->sec == b->sec && a->nsec > b->nsec);
}

void inode_accessed(struct inode *inode)
{
    const struct inode_attr *attr = &inode->attr;
    struct timespec64 now;

    if (is_later(&attr->atime, &attr->mtime) && is_later(&attr->atime, &attr->ctime) &&
        (uint64_t)attr->atime.sec + RELATIME_AGE >
            atomic_load_explicit(&recent_seconds, memory_order_relaxed))
        return;
    now = fs_now();
    inode->attr.atime = now;
}

void inode_touch(struct inode *inode)
{
    inode->attr.mtime = inode->attr.ctime = fs_now();
}

int inode_get_write(struct inode *inode)
{
    int old = atomic_load(&inode->deny_write);

    do {
        if (old < 0)
            return -ETXTBSY;
    } while (!atomic_compare_exchange_weak(&inode->deny_write, &old, old + 1));
    atomic_fetch_add_explicit(&inode->sb->writers, 1, memory_order_relaxed);
    return 0;
}

void inode_put_write(struct inode *inode)
{
    atomic_fetch_sub_explicit(&inode->sb->writers, 1, memory_order_relaxed);
    atomic_fetch_sub(&inode->deny_write, 1);
}

int inode_deny_write(struct inode *inode)
{
    int old = atomic_load(&inode->deny_write);

    do {
        if (old > 0)
            return -ETXTBSY;
    } while (!atomic_compare_exchange_weak(&inode->deny_write, &old, old - 1));
    return 0;
}

void inode_allow_write(struct inode *inode)
{
    atomic_fetch_add(&inode->deny_write, 1);
}

bool fs_in_group(const struct fs_context *context, uint32_t gid)
{
    if (context->fsgid == gid)
        return true;
    for (uint32_t i = 0; i < context->group_count; i++)
        if (context->groups[i] == gid)
            return true;
    return false;
}

int inode_permission(const struct inode *inode, uint32_t want_rwx, const struct fs_context *context)
{
    uint32_t mode = inode->attr.mode;

    if ((want_rwx & 2) && inode->sb->read_only && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
        return -EROFS;
    if ((want_rwx & 2) && (inode->flags & INODE_IMMUTABLE))
        return -EPERM;
    if (context->privileged) {
        bool executable = S_ISDIR(mode) || (mode & 0111);

        return (want_rwx & 1) && !executable ? -EACCES : 0;
    }
    if (context->fsuid == inode->attr.uid)
        mode >>= 6;
    else if (fs_in_group(context, inode->attr.gid))
        mode >>= 3;
    return (want_rwx & ~mode & 7) ? -EACCES : 0;
}

int vfs_permission(struct inode *inode, uint32_t want_rwx)
{
    return inode_permission(inode, want_rwx, fs_current());
}

bool inode_owner_or_privileged(const struct inode *inode)
{
    const struct fs_context *context = fs_current();

    return context->privileged || context->fsuid == inode->attr.uid;
}

void vfs_getattr(struct inode *inode, struct inode_attr *attr)
{
    if (inode->ops->getattr)
        inode->ops->getattr(inode, attr);
    else
        *attr = inode->attr;
}

/* chown by others than root: only the group, and only to one's own. */
static int chown_allowed(const struct inode *inode, const struct inode_attr *attr, uint32_t which)
{
    const struct fs_context *context = fs_current();

    if (context->privileged)
        return 0;
    if (context->fsuid != inode->attr.uid)
        return -EPERM;
    if ((which & ATTR_UID) && attr->uid != inode->attr.uid)
        return -EPERM;
    if ((which & ATTR_GID) && attr->gid != inode->attr.gid && !fs_in_group(context, attr->gid))
        return -EPERM;
    return 0;
}

static int setattr_allowed(struct inode *inode, const struct inode_attr *attr, uint32_t which)
{
    if (inode->sb->read_only)
        return -EROFS;
    if ((inode->flags & INODE_IMMUTABLE) || ((inode->flags & INODE_APPEND) && !(which & ATTR_NOW)))
        return -EPERM;
    if ((which & ATTR_MODE) && S_ISLNK(inode->attr.mode))
        return -EOPNOTSUPP;
    if ((which & ATTR_MODE) && !inode_owner_or_privileged(inode))
        return -EPERM;
    if (which & (ATTR_UID | ATTR_GID)) {
        int error = chown_allowed(inode, attr, which);

        if (error)
            return error;
    }
    if ((which & (ATTR_ATIME | ATTR_MTIME)) && !inode_owner_or_privileged(inode))
        return (which & ATTR_NOW) ? vfs_permission(inode, 2) : -EPERM;
    return 0;
}

/* Changes what needs no help from the file system: everything but the size. */
static void apply_attr(struct inode *inode, const struct inode_attr *attr, uint32_t which)
{
    const struct fs_context *context = fs_current();
    struct inode_attr *own = &inode->attr;

    if (which & ATTR_MODE) {
        own->mode = (own->mode & S_IFMT) | (attr->mode & 07777);
        if (!context->privileged && !fs_in_group(context, own->gid))
            own->mode &= ~S_ISGID;
    }
    if (which & ATTR_UID)
        own->uid = attr->uid;
    if (which & ATTR_GID)
        own->gid = attr->gid;
    if ((which & (ATTR_UID | ATTR_GID)) && !S_ISDIR(own->mode)) {
        own->mode &= ~S_ISUID;
        if (own->mode & S_IXGRP)
            own->mode &= ~S_ISGID;
    }
    own->ctime = fs_now();
    if (which & ATTR_ATIME)
        own->atime = (which & ATTR_NOW) ? own->ctime : attr->atime;
    if (which & ATTR_MTIME)
        own->mtime = (which & ATTR_NOW) ? own->ctime : attr->mtime;
}

uint32_t inode_new_mode(const struct inode *dir, uint32_t mode)
{
    const struct fs_context *context = fs_current();

    if ((dir->attr.mode & S_ISGID) && !S_ISDIR(mode) &&
        (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && !context->privileged &&
        !fs_in_group(context, dir->attr.gid))
        mode &= ~S_ISGID;
    return S_ISLNK(mode) ? mode : mode & ~context->umask;
}

int inode_set_flags(struct inode *inode, uint32_t flags)
{
    uint32_t changed = inode->flags ^ flags;

    if (!inode->sb->attributes)
        return -ENOTTY;
    if (!inode_owner_or_privileged(inode))
        return -EPERM;
    if (inode->sb->read_only)
        return -EROFS;
    if (flags & ~(INODE_IMMUTABLE | INODE_APPEND | INODE_NODUMP | INODE_NOATIME))
        return -EOPNOTSUPP;
    if ((changed & (INODE_IMMUTABLE | INODE_APPEND)) && !fs_current()->privileged)
        return -EPERM;
    mutex_lock(&inode->lock);
    inode->flags = flags;
    inode->attr.ctime = fs_now();
    mutex_unlock(&inode->lock);
    return 0;
}

int vfs_setattr(struct inode *inode, const struct inode_attr *attr, uint32_t which)
{
    int error = setattr_allowed(inode, attr, which);

    if (error)
        return error;
    mutex_lock(&inode->lock);
    if (inode->ops->setattr)
        error = inode->ops->setattr(inode, attr, which);
    else if (which & ATTR_SIZE)
        error = S_ISDIR(inode->attr.mode) ? -EISDIR : -EINVAL;
    if (!error)
        apply_attr(inode, attr, which);
    mutex_unlock(&inode->lock);
    return error;
}
