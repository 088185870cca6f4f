/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page allocator's own records, for page_alloc.c, page_cache.c and the leak check.
 * Lock: pa_state.lock guards everything here but reference counts and the records of
 * pages in a CPU's cache, which that cache's lock guards.
 */
#ifndef MM_PAGE_RECORD_H
#define MM_PAGE_RECORD_H

#include "arch/boot_info.h"
#include "arch/spinlock.h"
#include "mm/page_alloc.h"

#define NIL 0u /* no page: page frame 0 is never managed */

enum page_state {
    PAGE_UNUSED, /* in a CPU's cache, or not the first of its block */
    PAGE_FREE,
    PAGE_USED
};

struct page { /* 16 bytes: 0.4 % of RAM */
    atomic_uint refs;
    uint32_t next, prev; /* frame numbers, in a free list; next also in a cache */
    uint8_t order;
    uint8_t state; /* enum page_state */
    uint8_t zero; /* free and its contents are zero */
    uint8_t reserved;
};
_Static_assert(sizeof(struct page) == 16, "page record");

struct region {
    uint32_t start, end; /* frame numbers, end exclusive */
    uint32_t frontier; /* next frame that was never handed out */
    uint32_t group; /* neighbours of one group share an array of records */
    struct page *pages; /* record of frame f: pages[f - start] */
};

struct page_allocator {
    struct spinlock lock;
    uint32_t region_count;
    struct region regions[BOOT_REGIONS_MAX + 4];
    uint32_t free_head[PAGE_ORDER_MAX + 1]; /* frame numbers */
    uint64_t total, free_listed, beyond; /* pages: all, in lists, behind the frontier */
    uint64_t used_max;
    uint32_t cache_max; /* pages in a CPU's cache */
};
extern struct page_allocator pa_state;

static inline struct page *page_of(uint32_t frame)
{
    const struct region *end = pa_state.regions + pa_state.region_count;

    for (const struct region *r = pa_state.regions; r < end; r++) {
        if (frame - r->start < r->frontier - r->start)
            return &r->pages[frame - r->start];
    }
    return NULL;
}

/*
 * A block of 2^order pages off the free lists, or 0; zero: its contents are.  And back.
 * pa_state.lock is held.
 */
uint32_t buddy_take(unsigned int order, struct page **page, bool *zero);
void buddy_free(uint32_t frame, struct page *page);
void page_note_use(void); /* keeps used_max; when a cache is empty */

/*
 * Single pages at hand on the calling CPU, those freed last first: the host need not back a
 * new one, and nobody else's lock is taken.  No locks of the caller's are needed.
 */
uint32_t page_cache_take(struct page **page); /* 0: memory is out; page->zero tells */
void page_cache_put(uint32_t frame, struct page *page);
uint64_t page_cache_pages(void); /* of all CPUs, about */
bool page_cache_release(void); /* gives all CPUs' pages back: false: there were none */

#endif
