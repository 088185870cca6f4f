/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names, inodes and mounts.  A file system is a table of inode operations; the
 * VFS owns path walking, the dentry cache, permissions and open files.
 *
 * Objects and their locks (order: rename lock, parent directory, child):
 *   inode.lock   mutex: directory entries, size, attributes; writers of a file
 *   dentry cache spinlock (LOCK_RANK_FS): names, hash, parent links
 * inode.lock is taken before mm->lock: a writer copies from the program while it
 * holds the lock.  So the fault path (vm_object_ops) never takes inode.lock: it
 * finds pages under a spinlock of the file's page tree (LOCK_RANK_FS).
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include "iface/file.h"
#include "lib/types.h"

struct super_block;

/* mode bits, Linux's values */
#define S_IFMT 0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK 0120000u
#define S_IFREG 0100000u
#define S_IFBLK 0060000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u
#define S_IFIFO 0010000u

struct timespec64 {
    int64_t sec;
    int64_t nsec;
};

struct inode_attr { /* what stat shows and what setattr changes */
    uint32_t mode, uid, gid, nlink;
    uint64_t ino, size, blocks512, rdev;
    uint32_t block_size;
    struct timespec64 atime, mtime, ctime, btime;
};

#define ATTR_MODE 1u
#define ATTR_UID 2u
#define ATTR_GID 4u
#define ATTR_SIZE 8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_NOW 64u /* the times chosen are the current one */

/* ioctl_iflags(2), the bits of FS_*_FL. */
#define INODE_IMMUTABLE 0x10u
#define INODE_APPEND 0x20u
#define INODE_NODUMP 0x40u
#define INODE_NOATIME 0x80u

struct inode_ops {
    /* Child by name (not NUL-terminated): reference in *child, or -ENOENT. */
    int (*lookup)(struct inode *dir, const char *name, size_t length, struct inode **child);
    /* mode with type; rdev for devices; target for symlinks. */
    int (*create)(struct inode *dir, const char *name, size_t length, uint32_t mode, uint64_t rdev,
                  const char *target, struct inode **child);
    int (*link)(struct inode *dir, const char *name, size_t length, struct inode *target);
    int (*unlink)(struct inode *dir, const char *name, size_t length, bool directory);
    int (*rename)(struct inode *old_dir, const char *old_name, size_t old_length,
                  struct inode *new_dir, const char *new_name, size_t new_length, uint32_t flags);
    /* Bytes of the target without NUL, or negative errno. */
    ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
    /* Magic links (/proc/self/fd/N, exe): the dentry they stand for, or NULL ops. */
    int (*follow)(struct inode *inode, struct dentry **target);
    /* An inode without a name (O_TMPFILE), link count 0. */
    int (*tmpfile)(struct inode *dir, uint32_t mode, struct inode **child);
    /* Called with inode->lock: makes ATTR_SIZE true; the VFS stores the rest.  NULL: no sizes. */
    int (*setattr)(struct inode *inode, const struct inode_attr *attr, uint32_t which);
    void (*getattr)(struct inode *inode, struct inode_attr *attr); /* NULL: inode->attr */
    /* Fills in file->ops, private_data, mode for a new open. */
    int (*open)(struct inode *inode, struct file *file);
    void (*evict)(struct inode *inode); /* last reference gone: free */
};

struct inode {
    struct refcount refs;
    const struct inode_ops *ops;
    struct super_block *sb;
    struct mutex lock;
    struct inode_attr attr;
    void *private_data;
    struct inode_locks *locks; /* of file_lock.c; NULL: there never was one */
    struct inode_leases *leases; /* of lease.c; NULL: there is none */
    struct inode_xattrs *xattrs; /* of xattr.c; NULL: there never was one */
    uint32_t flags; /* INODE_*, of FS_IOC_SETFLAGS */
    atomic_int deny_write; /* >0: open for writing; <0: being executed (ETXTBSY) */
};

struct dentry; /* a name in the tree: opaque outside fs/ */

