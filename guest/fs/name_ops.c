/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkdir, mknod, symlink, link, unlink, rmdir, rename over paths: finds the
 * directories, checks what all file systems have in common, keeps the dentry
 * cache in step.  Lock order: rename_lock, then directories (ancestor first).
 */
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/* One rename between directories at a time. */
static struct mutex rename_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(rename_lock.waiters)};

static bool is_dot(const struct last_name *last)
{
    return last->length == 1 && last->name[0] == '.';
}

static bool is_dot_dot(const struct last_name *last)
{
    return last->length == 2 && last->name[0] == '.' && last->name[1] == '.';
}

static void done_with(struct dentry *parent, struct last_name *last)
{
    kfree(last->buffer);
    dentry_put(parent);
}

/* In a sticky directory only the owner of the file or the directory takes names away. */
static int may_delete(struct inode *dir, struct inode *child)
{
    const struct fs_context *context = fs_current();
    int error = vfs_permission(dir, 3);

    if (!error &&
        ((dir->flags & INODE_APPEND) || (child->flags & (INODE_APPEND | INODE_IMMUTABLE))))
        error = -EPERM;
    if (error || !(dir->attr.mode & S_ISVTX) || context->privileged)
        return error;
    if (context->fsuid == child->attr.uid || context->fsuid == dir->attr.uid)
        return 0;
    return -EPERM;
}

/* Locked directory, name not there yet. */
static int may_create(struct dentry *parent, const struct last_name *last)
{
    struct dentry *there;
    int error = vfs_lookup_locked(parent, last->name, last->length, &there);

    if (!error) {
        dentry_put(there);
        return -EEXIST;
    }
    if (error == -ENOENT)
        error = mount_want_write(parent);
    return error ? error : vfs_permission(parent->inode, 3);
}

int vfs_create_get(struct dentry *start, const char *path, uint32_t mode_with_type, uint64_t rdev,
                   const char *symlink_target, struct dentry **created)
{
    struct dentry *parent;
    struct inode *dir, *child;
    struct last_name last;
    int error = vfs_walk_parent(start, path, &parent, &last);

    if (error)
        return error;
    dir = parent->inode;
    if (last.length == 0 || is_dot(&last) || is_dot_dot(&last)) {
        done_with(parent, &last);
        return -EEXIST;
    }
    mode_with_type = inode_new_mode(dir, mode_with_type);
    mutex_lock(&dir->lock);
    error = may_create(parent, &last);
    if (!error && last.trailing_slash && !S_ISDIR(mode_with_type))
        error = -ENOENT;
    if (!error && !dir->ops->create)
        error = -ENOENT; /* as in /proc */
    if (!error)
        error = dir->ops->create(dir, last.name, last.length, mode_with_type, rdev, symlink_target,
                                 &child);
    if (!error) {
        *created = dentry_add(parent, last.name, last.length, child);
        if (!*created) { /* an error leaves nothing behind */
            error = -ENOMEM;
            dir->ops->unlink(dir, last.name, last.length, S_ISDIR(mode_with_type));
        }
    }
    if (!error && UNLIKELY(notify_wanted()))
        notify_name(dir, last.name, last.length, IN_CREATE, (*created)->inode);
    mutex_unlock(&dir->lock);
    done_with(parent, &last);
    return error;
}

int vfs_create(struct dentry *start, const char *path, uint32_t mode_with_type, uint64_t rdev,
               const char *symlink_target)
{
    struct dentry *created;
    int error = vfs_create_get(start, path, mode_with_type, rdev, symlink_target, &created);

    if (!error)
        dentry_put(created); /* it has only warmed the cache */
    return error;
}

int vfs_link(struct dentry *old, struct dentry *new_start, const char *new_path)
{
    struct dentry *parent, *dentry;
    struct inode *dir, *target = old->inode;
    struct last_name last;
    int error;

    error = vfs_walk_parent(new_start, new_path, &parent, &last);
    if (error)
        return error;
    dir = parent->inode;
    if (last.length == 0 || is_dot(&last) || is_dot_dot(&last)) {
        done_with(parent, &last);
        return -EEXIST;
    }
    mutex_lock(&dir->lock);
    error = may_create(parent, &last);
    if (!error && last.trailing_slash)
        error = -ENOENT;
    if (!error && (dir->sb != target->sb || !mount_is_same(old, parent)))
        error = -EXDEV;
    if (!error &&
        (S_ISDIR(target->attr.mode) || (target->flags & (INODE_APPEND | INODE_IMMUTABLE))))
        error = -EPERM;
    if (!error)
        error = dir->ops->link ? dir->ops->link(dir, last.name, last.length, target) : -EPERM;
    if (!error) {
        dentry = dentry_add(parent, last.name, last.length, inode_get(target));
        dentry_put(dentry);
    }
    if (!error && UNLIKELY(notify_wanted()))
        notify_linked(dir, last.name, last.length, target);
    mutex_unlock(&dir->lock);
    done_with(parent, &last);
    return error;
}

