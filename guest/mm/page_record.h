/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page allocator's own records, for page_alloc.c and the leak check (leaks.c).
 * Lock: pa_state.lock guards everything here but reference counts.
 */
#ifndef MM_PAGE_RECORD_H
#define MM_PAGE_RECORD_H

#include "arch/boot_info.h"
#include "arch/spinlock.h"
#include "mm/page_alloc.h"

#define HOT_PAGES 16u
#define NIL 0u /* no page: page frame 0 is never managed */

enum page_state { PAGE_UNUSED, PAGE_FREE, PAGE_USED };

struct page { /* 16 bytes: 0.4 % of RAM */
    atomic_uint refs;
    uint32_t next, prev; /* frame numbers, in a free list */
    uint8_t order;
    uint8_t state; /* enum page_state */
    uint8_t zero; /* free block whose contents are zero */
    uint8_t reserved;
};
_Static_assert(sizeof(struct page) == 16, "page record");

struct region {
    uint32_t start, end; /* frame numbers, end exclusive */
    uint32_t frontier; /* next frame that was never handed out */
    uint32_t pad;
    struct page *pages; /* record of frame f: pages[f - start] */
};

struct page_allocator {
    struct spinlock lock;
    uint32_t region_count;
    struct region regions[BOOT_REGIONS_MAX + 4];
    uint32_t free_head[PAGE_ORDER_MAX + 1]; /* frame numbers */
    uint64_t total, free_listed, beyond; /* pages: all, in lists, behind the frontier */
    uint64_t used_max;
    /* Pages freed last (counted as listed) go first: the host need not back a new one. */
    uint32_t hot_count, hot[HOT_PAGES];
};
extern struct page_allocator pa_state;

#endif
