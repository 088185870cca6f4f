/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What mounts need of the dentry cache: a dentry that hides another one, the flags of the
 * mount above a dentry, other names of a directory.  The list of mounts is mount.c's.
 */
#include "fs/dentry_mount.h"

#include "fs/dentry_hash.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MOUNT_FLAGS_SHIFT 8u /* MS_OF_MOUNT below 1 << 12, MS_RELATIME apart */

static atomic_uint mounts_made, aliases_made;

static uint32_t pack(uint32_t flags)
{
    return (flags & 0xfffu) << MOUNT_FLAGS_SHIFT | ((flags & MS_RELATIME) ? DENTRY_RELATIME : 0);
}

static uint32_t unpack(uint32_t flags)
{
    return (flags >> MOUNT_FLAGS_SHIFT & 0xfffu) | ((flags & DENTRY_RELATIME) ? MS_RELATIME : 0);
}

struct dentry *dentry_cover(struct dentry *at, struct inode *inode, uint32_t flags, bool alias)
{
    struct dentry *mount = dentry_new(at->name, at->name_length, inode);
    bool ok;

    if (!mount)
        return NULL;
    mount->flags = DENTRY_MOUNT | pack(flags);
    atomic_fetch_add(&mounts_made, 1);
    if (alias)
        atomic_fetch_add(&aliases_made, 1);
    spin_lock(&dentry_lock);
    ok = (at->flags & DENTRY_HASHED) && at->parent != at;
    if (ok)
        dentry_place_locked(mount, at);
    spin_unlock(&dentry_lock);
    if (ok) {
        inode_get(inode);
    } else {
        mount->inode = NULL;
        dentry_put(mount);
    }
    return ok ? mount : NULL;
}

struct dentry *dentry_create_detached(struct inode *inode, const char *source, uint32_t flags)
{
    struct inode *root = inode->sb->root ? inode->sb->root : inode;
    struct dentry *above = dentry_new(source, strlen(source), root);
    struct dentry *mount = dentry_new("", 0, inode);

    if (!above || !mount) {
        if (above)
            above->inode = NULL;
        if (mount)
            mount->inode = NULL;
        dentry_put(above);
        dentry_put(mount);
        return NULL;
    }
    inode_get(root);
    inode_get(inode);
    atomic_fetch_add(&mounts_made, 1);
    atomic_fetch_add(&aliases_made, 1);
    mount->flags = DENTRY_MOUNT | DENTRY_DETACHED | DENTRY_COVERED | pack(flags);
    mount->parent = above;
    return mount;
}

bool dentry_is_detached(struct dentry *dentry)
{
    bool detached;

    spin_lock(&dentry_lock);
    detached = dentry->flags & DENTRY_DETACHED;
    spin_unlock(&dentry_lock);
    return detached;
}

const char *dentry_detached_source(struct dentry *mount)
{
    return mount->parent->name; /* never changes */
}

void dentry_set_attached(struct dentry *mount)
{
    spin_lock(&dentry_lock);
    mount->flags &= ~DENTRY_DETACHED;
    spin_unlock(&dentry_lock);
}

void dentry_uncover(struct dentry *mount, struct dentry *covered)
{
    spin_lock(&dentry_lock);
    dentry_hash_remove(mount);
    covered->flags &= ~DENTRY_COVERED;
    dentry_hash_insert(covered);
    spin_unlock(&dentry_lock);
}

void dentry_set_mount_flags(struct dentry *mount, uint32_t flags)
{
    atomic_fetch_add(&mounts_made, 1);
    spin_lock(&dentry_lock);
    mount->flags = (mount->flags & ~(0xfffu << MOUNT_FLAGS_SHIFT | DENTRY_RELATIME)) | pack(flags);
    spin_unlock(&dentry_lock);
}

static struct dentry *mount_above(struct dentry *dentry)
{
    while (!(dentry->flags & DENTRY_MOUNT) && dentry->parent != dentry)
        dentry = dentry->parent;
    return dentry;
}

uint32_t mount_flags(struct dentry *dentry)
{
    uint32_t flags;

    if (LIKELY(!atomic_load_explicit(&mounts_made, memory_order_relaxed)))
        return dentry->inode->sb->read_only ? MS_RDONLY : 0;
    spin_lock(&dentry_lock);
    flags = unpack(mount_above(dentry)->flags);
    spin_unlock(&dentry_lock);
    return dentry->inode->sb->read_only ? flags | MS_RDONLY : flags;
}

int mount_want_write(struct dentry *dentry)
{
    return UNLIKELY(mount_flags(dentry) & MS_RDONLY) ? -EROFS : 0;
}

bool mount_is_same(struct dentry *a, struct dentry *b)
{
    bool same;

    if (LIKELY(!atomic_load_explicit(&mounts_made, memory_order_relaxed)))
        return true;
    spin_lock(&dentry_lock);
    same = mount_above(a) == mount_above(b) || (a->flags & DENTRY_ANONYMOUS);
    spin_unlock(&dentry_lock);
    return same;
}

struct dentry *dentry_mount_above(struct dentry *dentry)
{
    struct dentry *mount;

    spin_lock(&dentry_lock);
    mount = mount_above(dentry);
    spin_unlock(&dentry_lock);
    return mount;
}

bool dentry_in_tree(struct dentry *dentry)
{
    bool in_tree;

    spin_lock(&dentry_lock);
    while ((dentry->flags & DENTRY_HASHED) && dentry->parent != dentry)
        dentry = dentry->parent;
    in_tree = dentry->parent == dentry && !(dentry->flags & DENTRY_ANONYMOUS);
    spin_unlock(&dentry_lock);
    return in_tree;
}

bool dentry_mount_idle(struct dentry *mount, uint32_t references)
{
    bool idle;

    dentry_shrink(0); /* cached children hold references too */
    spin_lock(&dentry_lock);
    idle = mount->count <= references;
    spin_unlock(&dentry_lock);
    return idle;
}

bool dentry_expire(struct dentry *mount)
{
    bool unused;

    spin_lock(&dentry_lock);
    /* The caller's walk has counted one down. */
    unused = (mount->flags & DENTRY_EXPIRE) == DENTRY_EXPIRE_ONE;
    mount->flags = (mount->flags & ~DENTRY_EXPIRE) | 2 * DENTRY_EXPIRE_ONE;
    spin_unlock(&dentry_lock);
    return unused;
}

void dentry_forget_aliases(struct inode *dir, const char *name, size_t length,
                           const struct dentry *except)
{
    struct dentry *found;

    if (LIKELY(!atomic_load_explicit(&aliases_made, memory_order_relaxed)))
        return;
    do {
        spin_lock(&dentry_lock);
        found = dentry_hash_find_alias(dir, name, length, except);
        if (found) {
            dentry_get_locked(found);
            dentry_hash_remove(found);
        }
        spin_unlock(&dentry_lock);
        dentry_put(found);
    } while (found);
}
