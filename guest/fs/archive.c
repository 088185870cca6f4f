/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills a tmpfs from the boot archive, see archive.h.  Only names are entered;
 * inodes follow when somebody looks.  Contents are never copied here.
 */
#include "fs/archive.h"

#include "fs/cpio.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define HIDDEN_DIR ".vmm"

struct archive_link_group {
    struct archive_link_group *next;
    uint32_t ino, dev_major, dev_minor;
    uint32_t names_left; /* of nlink */
    struct tmpfs_inode *inode; /* a reference */
};

static const void *boot_base;
static uint64_t boot_size;

void archive_init(struct archive *archive, struct tmpfs *fs, const void *base, uint64_t size)
{
    *archive = (struct archive){.fs = fs, .base = base, .size = size, .finished = size == 0};
    boot_base = base;
    boot_size = size;
}

bool boot_archive_find(const char *name, const void **data, uint64_t *size)
{
    struct cpio_member member;
    const char *reason;

    for (uint64_t offset = 0; cpio_read(boot_base, boot_size, offset, &member, &reason) == 1;
         offset = member.next) {
        if (strcmp(member.name, name) == 0) {
            *data = member.data;
            *size = member.size;
            return true;
        }
    }
    return false;
}

static void set_metadata(struct inode *inode, const struct cpio_member *member)
{
    struct inode_attr *attr = &inode->attr;

    attr->mode = member->mode & (S_IFMT | 07777);
    attr->uid = member->uid;
    attr->gid = member->gid;
    attr->mtime = (struct timespec64){.sec = member->mtime};
    attr->atime = attr->ctime = attr->btime = attr->mtime;
}

static uint64_t member_ino(uint64_t offset)
{
    return 16 + offset / 4; /* tmpfs numbers its own above the archive's */
}

static bool fill_contents(struct tmpfs_inode *inode, const struct cpio_member *member)
{
    if (S_ISREG(member->mode) && member->size) {
        inode->file.data = member->data;
        inode->file.data_size = member->size;
        inode->inode.attr.size = member->size;
    } else if (S_ISLNK(member->mode)) {
        size_t length = strnlen((const char *)member->data, MIN(member->size, 4095ul));

        inode->target = kmalloc(length + 1);
        if (!inode->target)
            return false;
        memcpy(inode->target, member->data, length);
        inode->target[length] = 0;
        inode->inode.attr.size = length;
    }
    return true;
}

static struct tmpfs_inode *make_inode(struct archive *archive, const struct cpio_member *member)
{
    struct tmpfs_inode *inode = tmpfs_new_inode(archive->fs, member->mode,
                                                MAKE_DEVICE(member->rdev_major, member->rdev_minor),
                                                member_ino(member->offset));

    if (!inode)
        return NULL;
    set_metadata(&inode->inode, member);
    if (!fill_contents(inode, member)) {
        inode_put(&inode->inode);
        return NULL;
    }
    return inode;
}

struct tmpfs_inode *archive_instantiate(struct archive *archive, struct tmpfs_inode *dir,
                                        struct tmpfs_entry *entry)
{
    struct cpio_member member;
    const char *reason;

    if (cpio_read(archive->base, archive->size, entry->member, &member, &reason) != 1)
        return NULL;
    entry->inode = make_inode(archive, &member);
    if (entry->inode) {
        tmpfs_keep_inode(entry->inode);
        tmpfs_inherit_defaults(dir, entry);
    }
    return entry->inode;
}

/* Child directory, made when the archive does not describe it (before its files). */
static struct tmpfs_inode *enter_dir(struct archive *archive, struct tmpfs_inode *dir,
                                     const char *name, size_t length)
{
    struct tmpfs_entry *entry = tmpfs_dir_find(dir, name, length);
    struct tmpfs_inode *child;

    if (entry) {
        if (!entry->inode && !archive_instantiate(archive, dir, entry))
            return NULL;
        return S_ISDIR(entry->inode->inode.attr.mode) ? entry->inode : NULL;
    }
    child = tmpfs_new_inode(archive->fs, S_IFDIR | 0755, 0, tmpfs_next_ino(archive->fs));
    if (!child)
        return NULL;
    child->implicit = true;
    if (!tmpfs_dir_add(dir, name, length, child, S_IFDIR >> 12, false))
        return NULL;
    return child;
}

static bool bad_component(const char *name, size_t length)
{
    return length > 255 || (length == 1 && name[0] == '.') ||
           (length == 2 && name[0] == '.' && name[1] == '.');
}

/* The directory a path of length bytes names; NULL: not usable. */
static struct tmpfs_inode *find_dir(struct archive *archive, const char *path, size_t length)
{
    struct tmpfs_inode *dir = tmpfs_inode_of(archive->fs->sb.root);
    size_t at = 0;

