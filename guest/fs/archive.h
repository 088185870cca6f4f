/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot archive as source of names for a tmpfs.  It is read forward, member by
 * member, no farther than a lookup needs; what has been passed is in the tree.
 * Lock: the tmpfs's tree_lock.
 */
#ifndef FS_ARCHIVE_H
#define FS_ARCHIVE_H

#include "fs/tmpfs.h"

struct archive_link_group;

struct archive {
    struct tmpfs *fs;
    const uint8_t *base;
    uint64_t size, offset; /* offset: the next header */
    bool finished;
    /* The directory of the last member: its siblings usually follow. */
    const char *dir_path;
    size_t dir_length;
    struct tmpfs_inode *dir;
    struct archive_link_group *link_groups; /* hard links whose names are still to come */
};

void archive_init(struct archive *archive, struct tmpfs *fs, const void *base, uint64_t size);
/* Reads on by one member; false at the end. */
bool archive_step(struct archive *archive);
void archive_finish(struct archive *archive);
/* The inode of an entry of dir that has none yet; NULL: out of memory. */
struct tmpfs_inode *archive_instantiate(struct archive *archive, struct tmpfs_inode *dir,
                                        struct tmpfs_entry *entry);

#endif
