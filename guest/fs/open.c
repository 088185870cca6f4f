/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open(2) over paths and dentries: creation, permissions, truncation.  What an
 * open file does is its inode's business.
 */
#include "fs/dentry.h"
#include "fs/lease.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "iface/file.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define LINKS_MAX 40
/* What O_PATH keeps, and what F_GETFL does not show. */
#define FLAGS_WITH_PATH (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FLAGS_CREATION (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* "Only a place": operations of O_PATH files. */
static const struct file_ops path_ops = {0};

static uint32_t wanted_rwx(uint32_t flags)
{
    uint32_t want;

    switch (flags & O_ACCMODE) {
    case O_RDONLY:
        want = 4;
        break;
    case O_WRONLY:
        want = 2;
        break;
    default:
        want = 6;
    }
    return (flags & O_TRUNC) ? want | 2 : want;
}

static int check_open(struct dentry *dentry, uint32_t flags, bool created,
                      const struct fs_context *context)
{
    struct inode *inode = dentry->inode;
    uint32_t mode = inode->attr.mode, want = wanted_rwx(flags), mount = mount_flags(dentry);

    if (S_ISLNK(mode))
        return (flags & O_DIRECTORY) ? -ENOTDIR : -ELOOP;
    if ((flags & O_DIRECTORY) && !S_ISDIR(mode))
        return -ENOTDIR;
    if (S_ISDIR(mode) && (want & 2))
        return -EISDIR;
    if (S_ISDIR(mode) && (flags & O_CREAT))
        return -EISDIR;
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && (mount & MS_NODEV))
        return -EACCES;
    if ((want & 2) && (mount & MS_RDONLY) && S_ISREG(mode))
        return -EROFS;
    if ((inode->flags & INODE_APPEND) && (want & 2) && ((flags & O_TRUNC) || !(flags & O_APPEND)))
        return -EPERM;
    if ((flags & O_NOATIME) && !inode_owner_or_privileged(inode))
        return -EPERM;
    return created ? 0 : inode_permission(inode, want, context);
}

static int truncate_opened(struct file *file, uint32_t flags)
{
    struct inode *inode = file->inode;
    int error;

    if (!(flags & O_TRUNC) || !S_ISREG(inode->attr.mode) || !inode->ops->setattr)
        return 0;
    error = inode_get_write(inode); /* O_RDONLY | O_TRUNC writes too */
    if (error)
        return error;
    error = vfs_setattr(inode, &(struct inode_attr){.size = 0}, ATTR_SIZE);
    inode_put_write(inode);
    if (!error && UNLIKELY(notify_wanted()))
        notify_file(file, IN_MODIFY);
    return error;
}

/* What the mount forbids to do with the open file. */
static uint32_t mount_modes(struct dentry *dentry, uint32_t flags)
{
    uint32_t mount = mount_flags(dentry), mode = 0;

    if ((flags & O_NOATIME) || (dentry->inode->flags & INODE_NOATIME) ||
        (mount & (MS_NOATIME | MS_RDONLY)))
        mode |= FMODE_NOATIME;
    if (S_ISDIR(dentry->inode->attr.mode) && (mount & MS_NODIRATIME))
        mode |= FMODE_NOATIME;
    return (mount & MS_NOEXEC) ? mode | FMODE_NOEXEC : mode;
}

/* The file object for a dentry after all checks. */
static int make_file(struct dentry *dentry, uint32_t flags, struct file **result)
{
    struct inode *inode = dentry->inode;
    uint32_t access = flags & O_ACCMODE, mode = 0;
    struct file *file;
    int error = 0;

    if (access == O_RDONLY || access == O_RDWR)
        mode |= FMODE_READ;
    if (access == O_WRONLY || access == O_RDWR)
        mode |= FMODE_WRITE;
    /* O_NOCTTY stays until the terminal has been opened, which asks for it. */
    file = file_create(&path_ops, (flags & O_PATH) ? FMODE_PATH : mode,
                       flags & (~FLAGS_CREATION | O_NOCTTY), NULL);
    if (!file)
        return -ENOMEM;
    file->inode = inode_get(inode);
    file->dentry = dentry_get(dentry);
    file->mode |= mount_modes(dentry, flags);
    if (!(flags & O_PATH)) {
        if (UNLIKELY(inode->leases))
            error =
                lease_break(inode, (mode & FMODE_WRITE) || (flags & O_TRUNC), flags & O_NONBLOCK);
        if (!error && (mode & FMODE_WRITE) && S_ISREG(inode->attr.mode)) {
            error = inode_get_write(inode);
            file->counted_writer = !error;
        }
        if (!error)
            error = inode->ops->open ? inode->ops->open(inode, file) : -ENXIO;
        atomic_fetch_and_explicit(&file->flags, ~O_NOCTTY, memory_order_relaxed);
        if (error)
            file->ops = &path_ops; /* nothing to release */
        else
            error = truncate_opened(file, flags);
        if (!error && UNLIKELY(notify_wanted()))
            notify_dentry(dentry, IN_OPEN);
    }
    if (error) {
        file->mode |= FMODE_PATH; /* it was never open: nobody hears of its end */
        file_put(file);
    } else {
        *result = file;
    }
    return error;
}

