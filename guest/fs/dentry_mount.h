/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the dentry cache and mount.c; see mount.h for what a mount is. */
#ifndef FS_DENTRY_MOUNT_H
#define FS_DENTRY_MOUNT_H

#include "fs/dentry.h"
#include "fs/mount.h"

/*
 * A dentry for inode (a reference is taken) in the place of at, which leaves the hash: one
 * reference for the caller, who also keeps one of at.  alias: the inode has other dentries.
 * NULL: at is not in the tree any more, is the root of the tree, or no memory.
 */
struct dentry *dentry_cover(struct dentry *at, struct inode *inode, uint32_t flags, bool alias);
/* A mount that is nowhere, of inode; see mount_fd.h.  NULL: no memory. */
struct dentry *dentry_create_detached(struct inode *inode, const char *source, uint32_t flags);
bool dentry_is_detached(struct dentry *dentry);
const char *dentry_detached_source(struct dentry *mount);
void dentry_set_attached(struct dentry *mount); /* it has its place now, by another dentry */
/* The mount's dentry leaves the hash, the covered one comes back. */
void dentry_uncover(struct dentry *mount, struct dentry *covered);
void dentry_set_mount_flags(struct dentry *mount, uint32_t flags);
/* The root of the mount that holds the dentry; no reference. */
struct dentry *dentry_mount_above(struct dentry *dentry);
/* False for what was unmounted with its users, and for files without a name. */
bool dentry_in_tree(struct dentry *dentry);
/* Has nobody more than these references to the mount's root, or anything below it? */
bool dentry_mount_idle(struct dentry *mount, uint32_t references);
/* MNT_EXPIRE: true if nobody but the caller has looked the mount up since the last call. */
bool dentry_expire(struct dentry *mount);

#endif
