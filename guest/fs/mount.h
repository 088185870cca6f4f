/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mount(2) and umount(2).  A mount is a dentry of its own that hides the one of its mount
 * point: it has the same parent and name, and the mounted root as inode.  So path walks know
 * nothing of mounts, and ".." works.  A bind mount gives an inode a second dentry; what one
 * of them unlinks is forgotten by the others (dentry_forget_aliases).
 *
 * Locks: mount_mutex, innermost of the mutexes, for the list of mounts and every change of it;
 * what path walks see (flags and the hash) changes under dentry_lock.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "fs/vfs.h"
#include "sched/wait_queue.h"

/* Flags of mount(2), <sys/mount.h>. */
#define MS_RDONLY 1u
#define MS_NOSUID 2u
#define MS_NODEV 4u
#define MS_NOEXEC 8u
#define MS_SYNCHRONOUS 16u
#define MS_REMOUNT 32u
#define MS_MANDLOCK 64u
#define MS_DIRSYNC 128u
#define MS_NOSYMFOLLOW 256u
#define MS_NOATIME 1024u
#define MS_NODIRATIME 2048u
#define MS_BIND 4096u
#define MS_MOVE 8192u
#define MS_REC 16384u
#define MS_PROPAGATION (15u << 17) /* unbindable, private, slave, shared */
#define MS_RELATIME (1u << 21)
#define MS_STRICTATIME (1u << 24)
/* What belongs to one mount, not to its file system; kept in the mount's dentry. */
#define MS_OF_MOUNT                                                                               \
    (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | MS_NOATIME | MS_NODIRATIME | \
     MS_RELATIME)

#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define MNT_EXPIRE 4u
#define UMOUNT_NOFOLLOW 8u

struct mount_request {
    const char *source; /* as /proc/mounts shows it */
    const char *type, *options; /* "size=1m,mode=700", or NULL */
    uint32_t flags; /* MS_* */
};

/* A new file system over the directory at: 0, -ENODEV (type), -EINVAL, -EBUSY, -ENOTDIR. */
int mount_new(struct dentry *at, const struct mount_request *request);
/* A second place for a file or directory; both of the same kind, else -ENOTDIR. */
int mount_bind(struct dentry *at, struct dentry *from);
/* from is the root of a mount that moves to at, or of a detached one. */
int mount_move(struct dentry *at, struct dentry *from);
/* The root is that of a mount: -EINVAL, -EBUSY (read-only, but open for writing). */
int mount_set_flags(struct dentry *root, uint32_t set, uint32_t clear);
/* at is the root of a mount; with MS_BIND only the mount's own flags change. */
int mount_change(struct dentry *at, const struct mount_request *request);
/* -EINVAL: not the root of a mount; -EBUSY: in use, or there since the start; -EAGAIN: MNT_EXPIRE.
 */
int mount_remove(struct dentry *at, uint32_t flags);
/* At the end of a run. */
void mount_remove_all(void);
bool mount_is_root(struct dentry *dentry);

/* MS_OF_MOUNT flags of the mount that holds the dentry, and whether its file system is read-only.
 */
uint32_t mount_flags(struct dentry *dentry);
/* The root of the mount that holds the dentry: a reference. */
struct dentry *mount_root_of(struct dentry *dentry);
/* As in /proc/PID/mountinfo. */
uint32_t mount_id(struct dentry *dentry);
/* 0, or -EROFS: for whatever changes the file system through this dentry. */
int mount_want_write(struct dentry *dentry);
/* Do both lie in one mount?  Names are linked and moved within one only. */
bool mount_is_same(struct dentry *a, struct dentry *b);

/* Boot: where the root of mqueue comes from, which fs/ does not know; a reference, or NULL. */
void mount_set_mqueue_source(struct inode *(*root)(void));
/* Kinds of file systems: NULL behind the last; options that each takes: 0 or -EINVAL. */
const char *mount_type_name(size_t index);
bool mount_type_known(const char *type);
int mount_type_check(const char *type, const char *options);
/* The root inode of a file system of request's type: a reference; or -ENODEV, -EINVAL, -ENOMEM. */
int mount_make_root(const struct mount_request *request, struct inode **root);
/* An inode of the mounted file system with that st_dev: a reference, or NULL. */
struct inode *mount_find_device(uint64_t device);

/* How often the mounts have changed; pollers of /proc/mounts wait on the queue. */
unsigned int mount_changes(void);
extern struct wait_queue mount_change_queue;

/* Calls back for each mount made by mount(2), oldest first, with mount_mutex held. */
struct mount_shown {
    uint32_t id, parent_id;
    struct dentry *root;
    const char *source;
    uint32_t flags; /* MS_OF_MOUNT; MS_RDONLY is the file system's, too */
    struct super_block *sb;
};
void mount_for_each(void (*show)(const struct mount_shown *mount, void *context), void *context);

#endif