static int open_checked(const struct fs_context *context, struct dentry *dentry, uint32_t flags,
                        bool created, struct file **file)
{
    int error = 0;

    if (flags & O_PATH) {
        if ((flags & O_DIRECTORY) && !S_ISDIR(dentry->inode->attr.mode))
            error = -ENOTDIR;
    } else {
        error = check_open(dentry, flags, created, context);
    }
    return error ? error : make_file(dentry, flags, file);
}

int vfs_open_dentry(struct dentry *dentry, uint32_t open_flags, struct file **file)
{
    return open_checked(fs_current(), dentry, open_flags, false, file);
}

/* Finds or makes the last component in parent; the directory is locked meanwhile. */
static int find_or_create(struct dentry *parent, const struct last_name *last, uint32_t flags,
                          uint32_t mode, struct dentry **found, bool *created)
{
    struct inode *dir = parent->inode, *child;
    int error;

    mutex_lock(&dir->lock);
    error = vfs_lookup_locked(parent, last->name, last->length, found);
    if (!error && (flags & O_EXCL)) {
        dentry_put(*found);
        error = -EEXIST;
    } else if (error == -ENOENT) {
        error = last->trailing_slash ? -EISDIR : mount_want_write(parent);
        if (!error)
            error = vfs_permission(dir, 3);
        if (!error && !dir->ops->create)
            error = -ENOENT; /* as in /proc */
        if (!error)
            error =
                dir->ops->create(dir, last->name, last->length,
                                 inode_new_mode(dir, S_IFREG | (mode & 07777)), 0, NULL, &child);
        if (!error) {
            *found = dentry_add(parent, last->name, last->length, child);
            *created = true;
            error = *found ? 0 : -ENOMEM;
            if (error) /* leaves nothing behind */
                dir->ops->unlink(dir, last->name, last->length, false);
            else if (UNLIKELY(notify_wanted()))
                notify_name(dir, last->name, last->length, IN_CREATE, child);
        }
    }
    mutex_unlock(&dir->lock);
    return error;
}

static bool is_dots(const struct last_name *last)
{
    return last->length == 0 || (last->length == 1 && last->name[0] == '.') ||
           (last->length == 2 && last->name[0] == '.' && last->name[1] == '.');
}

/* A symbolic link as last component: its target becomes the path, parent the start. */
static int take_link(struct dentry *link, struct dentry *parent, char **path)
{
    char *buffer;
    ssize_t length;

    if (link->inode->ops->follow || !link->inode->ops->readlink)
        return -ELOOP;
    buffer = kmalloc(PATH_MAX);
    if (!buffer)
        return -ENOMEM;
    length = link->inode->ops->readlink(link->inode, buffer, PATH_MAX - 1);
    if (length <= 0) {
        kfree(buffer);
        return length < 0 ? (int)length : -ENOENT;
    }
    buffer[length] = 0;
    (void)parent;
    kfree(*path);
    *path = buffer;
    return 0;
}

/* One round of O_CREAT: 0 done, 1 follow *path from *start, or errno. */
static int create_round(struct dentry **start, char **path, const char *current, uint32_t flags,
                        uint32_t mode, const struct walk_limits *limits, struct file **file)
{
    struct dentry *parent, *found = NULL;
    struct last_name last;
    bool created = false;
    int error = vfs_walk_parent_as(fs_current(), *start, current, limits, &parent, &last);

    if (error)
        return error;
    if (is_dots(&last))
        error = -EISDIR;
    else
        error = find_or_create(parent, &last, flags, mode, &found, &created);
    kfree(last.buffer);
    if (!error && S_ISLNK(found->inode->attr.mode) && !(flags & O_NOFOLLOW)) {
        error = walk_may_follow(found, limits);
        if (error)
            dentry_put(found);
    }
    if (!error && S_ISLNK(found->inode->attr.mode) && found->inode->ops->follow &&
        !(flags & O_NOFOLLOW)) {
        struct dentry *target;

        error = found->inode->ops->follow(found->inode, &target);
        dentry_put(found);
        found = error ? NULL : target;
    }
    if (!error && S_ISLNK(found->inode->attr.mode) && !(flags & O_NOFOLLOW)) {
        error = take_link(found, parent, path);
        dentry_put(found);
        if (error) {
            dentry_put(parent);
            return error;
        }
        dentry_put(*start);
        *start = parent;
        return 1;
    }
    dentry_put(parent);
    if (!error) {
        error =
            open_checked(fs_current(), found, created ? flags & ~O_TRUNC : flags, created, file);
        dentry_put(found);
    }
    return error;
}

