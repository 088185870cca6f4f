/* SPDX-License-Identifier: BSD-2-Clause */
/* The hash table of the dentry cache; for fs/dentry*.c only.  dentry_lock is held. */
#ifndef FS_DENTRY_HASH_H
#define FS_DENTRY_HASH_H

#include "fs/dentry.h"

/* FNV-1a */
#define NAME_HASH_START 2166136261u
#define NAME_HASH_STEP(hash, c) (((hash) ^ (uint8_t)(c)) * 16777619u)

void dentry_hash_insert(struct dentry *dentry); /* sets DENTRY_HASHED */
void dentry_hash_remove(struct dentry *dentry); /* if it is in the table */
/* No reference is taken. */
struct dentry *dentry_hash_find(struct dentry *parent, const char *name, size_t length,
                                uint32_t hash);
/* A child of that name below any dentry of the directory, but not except and no mount; or NULL. */
struct dentry *dentry_hash_find_alias(const struct inode *dir, const char *name, size_t length,
                                      const struct dentry *except);
void dentry_hash_shrink(void); /* gives a grown table back when it is empty */

#endif
