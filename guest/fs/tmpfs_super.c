/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs as a whole: its limits, the life of its inodes, the end of a file system that
 * mount(2) made.  Names are in tmpfs.c, mount(2) in tmpfs_mount.c.
 */
#include "fs/tmpfs.h"

#include "arch/trap.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define ENTRIES_BETWEEN_WINDOWS 64u

static uint64_t page_limit(struct tmpfs *fs)
{
    if (!fs->page_limit) {
        struct page_stats stats;

        page_get_stats(&stats);
        fs->page_limit = stats.total / 2;
    }
    return fs->page_limit;
}

static void tmpfs_statfs(struct super_block *sb, struct fs_stats *stats)
{
    struct tmpfs *fs = CONTAINER_OF(sb, struct tmpfs, sb);
    uint64_t limit = page_limit(fs), used = atomic_load(&fs->page_count);
    uint64_t available = limit > used ? limit - used : 0;
    uint64_t files = fs->inode_limit ? fs->inode_limit : limit;
    uint64_t inodes = atomic_load(&fs->inode_count);

    *stats = (struct fs_stats){.magic = fs->magic ? fs->magic : TMPFS_MAGIC,
                               .block_size = PAGE_SIZE,
                               .blocks = limit,
                               .blocks_free = available,
                               .files = files,
                               .files_free = files > inodes ? files - inodes : 0,
                               .name_max = NAME_MAX};
}

uint64_t tmpfs_next_ino(struct tmpfs *fs)
{
    return atomic_fetch_add_explicit(&fs->next_ino, 1, memory_order_relaxed);
}

int tmpfs_init(struct tmpfs *fs, const char *type, uint64_t device, uint32_t root_mode,
               const struct tmpfs_default *defaults)
{
    struct tmpfs_inode *root;

    fs->sb = (struct super_block){
        .type = type, .device = device, .attributes = true, .statfs = tmpfs_statfs};
    mutex_init(&fs->tree_lock);
    atomic_init(&fs->next_ino, 2);
    root = tmpfs_new_inode(fs, S_IFDIR | root_mode, 0, 1);
    if (!root)
        return -ENOMEM;
    root->dir.defaults = defaults;
    fs->sb.root = &root->inode;
    return 0;
}

/*
 * The end of a file system: every name in the tree goes.  One list instead of a recursion,
 * since programs choose how deep directories are.
 */
static void release_entries(struct tmpfs_dir *dir)
{
    struct list entries;
    uint64_t done = 0;

    list_init(&entries);
    list_splice_back(&entries, &dir->entries);
    while (!list_empty(&entries)) {
        struct tmpfs_entry *entry = LIST_FIRST(&entries, struct tmpfs_entry, link);
        struct tmpfs_inode *node = entry->inode;

        if (node && S_ISDIR(node->inode.attr.mode)) {
            node->removed = true;
            list_splice_back(&entries, &node->dir.entries);
            kfree(node->dir.table);
            node->dir.table = NULL;
            node->dir.count = 0;
        }
        list_remove(&entry->link);
        if (node)
            inode_put(&node->inode);
        kfree(entry);
        if (++done % ENTRIES_BETWEEN_WINDOWS == 0)
            irq_window(); /* nobody ends a file system with a spinlock held */
    }
}

void tmpfs_evict(struct inode *inode)
{
    struct tmpfs_inode *node = tmpfs_inode_of(inode);
    struct tmpfs *fs = tmpfs_of(inode);

    if (S_ISREG(inode->attr.mode)) {
        tmpfs_file_release_pages(node);
    } else if (S_ISLNK(inode->attr.mode)) {
        kfree(node->target);
    } else if (S_ISDIR(inode->attr.mode)) {
        release_entries(&node->dir);
        kfree(node->dir.table);
        if (fs->sb.root == inode)
            fs->sb.root = NULL;
    }
    kfree(node);
    if (atomic_fetch_sub(&fs->inode_count, 1) == 1 && fs->mounted)
        kfree(fs);
}

struct tmpfs_inode *tmpfs_new_inode(struct tmpfs *fs, uint32_t mode, uint64_t rdev, uint64_t ino)
{
    struct tmpfs_inode *node = kzalloc(sizeof(*node));
    const struct inode_ops *ops = &tmpfs_special_ops;

    if (!node)
        return NULL;
    if (S_ISREG(mode)) {
        ops = &tmpfs_file_ops;
        spin_init(&node->file.lock, LOCK_RANK_FS);
    } else if (S_ISDIR(mode)) {
        ops = &tmpfs_dir_ops;
        list_init(&node->dir.entries);
        node->dir.next_cookie = 2;
    } else if (S_ISLNK(mode)) {
        ops = &tmpfs_link_ops;
    }
    atomic_fetch_add_explicit(&fs->inode_count, 1, memory_order_relaxed);
    inode_init(&node->inode, ops, &fs->sb, mode, ino);
    node->inode.attr.rdev = S_ISCHR(mode) || S_ISBLK(mode) ? rdev : 0;
    if (S_ISDIR(mode)) {
        node->inode.attr.nlink = 2;
        node->inode.attr.size = PAGE_SIZE;
    }
    return node;
}
