/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: inodes, lookup and the changes of names.  Directories as data structure
 * are in tmpfs_dir.c, file contents in tmpfs_file.c.
 */
#include "fs/tmpfs.h"

#include "fs/archive.h"
#include "fs/device.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Entry by name, reading on in the archive and trying the defaults; NULL: not there. */
static struct tmpfs_entry *find_entry(struct tmpfs *fs, struct tmpfs_inode *dir, const char *name,
                                      size_t length)
{
    struct tmpfs_entry *entry = tmpfs_dir_find(dir, name, length);

    while (!entry && fs->archive && !fs->archive->finished) {
        uint64_t before = dir->dir.next_cookie;

        archive_step(fs->archive);
        if (dir->dir.next_cookie != before)
            entry = tmpfs_dir_find(dir, name, length);
    }
    return entry ? entry : tmpfs_add_default(dir, name, length);
}

static int tmpfs_lookup(struct inode *inode, const char *name, size_t length, struct inode **child)
{
    struct tmpfs_inode *dir = tmpfs_inode_of(inode);
    struct tmpfs *fs = tmpfs_of(inode);
    struct tmpfs_entry *entry;
    int error = -ENOENT;

    mutex_lock(&fs->tree_lock);
    entry = find_entry(fs, dir, name, length);
    if (entry) {
        if (entry->inode || archive_instantiate(fs->archive, dir, entry)) {
            *child = inode_get(&entry->inode->inode);
            error = 0;
        } else {
            error = -ENOMEM;
        }
    }
    mutex_unlock(&fs->tree_lock);
    return error;
}

static struct tmpfs_inode *new_owned(struct inode *dir, uint32_t mode, uint64_t rdev)
{
    const struct fs_context *context = fs_current();
    struct tmpfs *fs = tmpfs_of(dir);
    struct tmpfs_inode *node = tmpfs_new_inode(fs, mode, rdev, tmpfs_next_ino(fs));

    if (!node)
        return NULL;
    node->inode.attr.uid = context->fsuid;
    node->inode.attr.gid = context->fsgid;
    if (dir->attr.mode & S_ISGID) {
        node->inode.attr.gid = dir->attr.gid;
        if (S_ISDIR(mode))
            node->inode.attr.mode |= S_ISGID;
    }
    return node;
}

/* mount(2)'s nr_inodes */
static bool inode_room(struct tmpfs *fs)
{
    return !fs->inode_limit || atomic_load(&fs->inode_count) < fs->inode_limit;
}

static int tmpfs_create(struct inode *dir, const char *name, size_t length, uint32_t mode,
                        uint64_t rdev, const char *target, struct inode **child)
{
    struct tmpfs_inode *node, *parent = tmpfs_inode_of(dir);
    struct tmpfs *fs = tmpfs_of(dir);
    int error = 0;

    if (parent->removed)
        return -ENOENT;
    if (!inode_room(fs))
        return -ENOSPC;
    node = new_owned(dir, mode, rdev);
    if (!node)
        return -ENOMEM;
    if (S_ISLNK(mode)) {
        node->target = kstrdup(target);
        node->inode.attr.size = strlen(target);
        error = node->target ? 0 : -ENOMEM;
    }
    inode_get(&node->inode); /* the entry's */
    mutex_lock(&fs->tree_lock);
    if (!error && !tmpfs_dir_add(parent, name, length, node, mode_to_dirent_type(mode), true))
        error = -ENOMEM;
    mutex_unlock(&fs->tree_lock);
    if (error) {
        inode_put(&node->inode);
        inode_put(&node->inode);
        return error;
    }
    inode_touch(dir);
    *child = &node->inode;
    return 0;
}

static int tmpfs_tmpfile(struct inode *dir, uint32_t mode, struct inode **child)
{
    bool room = inode_room(tmpfs_of(dir));
    struct tmpfs_inode *node = room ? new_owned(dir, mode, 0) : NULL;

    if (!room)
        return -ENOSPC;
    if (!node)
        return -ENOMEM;
    node->inode.attr.nlink = 0;
    *child = &node->inode;
    return 0;
}

static int tmpfs_link(struct inode *dir, const char *name, size_t length, struct inode *target)
{
    struct tmpfs *fs = tmpfs_of(dir);
    struct tmpfs_entry *entry;

    if (tmpfs_inode_of(dir)->removed)
        return -ENOENT;
    inode_get(target);
    mutex_lock(&fs->tree_lock);
    entry = tmpfs_dir_add(tmpfs_inode_of(dir), name, length, tmpfs_inode_of(target),
                          mode_to_dirent_type(target->attr.mode), true);
    if (entry)
        target->attr.nlink++;
    mutex_unlock(&fs->tree_lock);
    if (!entry) {
        inode_put(target);
        return -ENOMEM;
    }
    inode_touch(dir);
    target->attr.ctime = dir->attr.ctime;
    return 0;
}

/* Names are taken away only after the archive has been read: it must not bring them back. */
static void settle_archive(struct tmpfs *fs)
{
    if (fs->archive)
        archive_finish(fs->archive);
}

/* The entry's inode loses this name. */
static void drop_name(struct tmpfs_inode *dir, struct tmpfs_entry *entry)
{
    struct tmpfs_inode *node = entry->inode;

    node->inode.attr.ctime = fs_now();
    if (S_ISDIR(node->inode.attr.mode)) {
        node->removed = true;
        node->inode.attr.nlink = 0;
    } else {
        node->inode.attr.nlink--;
    }
    tmpfs_dir_remove(dir, entry);
}

