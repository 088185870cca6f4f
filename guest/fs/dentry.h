/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of names.  A dentry ties a name below a parent to an inode; the root
 * of a mounted file system simply takes the place of the inode that its mount
 * point had, so the tree is one and ".." needs no special care.
 *
 * Lock: one spinlock for counts, hash, parent links and names.  A dentry is
 * added and removed with its directory's inode.lock held, so cache and file
 * system agree.  Unused dentries stay cached, up to a limit.
 */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include "fs/inode.h"
#include "lib/list.h"

#define DENTRY_HASHED 1u /* found by lookup */
#define DENTRY_MOUNT 2u /* inode is the root of another file system */
#define DENTRY_ANONYMOUS 4u /* name is the whole path: "pipe:[7]" */
#define DENTRY_COVERED 8u /* a mount hides it: not hashed, and yet not deleted */
#define DENTRY_RELATIME 16u /* of a mount's root; bits 8 to 19 hold its other flags */
#define DENTRY_DETACHED 128u /* a mount that is in no tree yet */
#define DENTRY_EXPIRE 96u /* two bits: how many more looks until MNT_EXPIRE's mark is gone */
#define DENTRY_EXPIRE_ONE 32u

struct dentry {
    uint32_t count; /* references; children hold one each */
    uint32_t flags;
    struct dentry *parent; /* a reference; the root's is itself */
    struct inode *inode; /* a reference */
    struct dentry *hash_next;
    struct list lru; /* while count is 0 */
    uint32_t hash;
    uint32_t name_length;
    char *name; /* NUL-terminated; in inline_name or from kmalloc */
    char inline_name[24];
};

extern struct spinlock dentry_lock; /* the cache's; for fs/dentry*.c only */

uint32_t name_hash(const char *name, size_t length);

/* The root of the tree; takes over the inode reference. */
struct dentry *dentry_create_root(struct inode *inode);
/* A name outside the tree for an inode (a reference is taken): pipes and the like. */
struct dentry *dentry_create_anonymous(struct inode *inode, const char *name);
/* Cached child with a new reference, or NULL. */
struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length);
/*
 * Walks as far as the cache knows the way and nothing special comes up: symbolic links,
 * missing names, files as directories and missing permission are left to the caller.
 * parent_only: so is the last component.
 * Returns where it stopped with a new reference; *path is what is left of the path.
 */
struct dentry *dentry_walk(struct dentry *start, const char **path,
                           const struct fs_context *context, bool parent_only);
/*
 * Adds a child (or returns the one that is there), with a new reference; takes over
 * the inode reference.  NULL when out of memory.  The directory's lock is held.
 */
struct dentry *dentry_add(struct dentry *parent, const char *name, size_t length,
                          struct inode *inode);
/* A dentry outside the tree that takes over the inode reference; NULL: no memory. */
struct dentry *dentry_new(const char *name, size_t length, struct inode *inode);
/* For dentry_mount.c, dentry_lock held: a reference; mount in the place of covered. */
void dentry_get_locked(struct dentry *dentry);
void dentry_place_locked(struct dentry *mount, struct dentry *covered);
/* The directory's entry has changed: its dentries below other dentries of dir leave the hash. */
void dentry_forget_aliases(struct inode *dir, const char *name, size_t length,
                           const struct dentry *except);
/* The name is gone from its directory: later lookups miss it. */
void dentry_unhash(struct dentry *dentry);
/* Moves to another name, or swaps two; out of memory is possible only before any change. */
int dentry_move(struct dentry *dentry, struct dentry *new_parent, const char *name, size_t length);
void dentry_exchange(struct dentry *a, struct dentry *b);
/* Its inode is the root of a file system that is there from the start: never leaves the cache. */
void dentry_pin_mount(struct dentry *dentry);
/* Forgets unused dentries, oldest first, until at most keep are left. */
void dentry_shrink(uint32_t keep);
bool dentry_is_shared(struct dentry *dentry); /* has it more than one reference? */
struct dentry *dentry_get_parent(struct dentry *dentry); /* a reference */

/*
 * Child of a directory dentry by name through cache and file system: reference in *child.
 * Permission is not checked.  dir->inode->lock must not be held (vfs_lookup), must (_locked).
 */
int vfs_lookup(struct dentry *dir, const char *name, size_t length, struct dentry **child);
int vfs_lookup_locked(struct dentry *dir, const char *name, size_t length, struct dentry **child);

struct walk_limits { /* of openat2(2) */
    uint32_t resolve; /* RESOLVE_*; 0: none */
    struct dentry *root; /* where the walk began, the root of BENEATH and IN_ROOT */
};
/* vfs_walk() for a context that the caller has at hand; limits may be NULL. */
int vfs_walk_as(const struct fs_context *context, struct dentry *start, const char *path,
                uint32_t flags, const struct walk_limits *limits, struct dentry **found);

struct last_name { /* what vfs_walk_parent found behind the last slash */
    const char *name; /* in the path, or in *buffer; not NUL-terminated */
    size_t length; /* 0: the path was "/" or the like */
    bool trailing_slash;
    char *buffer; /* kfree() it */
};
/* The directory that holds the last component (which may be "." or ".."). */
int vfs_walk_parent(struct dentry *start, const char *path, struct dentry **parent,
                    struct last_name *last);
int vfs_walk_parent_as(const struct fs_context *context, struct dentry *start, const char *path,
                       const struct walk_limits *limits, struct dentry **parent,
                       struct last_name *last);
/* A symbolic link may be followed: 0, -ELOOP, or -EXDEV for /proc's with BENEATH. */
int walk_may_follow(struct dentry *link, const struct walk_limits *limits);

/*
 * File systems that appear when the name is first looked up: a reference to the root of
 * the one that belongs over dir/name, or NULL.  The directory's lock is held.
 */
struct inode *vfs_lazy_mount(struct dentry *dir, const char *name, size_t length);

#endif
