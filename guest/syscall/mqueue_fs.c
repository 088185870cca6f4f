/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file system of message queues, mq_overview(7): one directory of what mq_open(3)
 * makes.  Queues belong to mqueue.c; only the directory is here.
 */
#include "fs/mount.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"
#include "syscall/mqueue.h"

#define MQUEUE_MAGIC 0x19800202u
#define ROOT_INO 1u
#define FIRST_POS 2u /* behind "." and ".." */

static void fs_statfs(struct super_block *sb, struct fs_stats *stats)
{
    (void)sb;
    *stats =
        (struct fs_stats){.magic = MQUEUE_MAGIC, .block_size = PAGE_SIZE, .name_max = NAME_MAX};
}

/* Names come and go without the VFS, so unused ones are not kept. */
struct super_block mqueue_super = {
    .type = "mqueue", .device = MAKE_DEVICE(0, 19), .uncached = true, .statfs = fs_statfs};

const struct inode_ops mqueue_inode_ops = {.open = mqueue_open_file, .evict = mqueue_evict};

static int root_lookup(struct inode *dir, const char *name, size_t length, struct inode **child)
{
    (void)dir;
    *child = mqueue_lookup(name, length);
    return *child ? 0 : -ENOENT;
}

static int root_create(struct inode *dir, const char *name, size_t length, uint32_t mode,
                       uint64_t rdev, const char *target, struct inode **child)
{
    (void)dir, (void)rdev, (void)target;
    return S_ISREG(mode) ? mqueue_create(name, length, mode, child) : -EPERM;
}

static int root_unlink(struct inode *dir, const char *name, size_t length, bool directory)
{
    (void)dir;
    return directory ? -ENOTDIR : mqueue_unlink(name, length);
}

static int root_iterate(struct file *file, struct dir_context *context)
{
    struct mqueue_entry entry;

    (void)file;
    while (context->pos < FIRST_POS) {
        const char *name = context->pos ? ".." : ".";

        if (!context->emit(context, name, strlen(name), ROOT_INO, mode_to_dirent_type(S_IFDIR),
                           context->pos + 1))
            return 0;
        context->pos++;
    }
    while (mqueue_next(context->pos - FIRST_POS, &entry)) {
        uint64_t next = entry.cookie + 1 + FIRST_POS;

        if (!context->emit(context, entry.name, strlen(entry.name), entry.ino,
                           mode_to_dirent_type(S_IFREG), next))
            return 0;
        context->pos = next;
    }
    return 0;
}

static const struct file_ops root_file_ops = {.iterate = root_iterate};

static int root_open(struct inode *inode, struct file *file)
{
    (void)inode;
    file->ops = &root_file_ops;
    file->mode |= FMODE_SEEK;
    return 0;
}

static const struct inode_ops root_ops = {
    .lookup = root_lookup, .create = root_create, .unlink = root_unlink, .open = root_open};

/* Made once, and stays. */
static struct inode *mount_root(void)
{
    struct inode *root = __atomic_load_n(&mqueue_super.root, __ATOMIC_ACQUIRE), *none = NULL;

    if (root)
        return inode_get(root);
    root = kzalloc(sizeof(*root));
    if (!root)
        return NULL;
    inode_init(root, &root_ops, &mqueue_super, S_IFDIR | 01777, ROOT_INO);
    if (__atomic_compare_exchange_n(&mqueue_super.root, &none, root, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        leaks_keep(root);
        return inode_get(root);
    }
    kfree(root); /* somebody else was faster */
    return inode_get(none);
}

void mqueue_connect_sources(void)
{
    mount_set_mqueue_source(mount_root);
}
