/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc/PID/smaps and pagemap say about the pages of an address space. */
#ifndef MM_PAGE_COUNT_H
#define MM_PAGE_COUNT_H

#include "mm/vma.h"

struct mm_page_counts { /* pages of 4 KiB; the four kinds add up to resident */
    uint64_t resident, referenced, huge;
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
};
/* mm->lock held; start and end are boundaries of an area. */
void mm_count_pages_locked(const struct mm *mm, uint64_t start, uint64_t end,
                           struct mm_page_counts *counts);
/* Entries as proc(5) describes them; frame numbers only with show_frames.  Takes mm->lock. */
void mm_pagemap(struct mm *mm, uint64_t start, size_t pages, bool show_frames, uint64_t *entries);

#endif
