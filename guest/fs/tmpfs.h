/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: a file system in memory.  The root is one over the boot archive, /dev is
 * another, memfd_create makes files of a third.  Names that nobody made but that
 * programs expect come from a table (struct tmpfs_default) at the first look.
 *
 * Locks: fs->tree_lock (mutex, inside inode.lock) guards the entries of all its
 * directories and the archive; file.lock (spinlock) the pages of one file.
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/inode.h"
#include "fs/page_tree.h"
#include "lib/list.h"

struct archive;
struct tmpfs_inode;

/* Appears in a directory when the name is looked for and nobody has made it. */
struct tmpfs_default {
    const char *name; /* NULL ends a table */
    uint32_t mode; /* with type */
    uint32_t device; /* rdev of nodes: MAKE_DEVICE */
    const char *text; /* contents of a file, target of a link */
    size_t (*generate)(char *buf, size_t size); /* contents instead of text; bytes */
    const struct tmpfs_default *children; /* of a directory */
    bool (*present)(const struct tmpfs_default *row); /* NULL: always */
};
#define TMPFS_MAGIC 0x01021994u /* of statfs, <linux/magic.h> */
#define TMPFS_DEFAULTS_MAX 64u /* rows of one table */

struct tmpfs {
    struct super_block sb;
    struct mutex tree_lock;
    struct archive *archive; /* where missing names may still come from, or NULL */
    atomic_ulong page_count; /* in files */
    uint64_t page_limit; /* 0: not yet asked for */
    atomic_ulong next_ino;
    uint64_t magic; /* of statfs */
    uint64_t inode_limit; /* 0: none */
    atomic_ulong inode_count;
    bool mounted; /* by mount(2), from kmalloc: ends with its last inode */
};

struct tmpfs_entry {
    struct list link; /* of the directory, in order of age */
    struct tmpfs_entry *hash_next;
    struct tmpfs_inode *inode; /* a reference; NULL: made from member at the first lookup */
    uint64_t member; /* offset of its header in the archive */
    uint64_t cookie; /* position for getdents; rises */
    const char *name; /* in the archive or behind this structure */
    uint32_t hash;
    uint16_t length;
    uint8_t type; /* d_type */
};

struct tmpfs_dir {
    struct list entries;
    struct tmpfs_entry **table; /* NULL while there are few */
    uint32_t table_size;
    uint32_t count;
    uint64_t next_cookie;
    const struct tmpfs_default *defaults;
    uint64_t defaults_done; /* rows that exist or existed */
};

struct tmpfs_file {
    struct spinlock lock; /* pages, data, data_size */
    struct page_tree pages; /* each holds a reference; they hide data */
    const uint8_t *data; /* contents that lie in the archive or the kernel image */
    uint64_t data_size; /* bytes of it that still count */
    uint32_t seals; /* F_SEAL_* */
    atomic_uint writable_maps; /* shared mappings that are, or may become, writable */
    bool data_owned; /* from kmalloc */
    bool mapped; /* some time: mappings may hold pages */
};

struct tmpfs_inode {
    struct inode inode;
    bool implicit; /* directory that the archive has not described yet */
    bool removed; /* directory: nothing may be made in it any more */
    union {
        struct tmpfs_dir dir;
        struct tmpfs_file file;
        char *target; /* symbolic link: kmalloc */
    };
};

static inline struct tmpfs_inode *tmpfs_inode_of(struct inode *inode)
{
    return CONTAINER_OF(inode, struct tmpfs_inode, inode);
}
static inline struct tmpfs *tmpfs_of(struct inode *inode)
{
    return CONTAINER_OF(inode->sb, struct tmpfs, sb);
}

/* Prepares fs and its root directory; 0 or -ENOMEM. */
int tmpfs_init(struct tmpfs *fs, const char *type, uint64_t device, uint32_t root_mode,
               const struct tmpfs_default *defaults);
/* Link count 1 (directories 2), owned by root, one reference; NULL: out of memory. */
struct tmpfs_inode *tmpfs_new_inode(struct tmpfs *fs, uint32_t mode, uint64_t rdev, uint64_t ino);
uint64_t tmpfs_next_ino(struct tmpfs *fs);

void tmpfs_evict(struct inode *inode);
/* A fresh file system of mount(2), "tmpfs" or "ramfs": its root, whose end is its end. */
int tmpfs_mount(const char *type, const char *options, struct inode **root);
int tmpfs_check_options(const char *options); /* 0, -EINVAL or -ENOMEM */

/* open_by_handle_at(2): a path from the root to that inode, or -ESTALE, -ENOMEM. */
int tmpfs_path_of(struct super_block *sb, uint64_t ino, char *path, size_t size);
uint32_t tmpfs_generation(const struct inode *inode); /* tells inodes with one number apart */

/* Directories; tree_lock is held. */
struct tmpfs_entry *tmpfs_dir_find(struct tmpfs_inode *dir, const char *name, size_t length);
/* name is copied when copy_name.  Takes over the inode reference (may be NULL). */
struct tmpfs_entry *tmpfs_dir_add(struct tmpfs_inode *dir, const char *name, size_t length,
                                  struct tmpfs_inode *inode, uint8_t type, bool copy_name);
/* An inode that has a name is what the file system holds, not what a program left behind. */
void tmpfs_keep_inode(struct tmpfs_inode *inode);
void tmpfs_dir_remove(struct tmpfs_inode *dir, struct tmpfs_entry *entry); /* and its reference */
/* The entry's row of the table if there is one that has not been used. */
struct tmpfs_entry *tmpfs_add_default(struct tmpfs_inode *dir, const char *name, size_t length);
void tmpfs_add_all_defaults(struct tmpfs_inode *dir);
/* An entry that got its inode: a directory takes its table from the parent's. */
void tmpfs_inherit_defaults(struct tmpfs_inode *dir, struct tmpfs_entry *entry);
int tmpfs_iterate(struct file *file, struct dir_context *context);

extern const struct inode_ops tmpfs_dir_ops, tmpfs_file_ops, tmpfs_link_ops, tmpfs_special_ops;

/* Regular files. */
extern const struct file_ops tmpfs_regular_ops;
int tmpfs_file_setattr(struct inode *inode, const struct inode_attr *attr, uint32_t which);
void tmpfs_file_release_pages(struct tmpfs_inode *file);

#define F_SEAL_SEAL 1u
#define F_SEAL_SHRINK 2u
#define F_SEAL_GROW 4u
#define F_SEAL_WRITE 8u
#define F_SEAL_FUTURE_WRITE 16u

#endif