static int check_unlink(struct inode *dir, struct dentry *child, const struct last_name *last,
                        bool directory)
{
    uint32_t mode = child->inode->attr.mode;
    int error = may_delete(dir, child->inode);

    if (error)
        return error;
    if (directory && !S_ISDIR(mode))
        return -ENOTDIR;
    if (!directory && S_ISDIR(mode))
        return -EISDIR;
    if (!directory && last->trailing_slash)
        return -ENOTDIR;
    if (child->flags & DENTRY_MOUNT)
        return -EBUSY;
    return dir->ops->unlink ? 0 : -EPERM;
}

int vfs_unlink(struct dentry *start, const char *path, bool directory)
{
    struct dentry *parent, *child = NULL;
    struct last_name last;
    struct inode *dir;
    int error = vfs_walk_parent(start, path, &parent, &last);

    if (error)
        return error;
    if (last.length == 0 || is_dot(&last) || is_dot_dot(&last)) {
        if (!directory)
            error = -EISDIR;
        else
            error = last.length == 0 ? -EBUSY : is_dot(&last) ? -EINVAL : -ENOTEMPTY;
        done_with(parent, &last);
        return error;
    }
    dir = parent->inode;
    mutex_lock(&dir->lock);
    error = vfs_lookup_locked(parent, last.name, last.length, &child);
    if (error) {
        child = NULL;
    } else {
        error = mount_want_write(parent);
        if (!error)
            error = check_unlink(dir, child, &last, directory);
        if (!error)
            error = dir->ops->unlink(dir, last.name, last.length, directory);
        if (!error) {
            dentry_unhash(child);
            dentry_forget_aliases(dir, last.name, last.length, child);
        }
    }
    if (!error && UNLIKELY(notify_wanted()))
        notify_unlinked(dir, last.name, last.length, child->inode);
    mutex_unlock(&dir->lock);
    dentry_put(child);
    done_with(parent, &last);
    return error;
}

struct rename {
    struct dentry *old_parent, *new_parent;
    struct last_name old_last, new_last;
    struct dentry *old, *new; /* new: NULL when the name is free */
    uint32_t flags;
};

static void lock_two(struct dentry *a, struct dentry *b)
{
    if (a->inode == b->inode) {
        mutex_lock(&a->inode->lock);
        return;
    }
    mutex_lock(&rename_lock);
    if (dentry_is_below(a, b)) {
        struct dentry *swap = a;

        a = b;
        b = swap;
    }
    mutex_lock(&a->inode->lock);
    mutex_lock(&b->inode->lock);
}

static void unlock_two(struct dentry *a, struct dentry *b)
{
    mutex_unlock(&a->inode->lock);
    if (a->inode != b->inode) {
        mutex_unlock(&b->inode->lock);
        mutex_unlock(&rename_lock);
    }
}

