/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages: a buddy allocator over free lists, fed by a frontier that
 * moves through RAM on demand, so that boot costs nothing per page.  Memory
 * behind the frontier has no metadata yet.  Pages carry a reference count;
 * pages outside RAM (boot archive, kernel image, zero page) are "static": they
 * have no metadata and are never freed.
 *
 * Lock: internal spinlocks (LOCK_RANK_PAGES, and one of each CPU's cache).  Any context.
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include "lib/list.h"
#include "lib/types.h"

#define PAGE_ORDER_MAX 9u /* 2 MiB */
#define DIRECT_MAP_BASE 0xffffff8000000000ul
#define DIRECT_MAP_SIZE (510ul << 30) /* bytes of guest-physical space it can show */

/* Kernel pointer to physical memory (RAM, archive, ACPI tables). */
static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(DIRECT_MAP_BASE + pa.raw);
}
/* Of a direct-map or kernel-image pointer. */
paddr_t virt_to_phys(const void *ptr);

enum {
    PAGE_ZERO = 1, /* contents are zero */
};

/*
 * 2^order pages, naturally aligned, reference count 1 (on the first page; the
 * others follow it).  Returns false when memory is out.
 */
bool page_alloc(unsigned int order, unsigned int flags, paddr_t *pa);
/* One page by pointer; NULL when out of memory. */
void *page_alloc_virt(unsigned int flags);
void page_free_virt(void *page);

/* Static pages: get and put do nothing, the count reads as a large number. */
void page_get(paddr_t pa);
void page_put(paddr_t pa); /* frees at zero */
unsigned int page_ref(paddr_t pa);
bool page_is_static(paddr_t pa);

/* A block with reference count 1 becomes single pages with one reference each. */
void page_split(paddr_t pa);

struct page_stats {
    uint64_t total, free, used_max; /* pages of 4 KiB */
};
void page_get_stats(struct page_stats *stats);
uint64_t page_total(void); /* the same as stats->total, at once */

/*
 * Allocation failure on purpose, in tests and debug builds: the Nth allocation from
 * now (page or slab) fails, 0 switches it off.
 */
#if DEBUG_LOCKS || HOST_TEST
void page_fault_injection(uint64_t nth);
uint64_t page_fault_injection_left(void); /* allocations until then; 0: it has been, or is off */
bool page_should_fail(void);
#else
static inline bool page_should_fail(void)
{
    return false;
}
#endif

/* Boot: takes RAM from boot_info.  False when there is too little to start with. */
bool page_alloc_init(void);

#endif
