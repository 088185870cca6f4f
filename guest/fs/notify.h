/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to files and directories, told to those who watch, inotify(7).  The VFS and the
 * calls say what they did; while nobody watches anything that costs the look at one word.
 *
 * Lock: one spinlock (LOCK_RANK_FS, never with another of its rank) for all watches and queues
 * of events.  A watch holds its inode; an inotify lives as long as its file.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include "fs/vfs.h"

#define IN_ACCESS 0x1u
#define IN_MODIFY 0x2u
#define IN_ATTRIB 0x4u
#define IN_CLOSE_WRITE 0x8u
#define IN_CLOSE_NOWRITE 0x10u
#define IN_OPEN 0x20u
#define IN_MOVED_FROM 0x40u
#define IN_MOVED_TO 0x80u
#define IN_CREATE 0x100u
#define IN_DELETE 0x200u
#define IN_DELETE_SELF 0x400u
#define IN_MOVE_SELF 0x800u
#define IN_ALL_EVENTS 0xfffu
#define IN_Q_OVERFLOW 0x4000u
#define IN_IGNORED 0x8000u
#define IN_ONLYDIR 0x1000000u
#define IN_DONT_FOLLOW 0x2000000u
#define IN_EXCL_UNLINK 0x4000000u
#define IN_MASK_CREATE 0x10000000u
#define IN_MASK_ADD 0x20000000u
#define IN_ISDIR 0x40000000u
#define IN_ONESHOT 0x80000000u

extern atomic_uint notify_watches; /* how many there are */
static inline bool notify_wanted(void)
{
    return atomic_load_explicit(&notify_watches, memory_order_relaxed);
}

/* One event of an inode, with a name when it is a directory's about what is in it. */
struct notify_event {
    uint32_t mask; /* IN_* with IN_ISDIR */
    uint32_t cookie; /* ties the two halves of a rename */
    const char *name; /* NULL: none */
    size_t name_length;
    bool unlinked; /* the name is gone already: not for IN_EXCL_UNLINK */
};

/* All below: only when notify_wanted().  None sleeps for long; no spinlock is held. */
void notify_inode(struct inode *inode, const struct notify_event *event);
/* Something done to what the name stands for: told to it and to its directory. */
void notify_dentry(struct dentry *dentry, uint32_t mask);
void notify_file(struct file *file, uint32_t mask); /* the same for an open file's name */
/* In a directory: a name came or went. */
void notify_name(struct inode *dir, const char *name, size_t length, uint32_t mask,
                 const struct inode *subject);
/* A name more, or one less, perhaps the last. */
void notify_linked(struct inode *dir, const char *name, size_t length, struct inode *target);
void notify_unlinked(struct inode *dir, const char *name, size_t length, struct inode *target);
struct notify_rename {
    struct inode *old_dir, *new_dir, *moved;
    struct inode *replaced, *exchanged; /* what had the new name, gone or moved back; or NULL */
    const char *old_name, *new_name;
    size_t old_length, new_length;
};
void notify_moved(const struct notify_rename *rename);

/* inotify_init1(2) and its relatives; NULL: out of memory. */
struct file *inotify_create(uint32_t flags);
bool is_inotify(const struct file *file);
/* The watch's number, or -ENOSPC, -ENOMEM, -EEXIST. */
int inotify_add(struct file *file, struct inode *inode, uint32_t mask);
int inotify_remove(struct file *file, int wd); /* 0 or -EINVAL */

#endif