/* A place in the tree that a process refers to (cwd, root, an open file). */
struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
struct inode *dentry_inode(struct dentry *dentry);
bool dentry_is_below(struct dentry *dentry, struct dentry *ancestor); /* or the same */
/* Absolute path seen from root; length without NUL or -ENAMETOOLONG.  Unlinked: " (deleted)". */
ssize_t dentry_path(struct dentry *dentry, struct dentry *root, char *buf, size_t size);

/* What a process brings to path walks; proc/ fills it for the current task. */
struct fs_context {
    struct dentry *root, *cwd;
    uint32_t fsuid, fsgid;
    uint32_t umask;
    const uint32_t *groups;
    uint32_t group_count;
    bool privileged; /* CAP_DAC_OVERRIDE and friends: uid 0 */
};
/* Of the current task; set by main.c (proc/ implements it).  Valid until the task changes it. */
const struct fs_context *fs_current(void);
void fs_set_current_source(const struct fs_context *(*source)(void));

#define WALK_FOLLOW 1u /* follow a symlink in the last component */
#define WALK_DIRECTORY 4u
#define WALK_EMPTY 8u /* AT_EMPTY_PATH: "" is start itself */

/*
 * From start (NULL: cwd; absolute paths: root).  0 with a reference in *found,
 * or -ENOENT, -ENOTDIR, -ELOOP, -EACCES, -ENAMETOOLONG.
 */
int vfs_walk(struct dentry *start, const char *path, uint32_t flags, struct dentry **found);
/* Linux open flags and mode; a new file in *file. */
int vfs_open(struct dentry *start, const char *path, uint32_t open_flags, uint32_t mode,
             struct file **file);
/* The same within limits: RESOLVE_* of openat2(2); -EXDEV, -ELOOP where they are in the way. */
#define RESOLVE_NO_XDEV 1u
#define RESOLVE_NO_MAGICLINKS 2u
#define RESOLVE_NO_SYMLINKS 4u
#define RESOLVE_BENEATH 8u
#define RESOLVE_IN_ROOT 16u
#define RESOLVE_CACHED 32u /* memory is all there is: nothing ever has to be waited for */
int vfs_open_within(struct dentry *start, const char *path, uint32_t open_flags, uint32_t mode,
                    uint32_t resolve, struct file **file);
/* The same for a place that is known; checks permissions against the inode. */
int vfs_open_dentry(struct dentry *dentry, uint32_t open_flags, struct file **file);
/* vm_object_ops.describe for mappings of files: path, device and inode number. */
void vfs_describe_mapping(struct file *file, char *buf, size_t size, uint64_t *device,
                          uint64_t *inode);
/* For exec and the kernel itself: read at an offset into kernel memory; bytes or errno. */
ssize_t vfs_read_kernel(struct file *file, void *buf, size_t size, uint64_t offset);
int vfs_permission(struct inode *inode, uint32_t want_rwx); /* 4 2 1; for fs_current() */
/* Directory operations for mkdir, mknod, symlink, link, unlink, rmdir, rename. */
int vfs_create(struct dentry *start, const char *path, uint32_t mode_with_type, uint64_t rdev,
               const char *symlink_target);
/* The same, with a reference to the new name. */
int vfs_create_get(struct dentry *start, const char *path, uint32_t mode_with_type, uint64_t rdev,
                   const char *symlink_target, struct dentry **created);
#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE 2u
int vfs_link(struct dentry *old, struct dentry *new_start, const char *new_path);
int vfs_unlink(struct dentry *start, const char *path, bool directory);
int vfs_rename(struct dentry *old_start, const char *old_path, struct dentry *new_start,
               const char *new_path, uint32_t flags);
void vfs_getattr(struct inode *inode, struct inode_attr *attr);
int vfs_setattr(struct inode *inode, const struct inode_attr *attr, uint32_t which);

/* Boot: root tmpfs over the archive, /dev, /proc, /tmp, files that are absent. */
int vfs_init(const void *archive, uint64_t archive_size);
/* The root of the tree: a new reference. */
struct dentry *vfs_root(void);
/* A member of the archive as it lies there (run file); false: not there. */
bool boot_archive_find(const char *name, const void **data, uint64_t *size);

#endif
