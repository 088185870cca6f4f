/* SPDX-License-Identifier: BSD-2-Clause */
/* See pipe_ring.h. */
#include "fs/pipe_ring.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

bool pipe_ring_init(struct pipe_ring *ring)
{
    *ring = (struct pipe_ring){.pages = kcalloc(PIPE_PAGES_DEFAULT, sizeof(char *)),
                               .page_count = PIPE_PAGES_DEFAULT};
    return ring->pages;
}

static void free_pages(char **pages, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (pages[i])
            page_free_virt(pages[i]);
    kfree(pages);
}

void pipe_ring_free(struct pipe_ring *ring)
{
    free_pages(ring->pages, ring->page_count);
}

ssize_t pipe_ring_take(struct pipe_ring *ring, struct iobuf *buf)
{
    uint64_t mask = pipe_ring_capacity(ring) - 1, filled = pipe_ring_filled(ring);
    ssize_t total = 0;

    while (buf->remaining && filled) {
        uint64_t at = ring->tail & mask;
        size_t offset = at & (PAGE_SIZE - 1);
        size_t size = MIN(MIN(buf->remaining, filled), PAGE_SIZE - offset);
        ssize_t done = iobuf_put(buf, ring->pages[at >> PAGE_SHIFT] + offset, size);

        if (done < 0)
            return total ? total : done;
        ring->tail += (uint64_t)done;
        filled -= (uint64_t)done;
        total += done;
        if ((size_t)done < size)
            break;
    }
    if (!filled)
        ring->head = ring->tail = 0; /* the first page serves again */
    return total;
}

ssize_t pipe_ring_peek(const struct pipe_ring *ring, struct iobuf *buf)
{
    struct pipe_ring look = *ring; /* only its tail moves */

    return pipe_ring_take(&look, buf);
}

ssize_t pipe_ring_give(struct pipe_ring *ring, struct iobuf *buf)
{
    uint64_t mask = pipe_ring_capacity(ring) - 1, room = mask + 1 - pipe_ring_filled(ring);
    ssize_t total = 0;

    while (buf->remaining && room) {
        uint64_t at = ring->head & mask;
        size_t offset = at & (PAGE_SIZE - 1);
        char **page = &ring->pages[at >> PAGE_SHIFT];
        size_t size = MIN(MIN(buf->remaining, room), PAGE_SIZE - offset);
        ssize_t done;

        if (UNLIKELY(!*page))
            *page = page_alloc_virt(0);
        done = *page ? iobuf_get(buf, *page + offset, size) : -ENOMEM;
        if (done >= 0 &&
            (size_t)done < size) /* what came before the fault is dropped, as on Linux */
            done = -EFAULT;
        if (done < 0)
            return total ? total : done;
        ring->head += (uint64_t)done;
        room -= (uint64_t)done;
        total += done;
    }
    return total;
}

int pipe_ring_resize(struct pipe_ring *ring, uint32_t page_count)
{
    struct iov_user segment;
    struct iobuf buf;
    struct pipe_ring fresh = {.page_count = page_count};
    uint64_t used = pipe_ring_filled(ring);

    if (used > pipe_ring_capacity(&fresh))
        return -EBUSY;
    fresh.pages = kcalloc(page_count, sizeof(char *));
    if (!fresh.pages)
        return -ENOMEM;
    while (pipe_ring_filled(ring)) { /* a piece that lies in one page, front to back */
        uint64_t at = ring->tail & (pipe_ring_capacity(ring) - 1);
        size_t offset = at & (PAGE_SIZE - 1);
        size_t size = MIN(pipe_ring_filled(ring), PAGE_SIZE - offset);

        iobuf_kernel(&buf, &segment, ring->pages[at >> PAGE_SHIFT] + offset, size);
        if (pipe_ring_give(&fresh, &buf) != (ssize_t)size) {
            ring->tail = ring->head - used;
            free_pages(fresh.pages, page_count);
            return -ENOMEM;
        }
        ring->tail += size;
    }
    free_pages(ring->pages, ring->page_count);
    *ring = fresh;
    return 0;
}
