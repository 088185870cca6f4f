/* SPDX-License-Identifier: BSD-2-Clause */
/* Between pipe.c (reading, writing, waiting) and pipe_open.c (making, opening, resizing). */
#ifndef FS_PIPE_INTERNAL_H
#define FS_PIPE_INTERNAL_H

#include "fs/inode.h"
#include "fs/pipe.h"
#include "fs/pipe_packet.h"
#include "fs/pipe_ring.h"
#include "lib/mutex.h"

struct pipe {
    struct mutex lock; /* guards all below */
    struct pipe_ring ring;
    struct pipe_packets packets; /* of ring, when O_DIRECT was used */
    uint32_t readers, writers;
    uint64_t reader_opens, writer_opens; /* ever: fifo(7)'s open waits for a change */
    struct wait_queue readable, writable; /* also woken at opens and closes */
    struct refcount refs; /* a pipe's inode, or the open files of a FIFO */
    struct inode *fifo; /* whose private_data this is, or NULL */
    struct pipe_user *user; /* who pays, for user_pages; NULL: a privileged one */
    uint32_t user_pages;
};

struct pipe_inode {
    struct inode inode;
    struct pipe *pipe;
};

/*
 * pipe_quota.c.  A new pipe of an unprivileged caller: *pages becomes what it may have;
 * false: out of memory.  Another size: false when the user has too much.
 */
bool pipe_quota_begin(struct pipe *pipe, uint32_t *pages);
bool pipe_quota_change(struct pipe *pipe, uint32_t pages);
void pipe_quota_end(struct pipe *pipe);

extern const struct file_ops pipe_ops;

static inline struct pipe *pipe_of(struct file *file)
{
    return file->private_data;
}

/* Sleeps on queue with pipe->lock dropped, unless the state moved on; 0 or errno. */
int pipe_wait_unlocked(struct pipe *pipe, struct wait_queue *queue, struct wait_entry *entry);
void pipe_put(struct pipe *pipe);
void pipe_release(struct file *file);

#endif
