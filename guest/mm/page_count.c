/* SPDX-License-Identifier: BSD-2-Clause */
/* Which pages of an address space are there, for /proc/PID/smaps and pagemap. */
#include "mm/page_count.h"

#include "mm/mm_internal.h"
#include "mm/page_alloc.h"

static void count_leaf(uint64_t leaf, uint64_t pages, struct mm_page_counts *counts)
{
    paddr_t pa = PADDR(leaf & PTE_ADDR);
    bool is_static = leaf & PTE_SW_STATIC;

    if (is_static && pa.raw == paging_zero_page().raw)
        return; /* nobody's: not counted on Linux either */
    counts->resident += pages;
    counts->referenced += leaf & PTE_A ? pages : 0;
    bool shared = is_static || page_ref(pa) > 1, dirty = leaf & PTE_D;
    uint64_t *kind = shared  ? dirty ? &counts->shared_dirty : &counts->shared_clean
                     : dirty ? &counts->private_dirty
                             : &counts->private_clean;
    *kind += pages;
    counts->huge += leaf & PTE_PS ? pages : 0;
}

void mm_count_pages_locked(const struct mm *mm, uint64_t start, uint64_t end,
                           struct mm_page_counts *counts)
{
    struct pt_span span;

    *counts = (struct mm_page_counts){0};
    for (; start < end && pt_walk(mm, start, end, &span); start = span.end) {
        if (span.huge) {
            count_leaf(*span.slot, (span.end - span.start) / PAGE_SIZE, counts);
            continue;
        }
        for (uint64_t at = span.start, *slot = span.slot; at < span.end; at += PAGE_SIZE, slot++)
            if (*slot)
                count_leaf(*slot, 1, counts);
    }
}

/* proc(5), /proc/PID/pagemap */
#define PAGEMAP_PRESENT (1ul << 63)
#define PAGEMAP_FILE (1ul << 61) /* or shared memory */
#define PAGEMAP_EXCLUSIVE (1ul << 56)

void mm_pagemap(struct mm *mm, uint64_t start, size_t pages, bool show_frames, uint64_t *entries)
{
    mutex_lock(&mm->lock);
    for (size_t i = 0; i < pages; i++) {
        uint64_t address = start + i * PAGE_SIZE;
        const struct vma *vma = vma_find(mm, address);
        struct pt_span span;

        entries[i] = 0;
        if (!vma || vma->start > address || !pt_walk(mm, address, address + PAGE_SIZE, &span) ||
            !*span.slot)
            continue;
        uint64_t leaf = *span.slot, pa = leaf & PTE_ADDR;
        if (span.huge)
            pa += address & ~HUGE_MASK & PAGE_MASK;
        entries[i] = PAGEMAP_PRESENT | (show_frames ? pa / PAGE_SIZE : 0);
        if (vma->ops)
            entries[i] |= PAGEMAP_FILE;
        if (!(leaf & PTE_SW_STATIC) && page_ref(PADDR(leaf & PTE_ADDR)) == 1)
            entries[i] |= PAGEMAP_EXCLUSIVE;
    }
    mutex_unlock(&mm->lock);
}
