/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What file systems share: super blocks, the life of inodes, time stamps.  For
 * fs/ and for modules that make inodes of their own (sockets, terminals).
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include "fs/vfs.h"

#define S_ISDIR(mode) (((mode)&S_IFMT) == S_IFDIR)
#define S_ISREG(mode) (((mode)&S_IFMT) == S_IFREG)
#define S_ISLNK(mode) (((mode)&S_IFMT) == S_IFLNK)
#define S_ISCHR(mode) (((mode)&S_IFMT) == S_IFCHR)
#define S_ISBLK(mode) (((mode)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)
#define S_ISSOCK(mode) (((mode)&S_IFMT) == S_IFSOCK)
#define S_ISUID 04000u
#define S_ISGID 02000u
#define S_ISVTX 01000u
#define S_IXGRP 00010u

/* Device numbers in Linux's 64-bit user form (new_encode_dev is the low 32 bits). */
#define MAKE_DEVICE(major, minor)                                      \
    (((uint64_t)((minor)&0xffu)) | ((uint64_t)((major)&0xfffu) << 8) | \
     ((uint64_t)((minor) & ~0xffu) << 12))
#define DEVICE_MAJOR(device) ((uint32_t)(((device) >> 8) & 0xfff))
#define DEVICE_MINOR(device) ((uint32_t)(((device)&0xff) | (((device) >> 12) & 0xfff00)))

struct fs_stats { /* statfs(2) */
    uint64_t magic, block_size, blocks, blocks_free, files, files_free, name_max;
};

struct super_block {
    const char *type; /* as /proc/mounts shows it */
    uint64_t device; /* st_dev */
    bool read_only;
    bool attributes; /* extended attributes and INODE_* flags are kept */
    bool uncached; /* names change by themselves: unused dentries are not kept */
    struct inode *root; /* a reference */
    atomic_ulong writers; /* files open for writing */
    void (*statfs)(struct super_block *sb, struct fs_stats *stats);
    /* mount(2)'s MS_REMOUNT with options ("size=1m", or NULL); NULL: nothing to change. */
    int (*remount)(struct super_block *sb, const char *options);
};

/* One reference, link count 1, times now, no ops->evict call yet. */
void inode_init(struct inode *inode, const struct inode_ops *ops, struct super_block *sb,
                uint32_t mode, uint64_t ino);
struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode);

/* Numbers for inodes that no file system numbers: pipes and other anonymous kinds. */
uint64_t inode_next_anonymous_ino(void);
/* The super block of such inodes. */
extern struct super_block anonymous_super;
/* An inode that holds nothing, for eventfd and the like: mode without type, as Linux shows. */
struct inode *inode_create_anonymous(uint32_t mode);

struct timespec64 fs_now(void);
/* Read: atime becomes now where relatime wants it: not after the changes yet, or a day old. */
void inode_accessed(struct inode *inode);
/* FS_IOC_SETFLAGS: 0, -EPERM (not the owner), -EOPNOTSUPP, -EROFS. */
int inode_set_flags(struct inode *inode, uint32_t flags);
/* mtime and ctime become now. */
void inode_touch(struct inode *inode);

/* Counts of writers against counts of executions: 0 or -ETXTBSY. */
int inode_get_write(struct inode *inode);
void inode_put_write(struct inode *inode);
int inode_deny_write(struct inode *inode); /* exec: nobody may open it for writing */
void inode_allow_write(struct inode *inode);

/* vfs_permission() for a context that the caller has at hand. */
int inode_permission(const struct inode *inode, uint32_t want_rwx,
                     const struct fs_context *context);
/* Is gid the context's own group or one of the others? */
bool fs_in_group(const struct fs_context *context, uint32_t gid);
/* The mode that a new inode in dir gets: umask, and setgid only for members of the group. */
uint32_t inode_new_mode(const struct inode *dir, uint32_t mode);
/* Is the current task the owner, or privileged? */
bool inode_owner_or_privileged(const struct inode *inode);

/* st_mode's type as getdents' d_type. */
static inline uint8_t mode_to_dirent_type(uint32_t mode)
{
    return (uint8_t)((mode & S_IFMT) >> 12);
}

#endif