    if (archive->dir && length == archive->dir_length &&
        memcmp(path, archive->dir_path, length) == 0)
        return archive->dir;
    while (at < length && dir) {
        size_t end = at;

        while (end < length && path[end] != '/')
            end++;
        if (end > at) {
            if (bad_component(path + at, end - at))
                return NULL;
            dir = enter_dir(archive, dir, path + at, end - at);
        }
        at = end + 1;
    }
    archive->dir = dir;
    archive->dir_path = path;
    archive->dir_length = length;
    return dir;
}

/* Names of one file: they share the inode, and any of them may carry the data. */
static bool enter_hard_link(struct archive *archive, const struct cpio_member *member,
                            struct tmpfs_entry *entry)
{
    struct archive_link_group **link = &archive->link_groups, *group;

    for (; (group = *link) != NULL; link = &group->next)
        if (group->ino == member->ino && group->dev_major == member->dev_major &&
            group->dev_minor == member->dev_minor)
            break;
    if (!group) {
        group = kmalloc(sizeof(*group));
        if (!group)
            return false;
        leaks_keep(group);
        *group = (struct archive_link_group){.next = NULL,
                                             .ino = member->ino,
                                             .dev_major = member->dev_major,
                                             .dev_minor = member->dev_minor,
                                             .names_left = member->nlink,
                                             .inode = make_inode(archive, member)};
        if (!group->inode) {
            kfree(group);
            return false;
        }
        *link = group;
    } else {
        group->inode->inode.attr.nlink++;
        if (member->size && !group->inode->file.data)
            fill_contents(group->inode, member);
    }
    inode_get(&group->inode->inode);
    entry->inode = group->inode;
    if (--group->names_left == 0) {
        *link = group->next;
        inode_put(&group->inode->inode);
        kfree(group);
    }
    return true;
}

static void enter_name(struct archive *archive, struct tmpfs_inode *dir, const char *name,
                       size_t length, const struct cpio_member *member)
{
    struct tmpfs_entry *entry = tmpfs_dir_find(dir, name, length);
    uint8_t type = mode_to_dirent_type(member->mode);

    if (entry) { /* the first of two members counts; a directory may come after its files */
        if (S_ISDIR(member->mode) && entry->inode && entry->inode->implicit) {
            set_metadata(&entry->inode->inode, member);
            entry->inode->implicit = false;
        }
        return;
    }
    entry = tmpfs_dir_add(dir, name, length, NULL, type, false);
    if (!entry)
        return;
    entry->member = member->offset;
    if (S_ISREG(member->mode) && member->nlink > 1 && !enter_hard_link(archive, member, entry))
        tmpfs_dir_remove(dir, entry);
}

static bool is_known_type(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) || S_ISBLK(mode) ||
           S_ISFIFO(mode) || S_ISSOCK(mode);
}

static void enter_member(struct archive *archive, const struct cpio_member *member)
{
    const char *path = member->name;
    size_t length = member->name_length, slash;
    struct tmpfs_inode *dir;

    while (length && path[length - 1] == '/')
        length--;
    if (length == 0) { /* the root itself */
        if (S_ISDIR(member->mode))
            set_metadata(archive->fs->sb.root, member);
        return;
    }
    if (length >= sizeof(HIDDEN_DIR) - 1 && memcmp(path, HIDDEN_DIR, sizeof(HIDDEN_DIR) - 1) == 0 &&
        (length == sizeof(HIDDEN_DIR) - 1 || path[sizeof(HIDDEN_DIR) - 1] == '/'))
        return;
    slash = length;
    while (slash && path[slash - 1] != '/')
        slash--;
    dir = find_dir(archive, path, slash ? slash - 1 : 0);
    if (!dir || bad_component(path + slash, length - slash) || !is_known_type(member->mode)) {
        klog(LOG_WARNING, "boot archive: member \"%.100s\" cannot be placed in the tree", path);
        return;
    }
    enter_name(archive, dir, path + slash, length - slash, member);
}

static bool read_member(struct archive *archive)
{
    struct cpio_member member;
    const char *reason;
    int result;

    if (archive->finished)
        return false;
    result = cpio_read(archive->base, archive->size, archive->offset, &member, &reason);
    if (result == 1) {
        archive->offset = member.next;
        enter_member(archive, &member);
        return true;
    }
    if (result < 0)
        klog(LOG_ERR, "boot archive: %s at offset %lu: the rest is ignored", reason,
             archive->offset);
    archive->finished = true;
    archive->dir = NULL;
    while (archive->link_groups) {
        struct archive_link_group *group = archive->link_groups;

        archive->link_groups = group->next;
        inode_put(&group->inode->inode);
        kfree(group);
    }
    return false;
}

bool archive_step(struct archive *archive)
{
    bool more = read_member(archive);

    while (more && archive->link_groups) /* a hard link's data may come with its last name */
        more = read_member(archive);
    return more;
}

void archive_finish(struct archive *archive)
{
    while (archive_step(archive)) {
    }
}