static int check_replace(const struct rename *r)
{
    bool old_dir = S_ISDIR(r->old->inode->attr.mode), new_dir = S_ISDIR(r->new->inode->attr.mode);
    int error = may_delete(r->new_parent->inode, r->new->inode);

    if (error)
        return error;
    if (r->flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (r->new->flags & DENTRY_MOUNT)
        return -EBUSY;
    if (r->flags & RENAME_EXCHANGE)
        return dentry_is_below(r->old_parent, r->new) ? -EINVAL : 0;
    if (old_dir && !new_dir)
        return -ENOTDIR;
    if (!old_dir && new_dir)
        return -EISDIR;
    if (dentry_is_below(r->old_parent, r->new))
        return -ENOTEMPTY;
    return 0;
}

static int check_rename(const struct rename *r)
{
    bool slash = r->old_last.trailing_slash || r->new_last.trailing_slash;
    int error = may_delete(r->old_parent->inode, r->old->inode);

    if (error)
        return error;
    if (r->old_parent->inode->sb != r->new_parent->inode->sb ||
        !mount_is_same(r->old_parent, r->new_parent))
        return -EXDEV;
    if (r->old->flags & DENTRY_MOUNT)
        return -EBUSY;
    if (S_ISDIR(r->old->inode->attr.mode)) {
        if (dentry_is_below(r->new_parent, r->old))
            return -EINVAL;
    } else if (slash && !(r->flags & RENAME_EXCHANGE)) {
        return -ENOTDIR;
    }
    if (!r->old_parent->inode->ops->rename)
        return -EPERM;
    if (r->new)
        return check_replace(r);
    if (r->flags & RENAME_EXCHANGE)
        return -ENOENT;
    return vfs_permission(r->new_parent->inode, 3);
}

static int commit_rename(struct rename *r)
{
    struct inode *from = r->old_parent->inode, *to = r->new_parent->inode;
    int error = from->ops->rename(from, r->old_last.name, r->old_last.length, to, r->new_last.name,
                                  r->new_last.length, r->flags);

    if (error)
        return error;
    dentry_forget_aliases(from, r->old_last.name, r->old_last.length, r->old);
    dentry_forget_aliases(to, r->new_last.name, r->new_last.length, r->new);
    if (r->flags & RENAME_EXCHANGE) {
        dentry_exchange(r->old, r->new);
        return 0;
    }
    if (r->new)
        dentry_unhash(r->new);
    if (dentry_move(r->old, r->new_parent, r->new_last.name, r->new_last.length))
        dentry_unhash(r->old); /* no memory for the name: it is looked up again */
    return 0;
}

static void notify_renamed(const struct rename *r)
{
    struct inode *there = r->new ? r->new->inode : NULL;
    struct notify_rename rename = {.old_dir = r->old_parent->inode,
                                   .new_dir = r->new_parent->inode,
                                   .moved = r->old->inode,
                                   .replaced = (r->flags & RENAME_EXCHANGE) ? NULL : there,
                                   .exchanged = (r->flags & RENAME_EXCHANGE) ? there : NULL,
                                   .old_name = r->old_last.name,
                                   .old_length = r->old_last.length,
                                   .new_name = r->new_last.name,
                                   .new_length = r->new_last.length};

    notify_moved(&rename);
}

static int rename_locked(struct rename *r)
{
    int error = vfs_lookup_locked(r->old_parent, r->old_last.name, r->old_last.length, &r->old);

    if (error) {
        r->old = NULL;
        return error;
    }
    error = mount_want_write(r->old_parent);
    if (error)
        return error;
    error = vfs_lookup_locked(r->new_parent, r->new_last.name, r->new_last.length, &r->new);
    if (error) {
        r->new = NULL;
        if (error != -ENOENT)
            return error;
    }
    error = check_rename(r);
    if (!error && r->new && r->new->inode == r->old->inode)
        return 0; /* two names of one file: nothing to do */
    if (!error)
        error = commit_rename(r);
    if (!error && UNLIKELY(notify_wanted()))
        notify_renamed(r);
    return error;
}

static int check_last(const struct last_name *last)
{
    return last->length == 0 || is_dot(last) || is_dot_dot(last) ? -EBUSY : 0;
}

int vfs_rename(struct dentry *old_start, const char *old_path, struct dentry *new_start,
               const char *new_path, uint32_t flags)
{
    struct rename r = {.flags = flags};
    int error;

    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    error = vfs_walk_parent(old_start, old_path, &r.old_parent, &r.old_last);
    if (error)
        return error;
    error = vfs_walk_parent(new_start, new_path, &r.new_parent, &r.new_last);
    if (error) {
        done_with(r.old_parent, &r.old_last);
        return error;
    }
    error = check_last(&r.old_last);
    if (!error)
        error = check_last(&r.new_last);
    if (!error) {
        lock_two(r.old_parent, r.new_parent);
        error = rename_locked(&r);
        unlock_two(r.old_parent, r.new_parent);
    }
    dentry_put(r.old);
    dentry_put(r.new);
    done_with(r.old_parent, &r.old_last);
    done_with(r.new_parent, &r.new_last);
    return error;
}