static int check_empty(struct tmpfs_inode *node)
{
    if (!S_ISDIR(node->inode.attr.mode))
        return 0;
    tmpfs_add_all_defaults(node);
    return node->dir.count ? -ENOTEMPTY : 0;
}

static int tmpfs_unlink(struct inode *dir, const char *name, size_t length, bool directory)
{
    struct tmpfs *fs = tmpfs_of(dir);
    struct tmpfs_entry *entry;
    int error = -ENOENT;

    mutex_lock(&fs->tree_lock);
    settle_archive(fs);
    entry = tmpfs_dir_find(tmpfs_inode_of(dir), name, length);
    if (entry && entry->inode) {
        error = directory ? check_empty(entry->inode) : 0;
        if (!error)
            drop_name(tmpfs_inode_of(dir), entry);
    }
    mutex_unlock(&fs->tree_lock);
    if (!error)
        inode_touch(dir);
    return error;
}

static void exchange(struct tmpfs_inode *old_dir, struct tmpfs_entry *a,
                     struct tmpfs_inode *new_dir, struct tmpfs_entry *b)
{
    struct tmpfs_inode *node = a->inode;
    bool a_dir = a->type == S_IFDIR >> 12, b_dir = b->type == S_IFDIR >> 12;
    uint8_t type = a->type;

    a->inode = b->inode;
    a->type = b->type;
    b->inode = node;
    b->type = type;
    old_dir->inode.attr.nlink += (uint32_t)b_dir - (uint32_t)a_dir;
    new_dir->inode.attr.nlink += (uint32_t)a_dir - (uint32_t)b_dir;
}

static int rename_locked(struct tmpfs_inode *old_dir, struct tmpfs_entry *entry,
                         struct tmpfs_inode *new_dir, const char *name, size_t length,
                         uint32_t flags)
{
    struct tmpfs_entry *there = tmpfs_dir_find(new_dir, name, length);
    struct tmpfs_inode *node = entry->inode;
    int error;

    if (flags & RENAME_EXCHANGE) {
        if (!there || !there->inode)
            return -ENOENT;
        exchange(old_dir, entry, new_dir, there);
        return 0;
    }
    if (new_dir->removed)
        return -ENOENT;
    if (there) {
        error = check_empty(there->inode);
        if (error)
            return error;
    }
    inode_get(&node->inode);
    if (!tmpfs_dir_add(new_dir, name, length, node, entry->type, true)) {
        inode_put(&node->inode);
        return -ENOMEM;
    }
    if (there)
        drop_name(new_dir, there);
    tmpfs_dir_remove(old_dir, entry);
    return 0;
}

static int tmpfs_rename(struct inode *old_dir, const char *old_name, size_t old_length,
                        struct inode *new_dir, const char *new_name, size_t new_length,
                        uint32_t flags)
{
    struct tmpfs *fs = tmpfs_of(old_dir);
    struct tmpfs_entry *entry;
    int error = -ENOENT;

    mutex_lock(&fs->tree_lock);
    settle_archive(fs);
    entry = tmpfs_dir_find(tmpfs_inode_of(old_dir), old_name, old_length);
    if (entry && entry->inode) {
        entry->inode->inode.attr.ctime = fs_now();
        error = rename_locked(tmpfs_inode_of(old_dir), entry, tmpfs_inode_of(new_dir), new_name,
                              new_length, flags);
    }
    mutex_unlock(&fs->tree_lock);
    if (!error) {
        inode_touch(old_dir);
        inode_touch(new_dir);
    }
    return error;
}

static ssize_t tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
    const char *target = tmpfs_inode_of(inode)->target;
    size_t length = MIN(strlen(target), size);

    memcpy(buf, target, length);
    return (ssize_t)length;
}

static const struct file_ops dir_file_ops = {.iterate = tmpfs_iterate};

static int dir_open(struct inode *inode, struct file *file)
{
    (void)inode;
    file->ops = &dir_file_ops;
    file->mode |= FMODE_SEEK;
    return 0;
}

const struct inode_ops tmpfs_dir_ops = {
    .lookup = tmpfs_lookup,
    .create = tmpfs_create,
    .tmpfile = tmpfs_tmpfile,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rename = tmpfs_rename,
    .open = dir_open,
    .evict = tmpfs_evict,
};

static int regular_open(struct inode *inode, struct file *file)
{
    (void)inode;
    file->ops = &tmpfs_regular_ops;
    file->mode |= FMODE_SEEK;
    return 0;
}

static void file_getattr(struct inode *inode, struct inode_attr *attr)
{
    const struct tmpfs_file *file = &tmpfs_inode_of(inode)->file;

    *attr = inode->attr;
    attr->blocks512 =
        (file->data ? PAGE_ALIGN_UP(file->data_size) / 512 : 0) + file->pages.count * 8;
    attr->blocks512 = MIN(attr->blocks512, PAGE_ALIGN_UP(attr->size) / 512);
}

const struct inode_ops tmpfs_file_ops = {
    .setattr = tmpfs_file_setattr,
    .getattr = file_getattr,
    .open = regular_open,
    .evict = tmpfs_evict,
};

const struct inode_ops tmpfs_link_ops = {.readlink = tmpfs_readlink, .evict = tmpfs_evict};
const struct inode_ops tmpfs_special_ops = {.open = special_open, .evict = tmpfs_evict};
