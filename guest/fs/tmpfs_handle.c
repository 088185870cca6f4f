/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an inode number back to a name, for open_by_handle_at(2): tmpfs has no table of
 * inodes, and nobody opens enough handles to pay for one, so the tree is searched.
 */
#include "fs/archive.h"
#include "fs/tmpfs.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define DEPTH_MAX 128u

struct search {
    uint64_t ino;
    size_t depth;
    struct tmpfs_entry *at[DEPTH_MAX]; /* the entry looked at on each level */
    struct tmpfs_inode *dir[DEPTH_MAX];
};

uint32_t tmpfs_generation(const struct inode *inode)
{
    return (uint32_t)inode->attr.btime.nsec ^ (uint32_t)inode->attr.btime.sec;
}

static struct tmpfs_entry *next_entry(struct tmpfs_inode *dir, struct tmpfs_entry *entry)
{
    struct list *link = entry ? entry->link.next : dir->dir.entries.next;

    return link == &dir->dir.entries ? NULL : LIST_ENTRY(link, struct tmpfs_entry, link);
}

/* Moves to the next entry in depth-first order; false at the end of the tree. */
static bool advance(struct search *search)
{
    struct tmpfs_entry *entry = search->at[search->depth];

    if (entry && entry->inode && S_ISDIR(entry->inode->inode.attr.mode) &&
        search->depth + 1 < DEPTH_MAX) {
        search->depth++;
        search->dir[search->depth] = entry->inode;
        search->at[search->depth] = NULL;
    }
    for (;;) {
        entry = next_entry(search->dir[search->depth], search->at[search->depth]);
        search->at[search->depth] = entry;
        if (entry)
            return true;
        if (search->depth == 0)
            return false;
        search->depth--;
    }
}

static int write_path(const struct search *search, char *path, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i <= search->depth; i++) {
        const struct tmpfs_entry *entry = search->at[i];

        if (used + entry->length + 2 > size)
            return -ESTALE;
        if (used)
            path[used++] = '/';
        memcpy(path + used, entry->name, entry->length);
        used += entry->length;
    }
    path[used] = 0;
    return 0;
}

int tmpfs_path_of(struct super_block *sb, uint64_t ino, char *path, size_t size)
{
    struct tmpfs *fs = CONTAINER_OF(sb, struct tmpfs, sb);
    struct search *search = kmalloc(sizeof(*search));
    int error = -ESTALE;

    if (!search)
        return -ENOMEM;
    mutex_lock(&fs->tree_lock);
    if (fs->archive)
        archive_finish(fs->archive);
    search->depth = 0;
    search->at[0] = NULL;
    search->dir[0] = tmpfs_inode_of(sb->root);
    while (advance(search)) {
        const struct tmpfs_entry *entry = search->at[search->depth];

        if (entry->inode && entry->inode->inode.attr.ino == ino) {
            error = write_path(search, path, size);
            break;
        }
    }
    mutex_unlock(&fs->tree_lock);
    kfree(search);
    return error;
}
