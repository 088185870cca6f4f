/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of mounts that mount(2) made.  What a mount is in the tree of names: mount.h and
 * dentry_mount.c.  The kinds of file systems: mount_types.c.
 */
#include "fs/mount.h"

#include "fs/dentry_mount.h"
#include "fs/mounts.h"
#include "fs/procfs.h"
#include "fs/pty.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define ID_FIRST 40u /* of mounts: those of the start are below */

struct mount {
    struct list link;
    uint32_t id;
    struct dentry *root, *covered; /* references */
    struct inode *fs_root; /* a reference: keeps the file system, wherever root is in it */
    char *source;
};

static struct mutex mount_mutex = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(mount_mutex.waiters)};
static struct list mounts = LIST_INIT(mounts); /* oldest first */
static uint32_t next_id = ID_FIRST;

static atomic_uint changes;
struct wait_queue mount_change_queue = {.lock = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                        .entries = LIST_INIT(mount_change_queue.entries)};

unsigned int mount_changes(void)
{
    return atomic_load(&changes);
}

static void tell_change(void)
{
    atomic_fetch_add(&changes, 1);
    wake_all(&mount_change_queue, POLL_PRI | POLL_ERR);
}

static void free_mount(struct mount *mount)
{
    dentry_put(mount->root);
    dentry_put(mount->covered);
    inode_put(mount->fs_root);
    kfree(mount->source);
    kfree(mount);
}

/* mount_mutex is held; NULL: not the root of a mount that mount(2) made. */
static struct mount *find_mount(const struct dentry *root)
{
    LIST_FOR_EACH(link, &mounts)
    {
        struct mount *mount = LIST_ENTRY(link, struct mount, link);

        if (mount->root == root)
            return mount;
    }
    return NULL;
}

/* Hides at with inode.  mount_mutex is held. */
static int attach(struct dentry *at, struct inode *inode, const char *source, uint32_t flags,
                  bool alias)
{
    struct mount *mount = kzalloc(sizeof(*mount));
    int error = -ENOMEM;

    if (!mount)
        return -ENOMEM;
    mount->source = kstrdup(source);
    if (mount->source) {
        mount->root = dentry_cover(at, inode, flags & MS_OF_MOUNT, alias);
        error = mount->root ? 0 : -EBUSY;
    }
    if (error) {
        free_mount(mount);
        return error;
    }
    mount->covered = dentry_get(at);
    mount->fs_root = inode->sb->root ? inode_get(inode->sb->root) : NULL;
    mount->id = next_id++;
    list_push_back(&mounts, &mount->link);
    tell_change();
    return 0;
}

/* mount(2)'s default for access times is relatime. */
static uint32_t with_relatime(uint32_t flags)
{
    return (flags & (MS_NOATIME | MS_STRICTATIME)) ? flags & ~MS_RELATIME : flags | MS_RELATIME;
}

int mount_new(struct dentry *at, const struct mount_request *request)
{
    uint32_t flags = with_relatime(request->flags);
    struct inode *root;
    bool alias;
    int error = mount_make_root(request, &root);

    if (error)
        return error;
    alias = !root->sb->remount; /* a second mount of what there is only once */
    if (!S_ISDIR(dentry_inode(at)->attr.mode))
        error = -ENOTDIR;
    mutex_lock(&mount_mutex);
    if (!error && mount_is_root(at) && dentry_inode(at) == root)
        error = -EBUSY;
    if (!error && (flags & MS_RDONLY) && !alias)
        root->sb->read_only = true;
    if (!error)
        error = attach(at, root, request->source, flags, alias);
    mutex_unlock(&mount_mutex);
    inode_put(root);
    return error;
}

int mount_bind(struct dentry *at, struct dentry *from)
{
    struct inode *inode = dentry_inode(from);
    struct mount *mount;
    int error;

    if (S_ISDIR(inode->attr.mode) != S_ISDIR(dentry_inode(at)->attr.mode))
        return -ENOTDIR;
    if (S_ISLNK(dentry_inode(at)->attr.mode)) /* of /proc: what it names changes by itself */
        return -ENOENT;
    mutex_lock(&mount_mutex);
    mount = find_mount(dentry_mount_above(from));
    if (!dentry_in_tree(from)) {
        mutex_unlock(&mount_mutex);
        return -EINVAL;
    }
    error = attach(at, inode, mount ? mount->source : inode->sb->type, mount_flags(from), true);
    mutex_unlock(&mount_mutex);
    return error;
}

/* mount_mutex is held. */
static int attach_detached(struct dentry *at, struct dentry *from)
{
    int error;

    if (S_ISDIR(dentry_inode(from)->attr.mode) != S_ISDIR(dentry_inode(at)->attr.mode))
        return -EINVAL;
    error = attach(at, dentry_inode(from), dentry_detached_source(from), mount_flags(from), true);
    if (!error)
        dentry_set_attached(from);
    return error;
}

int mount_set_flags(struct dentry *root, uint32_t set, uint32_t clear)
{
    uint32_t flags;
    int error = 0;

    mutex_lock(&mount_mutex);
    flags = (mount_flags(root) & ~clear) | set;
    if (!mount_is_root(root))
        error = -EINVAL;
    else if ((set & MS_RDONLY) && !(mount_flags(root) & MS_RDONLY) &&
             atomic_load(&dentry_inode(root)->sb->writers))
        error = -EBUSY;
    else
        dentry_set_mount_flags(root, flags & MS_OF_MOUNT);
    mutex_unlock(&mount_mutex);
    return error;
}