static int open_create(struct dentry *start, const char *path, uint32_t flags, uint32_t mode,
                       const struct walk_limits *limits, struct file **file)
{
    struct dentry *from = start ? start : fs_current()->cwd;
    char *target = NULL;
    int result = 1;

    from = dentry_get(from);
    for (int links = 0; result == 1 && links <= LINKS_MAX; links++)
        result = create_round(&from, &target, target ? target : path, flags, mode, limits, file);
    dentry_put(from);
    kfree(target);
    return result == 1 ? -ELOOP : result;
}

static int open_tmpfile(struct dentry *start, const char *path, uint32_t flags, uint32_t mode,
                        const struct walk_limits *limits, struct file **file)
{
    struct dentry *dir, *dentry;
    struct inode *child;
    int error;

    if ((flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    error = vfs_walk_as(fs_current(), start, path, WALK_FOLLOW | WALK_DIRECTORY, limits, &dir);
    if (error)
        return error;
    error = mount_want_write(dir);
    if (!error)
        error = vfs_permission(dir->inode, 3);
    if (!error)
        error = dir->inode->ops->tmpfile
                    ? dir->inode->ops->tmpfile(
                          dir->inode, inode_new_mode(dir->inode, S_IFREG | (mode & 07777)), &child)
                    : -EOPNOTSUPP;
    if (!error) {
        dentry = dentry_create_anonymous(child, "/tmp/#unnamed (deleted)");
        error =
            dentry ? open_checked(fs_current(), dentry, flags & ~O_TMPFILE, true, file) : -ENOMEM;
        dentry_put(dentry);
        inode_put(child);
    }
    dentry_put(dir);
    return error;
}

int vfs_open(struct dentry *start, const char *path, uint32_t open_flags, uint32_t mode,
             struct file **file)
{
    return vfs_open_within(start, path, open_flags, mode, 0, file);
}

int vfs_open_within(struct dentry *start, const char *path, uint32_t open_flags, uint32_t mode,
                    uint32_t resolve, struct file **file)
{
    const struct fs_context *context = fs_current();
    struct walk_limits limits = {resolve, start ? start : context->cwd};
    struct dentry *dentry;
    uint32_t walk = 0;
    int error;

    if (open_flags & O_PATH)
        open_flags &= FLAGS_WITH_PATH;
    if ((open_flags & O_TMPFILE) == O_TMPFILE)
        return open_tmpfile(start, path, open_flags, mode, &limits, file);
    if (open_flags & O_CREAT) {
        if (open_flags & O_DIRECTORY)
            return -EINVAL;
        if (open_flags & O_EXCL)
            open_flags |= O_NOFOLLOW;
        return open_create(start, path, open_flags, mode, &limits, file);
    }
    if (!(open_flags & O_NOFOLLOW))
        walk |= WALK_FOLLOW;
    if (open_flags & O_DIRECTORY)
        walk |= WALK_DIRECTORY;
    if ((walk & WALK_DIRECTORY) && (open_flags & O_NOFOLLOW))
        walk &= ~WALK_DIRECTORY; /* a link says ELOOP or ENOTDIR below */
    error = vfs_walk_as(context, start, path, walk, &limits, &dentry);
    if (error)
        return error;
    error = open_checked(context, dentry, open_flags, false, file);
    dentry_put(dentry);
    return error;
}

ssize_t vfs_read_kernel(struct file *file, void *buf, size_t size, uint64_t offset)
{
    loff_t pos = (loff_t)offset;
    struct iov_user segment;
    struct iobuf io;

    if (!file->ops->read || !(file->mode & FMODE_READ))
        return -EINVAL;
    iobuf_kernel(&io, &segment, buf, size);
    return file->ops->read(file, &io, &pos);
}
