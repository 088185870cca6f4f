/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes inside a pipe: a ring of pages, allocated as bytes come.  The caller locks. */
#ifndef FS_PIPE_RING_H
#define FS_PIPE_RING_H

#include "lib/errno.h"
#include "mm/uaccess.h"

#define PIPE_PAGES_DEFAULT 16u
#define PIPE_PAGES_LEAST 2u /* what a user gets who has many */
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

/*
 * The commonest transfers: what the ring has, or wants, and the buffer wants, or has, lies in
 * one page that is there.  0: look with the function above; -EFAULT: nothing was moved.
 */
static inline ssize_t pipe_ring_take_small(struct pipe_ring *ring, struct iobuf *buf)
{
    uint64_t filled = pipe_ring_filled(ring), at = ring->tail & (pipe_ring_capacity(ring) - 1);
    size_t offset = at & (PAGE_SIZE - 1), size = MIN(buf->remaining, filled);

    if (size > PAGE_SIZE - offset)
        return 0;
    ssize_t done = iobuf_put(buf, ring->pages[at >> PAGE_SHIFT] + offset, size);
    if (done > 0)
        ring->tail += (uint64_t)done;
    if ((uint64_t)done == filled)
        ring->head = ring->tail = 0; /* the first page serves again */
    return done;
}
static inline ssize_t pipe_ring_give_small(struct pipe_ring *ring, struct iobuf *buf)
{
    uint64_t at = ring->head & (pipe_ring_capacity(ring) - 1);
    size_t offset = at & (PAGE_SIZE - 1), size = buf->remaining;
    char *page = ring->pages[at >> PAGE_SHIFT];

    if (!page || size > PAGE_SIZE - offset ||
        size > pipe_ring_capacity(ring) - pipe_ring_filled(ring))
        return 0;
    ssize_t done = iobuf_get(buf, page + offset, size);
    if (done != (ssize_t)size) /* what came before the fault is dropped, as on Linux */
        return -EFAULT;
    ring->head += size;
    return done;
}

#endif