struct inode *mount_find_device(uint64_t device)
{
    struct inode *(*const start[])(void) = {procfs_mount, devtmpfs_mount, devpts_mount};
    struct dentry *root = vfs_root();
    struct inode *found =
        dentry_inode(root)->sb->device == device ? inode_get(dentry_inode(root)) : NULL;

    dentry_put(root);
    for (size_t i = 0; i < ARRAY_SIZE(start) && !found; i++) {
        found = start[i]();
        if (found && found->sb->device != device) {
            inode_put(found);
            found = NULL;
        }
    }
    mutex_lock(&mount_mutex);
    LIST_FOR_EACH(link, &mounts)
    {
        struct inode *inode = dentry_inode(LIST_ENTRY(link, struct mount, link)->root);

        if (!found && inode->sb->device == device)
            found = inode_get(inode);
    }
    mutex_unlock(&mount_mutex);
    return found;
}

int mount_move(struct dentry *at, struct dentry *from)
{
    struct mount *mount, *moved;
    int error = -EINVAL;

    mutex_lock(&mount_mutex);
    if (dentry_is_detached(from)) {
        error = attach_detached(at, from);
        mutex_unlock(&mount_mutex);
        return error;
    }
    mount = find_mount(from);
    if (mount && S_ISDIR(dentry_inode(from)->attr.mode) != S_ISDIR(dentry_inode(at)->attr.mode)) {
        error = -EINVAL;
    } else if (mount && dentry_is_below(at, from)) {
        error = -ELOOP;
    } else if (mount) {
        error = attach(at, dentry_inode(from), mount->source, mount_flags(from), true);
        if (!error) {
            moved = LIST_ENTRY(mounts.prev, struct mount, link);
            moved->id = mount->id;
            list_remove(&mount->link);
            dentry_uncover(mount->root, mount->covered);
            free_mount(mount);
        }
    }
    mutex_unlock(&mount_mutex);
    return error;
}

int mount_change(struct dentry *at, const struct mount_request *request)
{
    struct super_block *sb = dentry_inode(at)->sb;
    uint32_t flags = with_relatime(request->flags);
    bool read_only = flags & MS_RDONLY;
    struct mount *mount;
    int error = 0;

    mutex_lock(&mount_mutex);
    mount = find_mount(at);
    if (!mount)
        error = mount_is_root(at) ? -EBUSY : -EINVAL;
    else if (read_only && !(mount_flags(at) & MS_RDONLY) && atomic_load(&sb->writers))
        error = -EBUSY;
    if (!error && !(flags & MS_BIND) && sb->remount)
        error = sb->remount(sb, request->options);
    if (!error && !(flags & MS_BIND) && sb->remount)
        sb->read_only = read_only;
    if (!error)
        dentry_set_mount_flags(at, flags & MS_OF_MOUNT);
    mutex_unlock(&mount_mutex);
    return error;
}

bool mount_is_root(struct dentry *dentry)
{
    return dentry_mount_above(dentry) == dentry;
}

static void detach(struct mount *mount)
{
    list_remove(&mount->link);
    dentry_uncover(mount->root, mount->covered);
    free_mount(mount);
    tell_change();
}

/* With what is mounted below it, the youngest first: each covers a dentry that is still hashed. */
static void detach_tree(struct mount *mount)
{
    struct list *link = mounts.prev;

    while (link != &mounts) {
        struct mount *other = LIST_ENTRY(link, struct mount, link);

        link = link->prev;
        if (other != mount && dentry_is_below(other->root, mount->root))
            detach(other);
    }
    detach(mount);
}

int mount_remove(struct dentry *at, uint32_t flags)
{
    struct mount *mount;
    int error = 0;

    mutex_lock(&mount_mutex);
    mount = find_mount(at);
    if (!mount)
        error = mount_is_root(at) ? -EBUSY : -EINVAL;
    /* One reference is the mount's, one the caller's. */
    else if (!(flags & MNT_DETACH) && !dentry_mount_idle(at, 2))
        error = -EBUSY;
    else if ((flags & MNT_EXPIRE) && !dentry_expire(at))
        error = -EAGAIN;
    if (!error)
        detach_tree(mount);
    mutex_unlock(&mount_mutex);
    return error;
}

void mount_remove_all(void)
{
    mutex_lock(&mount_mutex);
    while (!list_empty(&mounts))
        detach(LIST_ENTRY(mounts.prev, struct mount, link));
    mutex_unlock(&mount_mutex);
}

struct dentry *mount_root_of(struct dentry *dentry)
{
    return dentry_get(dentry_mount_above(dentry)); /* the dentry holds its ancestors */
}

uint32_t mount_id(struct dentry *dentry)
{
    struct dentry *root = dentry_mount_above(dentry);
    struct mount *mount;
    uint32_t id;

    mutex_lock(&mount_mutex);
    mount = find_mount(root);
    id = mount ? mount->id : DEVICE_MINOR(dentry_inode(root)->sb->device);
    mutex_unlock(&mount_mutex);
    return id;
}

void mount_for_each(void (*show)(const struct mount_shown *mount, void *context), void *context)
{
    mutex_lock(&mount_mutex);
    LIST_FOR_EACH(link, &mounts)
    {
        struct mount *mount = LIST_ENTRY(link, struct mount, link);
        struct mount *above = find_mount(dentry_mount_above(mount->covered));
        struct mount_shown shown = {.id = mount->id,
                                    .parent_id = above ? above->id : 2,
                                    .root = mount->root,
                                    .source = mount->source,
                                    .flags = mount_flags(mount->root),
                                    .sb = dentry_inode(mount->root)->sb};

        show(&shown, context);
    }
    mutex_unlock(&mount_mutex);
}
