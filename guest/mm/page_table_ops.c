/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work on all leaves of an address range: removing, changing rights, sharing
 * with a child, moving.  The tables themselves are mm/page_table.c's matter.
 */
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/page_table.h"

#define PTE_SOFTWARE (PTE_SW_STATIC | PTE_SW_COW)

static unsigned int leaf_pages(const struct pt_span *span)
{
    return span->huge ? HUGE_SIZE / PAGE_SIZE : 1;
}

/* The page of zeroes is nobody's memory. */
static bool counts_as_resident(uint64_t pte)
{
    return !(pte & PTE_SW_STATIC) || (pte & PTE_ADDR) != paging_zero_page().raw;
}

/* Entries of a span; a 2 MiB leaf is one. */
static size_t entries(const struct pt_span *span)
{
    return span->huge ? 1 : (span->end - span->start) / PAGE_SIZE;
}

static void gather_leaf(struct tlb_gather *gather, const struct pt_span *span, size_t index)
{
    uint64_t address = span->start + index * PAGE_SIZE;

    gather_address(gather, address, span->huge ? span->end : address + PAGE_SIZE);
}

/* Removes leaves of one span: those with a bit of kind, or all when 0; how many pages. */
static long zap_span(struct tlb_gather *gather, const struct pt_span *span, uint64_t kind)
{
    size_t count = entries(span);
    uint64_t address = span->start, first = 0, last = 0; /* not yet noted for the flush */
    long dropped = 0;

    for (size_t i = 0; i < count; i++, address += PAGE_SIZE) {
        uint64_t pte = span->slot[i];

        if (!pte || (kind && !(pte & kind)))
            continue;
        pte_write(&span->slot[i], 0);
        first = first ? first : address;
        last = address + PAGE_SIZE;
        dropped += counts_as_resident(pte);
        if (pte & PTE_SW_STATIC)
            continue;
        if (UNLIKELY(gather->count == GATHER_PAGES_MAX - 1)) { /* the next one may flush */
            gather_address(gather, first, last);
            first = 0;
        }
        gather_page(gather, PADDR(pte & PTE_ADDR));
    }
    if (first)
        gather_address(gather, first, span->huge ? span->end : last);
    return dropped * leaf_pages(span);
}

static void zap(struct tlb_gather *gather, uint64_t start, uint64_t end, uint64_t kind)
{
    struct pt_span span;

    for (; pt_walk(gather->mm, start, end, &span); start = span.end) {
        ASSERT(!span.huge || span.end - span.start == HUGE_SIZE);
        long dropped = zap_span(gather, &span, kind);
        atomic_fetch_sub_explicit(&gather->mm->rss_pages, dropped, memory_order_relaxed);
    }
}

void pt_zap(struct tlb_gather *gather, uint64_t start, uint64_t end)
{
    zap(gather, start, end, 0);
}

void pt_zap_static(struct tlb_gather *gather, uint64_t start, uint64_t end)
{
    zap(gather, start, end, PTE_SW_STATIC);
}

void pt_protect(struct tlb_gather *gather, uint64_t start, uint64_t end, uint32_t vm_flags)
{
    struct pt_span span;

    for (; pt_walk(gather->mm, start, end, &span); start = span.end) {
        size_t count = entries(&span);

        ASSERT(!span.huge || span.end - span.start == HUGE_SIZE);
        for (size_t i = 0; i < count; i++) {
            uint64_t pte = span.slot[i];

            if (!pte)
                continue;
            uint64_t changed =
                pte_make(PADDR(pte & PTE_ADDR), vm_flags, pte & (PTE_SOFTWARE | PTE_PS));
            if (changed == pte)
                continue;
            pte_write(&span.slot[i], changed);
            gather_leaf(gather, &span, i);
        }
    }
}

/* Leaves of one span into the child's table. */
static long copy_span(uint64_t *to, struct tlb_gather *from, const struct pt_span *span, bool cow)
{
    size_t count = entries(span);
    long copied = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t pte = span->slot[i];

        if (!pte)
            continue;
        if (cow && !(pte & PTE_SW_COW)) {
            /* D goes too: with W it says that the page was written through this leaf. */
            pte = (pte & ~(PTE_W | PTE_D)) | PTE_SW_COW;
            pte_write(&span->slot[i], pte);
            gather_leaf(from, span, i);
        }
        if (!(pte & PTE_SW_STATIC))
            page_get(PADDR(pte & PTE_ADDR));
        pte_write(&to[i], pte);
        copied += counts_as_resident(pte) ? leaf_pages(span) : 0;
    }
    return copied;
}

/* Is there any leaf?  A table of which an area uses no entry needs no copy. */
static bool span_empty(const struct pt_span *span)
{
    size_t count = entries(span);

    for (size_t i = 0; i < count; i++) {
        if (span->slot[i])
            return false;
    }
    return true;
}

int pt_copy(struct mm *to, struct tlb_gather *from, uint64_t start, uint64_t end, bool cow)
{
    struct pt_span span;

    for (; pt_walk(from->mm, start, end, &span); start = span.end) {
        if (span_empty(&span))
            continue;
        if (span.huge) {
            /* A block has one owner: what is shared is single pages. */
            if (!pt_create(from->mm, span.start))
                return -ENOMEM;
            span.end = span.start;
            continue;
        }
        uint64_t *slot = pt_create(to, span.start);
        if (!slot)
            return -ENOMEM;
        long copied = copy_span(slot, from, &span, cow);
        atomic_fetch_add_explicit(&to->rss_pages, copied, memory_order_relaxed);
    }
    return 0;
}

/* All tables that the move needs, so that the move itself cannot fail. */
static int prepare_move(struct mm *mm, uint64_t old_start, uint64_t new_start, uint64_t length)
{
    struct pt_span span;
    uint64_t end = old_start + length;

    for (uint64_t at = old_start; pt_walk(mm, at, end, &span);) {
        if (span.huge) {
            if (!pt_create(mm, span.start))
                return -ENOMEM;
            continue; /* now it is 512 small ones */
        }
        uint64_t target = span.start - old_start + new_start;
        if (!span_empty(&span) && (!pt_create(mm, target) ||
                                   !pt_create(mm, target + (span.end - span.start) - PAGE_SIZE)))
            return -ENOMEM;
        at = span.end;
    }
    return 0;
}

int pt_move(struct tlb_gather *gather, uint64_t old_start, uint64_t new_start, uint64_t length)
{
    struct mm *mm = gather->mm;
    struct pt_span span;
    uint64_t at = old_start, end = old_start + length;

    if (prepare_move(mm, old_start, new_start, length) != 0)
        return -ENOMEM;
    for (; pt_walk(mm, at, end, &span); at = span.end) {
        for (size_t i = 0; i < entries(&span); i++) {
            uint64_t pte = span.slot[i], address = span.start + i * PAGE_SIZE;

            if (!pte)
                continue;
            uint64_t *to = pt_find(mm, address - old_start + new_start);
            ASSERT(to && !*to);
            pte_write(&span.slot[i], 0);
            pte_write(to, pte);
            gather_address(gather, address, address + PAGE_SIZE);
        }
    }
    return 0;
}
