/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/pts: a directory of the slaves that exist.  Nothing is stored here: names are
 * numbers, and the inodes belong to the terminals (pty.c).
 */
#include "fs/device.h"
#include "fs/inode.h"
#include "fs/pty.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define ROOT_INO 1u
#define PTMX_INO 2u
#define FIRST_SLAVE_INO 3u
#define GROUP_TTY 5u /* Debian mounts it with gid=5,mode=620 */

static void evict(struct inode *inode)
{
    kfree(inode);
}

static int open_slave(struct inode *inode, struct file *file)
{
    return special_open(inode, file);
}

static const struct inode_ops slave_ops = {.open = open_slave, .evict = evict};

static void pts_statfs(struct super_block *sb, struct fs_stats *stats)
{
    (void)sb;
    *stats = (struct fs_stats){.magic = 0x1cd1, .block_size = PAGE_SIZE, .name_max = NAME_MAX};
}

/* Names vanish by themselves, so unused ones are not kept. */
static struct super_block devpts_super = {
    .type = "devpts", .device = MAKE_DEVICE(0, 20), .uncached = true, .statfs = pts_statfs};

static struct inode *new_inode(const struct inode_ops *ops, uint32_t mode, uint64_t ino)
{
    struct inode *inode = kzalloc(sizeof(*inode));

    if (inode)
        inode_init(inode, ops, &devpts_super, mode, ino);
    return inode;
}

struct inode *devpts_new_inode(uint32_t index)
{
    const struct fs_context *context = fs_current();
    struct inode *inode = new_inode(&slave_ops, S_IFCHR | 0620, FIRST_SLAVE_INO + index);

    if (!inode)
        return NULL;
    inode->attr.rdev = MAKE_DEVICE(DEVICE_MAJOR_PTS, index);
    inode->attr.uid = context->fsuid;
    inode->attr.gid = GROUP_TTY;
    return inode;
}

/* The number that a name says, or -1: no sign, no leading zero. */
static int number_of(const char *name, size_t length)
{
    int number = 0;

    if (length == 0 || length > 4 || (name[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

static int root_lookup(struct inode *dir, const char *name, size_t length, struct inode **child)
{
    int number = number_of(name, length);

    (void)dir;
    if (number >= 0) {
        *child = pty_inode((uint32_t)number);
        return *child ? 0 : -ENOENT;
    }
    if (length != 4 || memcmp(name, "ptmx", 4) != 0)
        return -ENOENT;
    *child = new_inode(&slave_ops, S_IFCHR, PTMX_INO);
    if (!*child)
        return -ENOMEM;
    (*child)->attr.rdev = MAKE_DEVICE(DEVICE_MAJOR_TTY_AUX, 2);
    return 0;
}

/* Positions: 0 and 1 are "." and "..", 2 is ptmx, 3 + N the slave N. */
static int root_iterate(struct file *file, struct dir_context *context)
{
    static const char *const fixed[] = {".", "..", "ptmx"};
    static const uint64_t numbers[] = {ROOT_INO, ROOT_INO, PTMX_INO};

    (void)file;
    while (context->pos < ARRAY_SIZE(fixed)) {
        uint64_t at = context->pos;
        uint8_t type = mode_to_dirent_type(at == 2 ? S_IFCHR : S_IFDIR);

        if (!context->emit(context, fixed[at], strlen(fixed[at]), numbers[at], type, at + 1))
            return 0;
        context->pos = at + 1;
    }
    for (;;) {
        int index = pty_next((uint32_t)MIN(context->pos - ARRAY_SIZE(fixed), (uint64_t)PTYS_MAX));
        char name[8];

        if (index < 0)
            return 0;
        uint64_t next = ARRAY_SIZE(fixed) + (uint64_t)index + 1;
        int length = snprintf(name, sizeof(name), "%d", index);
        if (!context->emit(context, name, (size_t)length, FIRST_SLAVE_INO + (uint64_t)index,
                           mode_to_dirent_type(S_IFCHR), next))
            return 0;
        context->pos = next;
    }
}

static const struct file_ops root_file_ops = {.iterate = root_iterate};

static int root_open(struct inode *inode, struct file *file)
{
    (void)inode;
    file->ops = &root_file_ops;
    file->mode |= FMODE_SEEK;
    return 0;
}

static const struct inode_ops root_ops = {.lookup = root_lookup, .open = root_open};

struct inode *devpts_mount(void)
{
    if (!devpts_super.root) {
        devpts_super.root = new_inode(&root_ops, S_IFDIR | 0755, ROOT_INO);
        if (devpts_super.root)
            leaks_keep(devpts_super.root);
    }
    return devpts_super.root ? inode_get(devpts_super.root) : NULL;
}
