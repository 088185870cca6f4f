/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes inside a pipe: a ring of pages, allocated as bytes come.  The caller locks. */
#ifndef FS_PIPE_RING_H
#define FS_PIPE_RING_H

#include "mm/uaccess.h"

#define PIPE_PAGES_DEFAULT 16u
#define PIPE_PAGES_MAX 256u /* fs.pipe-max-size at the start, 1 MiB */
#define PIPE_PAGES_LIMIT 32768u /* and what it may become */

struct pipe_ring {
    char **pages; /* page_count slots, filled on first use */
    uint32_t page_count; /* a power of two */
    uint64_t head, tail; /* bytes ever written and read; head - tail are inside */
};

bool pipe_ring_init(struct pipe_ring *ring); /* false: out of memory */
void pipe_ring_free(struct pipe_ring *ring);
/* Copies out of the ring; bytes or -EFAULT. */
ssize_t pipe_ring_take(struct pipe_ring *ring, struct iobuf *buf);
ssize_t pipe_ring_peek(const struct pipe_ring *ring, struct iobuf *buf); /* the bytes stay */
/* Copies into the ring as much as fits; bytes, -EFAULT or -ENOMEM. */
ssize_t pipe_ring_give(struct pipe_ring *ring, struct iobuf *buf);
/* Moves the bytes into a ring of page_count pages: 0, -EBUSY (too small), -ENOMEM. */
int pipe_ring_resize(struct pipe_ring *ring, uint32_t page_count);

static inline uint64_t pipe_ring_capacity(const struct pipe_ring *ring)
{
    return (uint64_t)ring->page_count * PAGE_SIZE;
}
static inline uint64_t pipe_ring_filled(const struct pipe_ring *ring)
{
    return ring->head - ring->tail;
}

#endif
