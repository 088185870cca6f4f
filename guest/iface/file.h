/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An open file: what a descriptor refers to.  A file is a table of operations
 * and a private object; it cannot tell which descriptor or process holds it.
 *
 * Locking: refs is atomic; pos and flags are guarded by pos_lock, which the
 * syscall layer takes around calls that use or move the position (only for
 * files that can seek).  Operations may sleep and touch program memory through
 * iobuf; they take their own object's locks.
 */
#ifndef IFACE_FILE_H
#define IFACE_FILE_H

#include "lib/mutex.h"
#include "lib/refcount.h"
#include "mm/uaccess.h"
#include "sched/wait_queue.h"

struct file;
struct inode;
struct dentry;
struct mmap_request;
struct file_owner;
struct fd_table;

#define FMODE_READ 0x1u
#define FMODE_WRITE 0x2u
#define FMODE_SEEK 0x4u /* has a position: lseek, pread and pwrite work */
#define FMODE_PATH 0x8u /* O_PATH */
#define FMODE_EXEC 0x10u
#define FMODE_NOATIME 0x20u /* reading does not change the time of last access */
#define FMODE_NOEXEC 0x40u /* not to be mapped for execution */

/* poll(2) events; Linux's values. */
#define POLL_IN 0x1u
#define POLL_PRI 0x2u
#define POLL_OUT 0x4u
#define POLL_ERR 0x8u
#define POLL_HUP 0x10u
#define POLL_NVAL 0x20u
#define POLL_RDNORM 0x40u
#define POLL_RDBAND 0x80u
#define POLL_WRNORM 0x100u
#define POLL_WRBAND 0x200u
#define POLL_RDHUP 0x2000u
#define POLL_QUIET 0x40000000u /* ours, of wakes: pollers look, O_ASYNC has no news */

/*
 * A poll in progress.  An operation calls add() for every queue that will be
 * woken when its readiness changes, before it looks at the readiness.
 */
struct poll_table {
    void (*add)(struct poll_table *table, struct wait_queue *queue);
};

/* getdents: returns false when the caller's buffer is full. */
struct dir_context {
    bool (*emit)(struct dir_context *context, const char *name, size_t name_length, uint64_t inode,
                 uint8_t type, uint64_t next_pos);
    uint64_t pos; /* where to go on; 0 is the start; set by the operation */
};

struct file_ops {
    /*
     * Bytes transferred, or negative errno.  pos is NULL for streams; otherwise
     * read and advanced by the operation.
     */
    ssize_t (*read)(struct file *file, struct iobuf *buf, loff_t *pos);
    ssize_t (*write)(struct file *file, struct iobuf *buf, loff_t *pos);
    loff_t (*seek)(struct file *file, loff_t offset, int whence); /* NULL: generic or ESPIPE */
    int (*iterate)(struct file *file, struct dir_context *context);
    uint32_t (*poll)(struct file *file, struct poll_table *table); /* table may be NULL */
    int64_t (*ioctl)(struct file *file, unsigned int request, uint64_t arg); /* -ENOTTY unknown */
    /* Fills in request->ops/object/offset for a mapping of this file. */
    int (*mmap)(struct file *file, struct mmap_request *request);
    int (*fsync)(struct file *file, bool data_only);
    int (*truncate)(struct file *file, uint64_t size);
    int (*fallocate)(struct file *file, int mode, uint64_t offset, uint64_t length);
    /* Each close of a descriptor in table; then, at the last reference, release. */
    int (*flush)(struct file *file, const struct fd_table *table);
    void (*release)(struct file *file);
};

struct file {
    struct refcount refs;
    const struct file_ops *ops;
    uint32_t mode; /* FMODE_* */
    atomic_uint flags; /* O_APPEND, O_NONBLOCK, ... as F_GETFL shows them */
    struct mutex pos_lock;
    loff_t pos;
    struct inode *inode; /* reference, or NULL (anonymous kinds have an inode too) */
    struct dentry *dentry; /* reference, for paths; NULL for pipes and the like */
    void *private_data; /* of ops */
    struct file_owner *_Atomic owner; /* of fs/file_owner.c; NULL: nobody asked for signals */
    bool counted_writer; /* counts in inode->deny_write until the last reference */
    struct list poll_watches; /* epoll entries that watch this file */
    struct spinlock watch_lock;
};

/* New file with one reference and no inode; NULL when out of memory. */
struct file *file_create(const struct file_ops *ops, uint32_t mode, uint32_t flags,
                         void *private_data);
struct file *file_get(struct file *file);
void file_put(struct file *file); /* last one: release; may sleep */

#endif
