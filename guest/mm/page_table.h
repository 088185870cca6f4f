/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user half of a page-table tree: Intel SDM 3A, chapter 4.5.  An entry is 0
 * (nothing) or a leaf; a leaf without PTE_P belongs to a PROT_NONE area and
 * keeps its page.  Every leaf that is not PTE_SW_STATIC owns one page reference.
 *
 * All functions are called between mm_change_begin() and _end(), or for an mm that
 * nobody else knows; pt_find() and pt_create_huge(), _below() also by faults behind the gate
 * (vma.h). Changes that take rights away go through a struct tlb_gather: pages and tables are given
 * back only after the flush.
 */
#ifndef MM_PAGE_TABLE_H
#define MM_PAGE_TABLE_H

#include "mm/paging.h"
#include "mm/vma.h"

#define HUGE_SIZE (1ul << 21)
#define HUGE_MASK (~(HUGE_SIZE - 1))

/*
 * Pages wait for one flush of all CPUs, however many they are, up to 16 MiB: where
 * several CPUs must flush, further pages of memory hold what is waiting.
 */
#define GATHER_PAGES_MAX 64u
#define GATHER_BATCHES_MAX 8u
struct gather_batch {
    struct gather_batch *next;
    paddr_t pages[511];
};
struct tlb_gather {
    struct mm *mm;
    uint64_t start, end; /* addresses to flush; start >= end: none */
    bool no_flush; /* no CPU can have translations of this mm */
    unsigned int count;
    unsigned int batch_count, in_batch; /* batches; entries used of the newest */
    struct gather_batch *batch; /* the newest */
    paddr_t pages[GATHER_PAGES_MAX]; /* references to drop after the flush */
};
void gather_begin(struct tlb_gather *gather, struct mm *mm);
void gather_address(struct tlb_gather *gather, uint64_t start, uint64_t end);
void gather_page(struct tlb_gather *gather, paddr_t pa);
void gather_finish(struct tlb_gather *gather);

/* Neighbouring entries of one table. */
struct pt_span {
    uint64_t *slot; /* of the address start */
    uint64_t start, end; /* addresses; end - start <= 2 MiB */
    bool huge; /* slot is one 2 MiB leaf; [start, end) may be part of it */
};
/* The first existing table in [start, end): false when there is none. */
bool pt_walk(const struct mm *mm, uint64_t start, uint64_t end, struct pt_span *span);
/* The 4 KiB entry of address; NULL: no table, or a 2 MiB leaf. */
uint64_t *pt_find(const struct mm *mm, uint64_t address);
/* The same, making tables (splitting a 2 MiB leaf: not behind the gate); NULL: out of memory. */
uint64_t *pt_create(struct mm *mm, uint64_t address);
/* The level-2 entry of address, making tables above; NULL: out of memory. */
uint64_t *pt_create_huge(struct mm *mm, uint64_t address);
/* The 4 KiB entry below a level-2 entry; NULL: out of memory, or a 2 MiB leaf is there. */
uint64_t *pt_create_below(uint64_t *entry, uint64_t address);
/* Makes address a boundary between leaves.  0 or -ENOMEM. */
int pt_split_huge(struct mm *mm, uint64_t address);

/* A leaf for a page of an area with these VM_* flags; extra: PTE_SW_*, PTE_PS. */
uint64_t pte_make(paddr_t pa, uint32_t vm_flags, uint64_t extra);
static inline void pte_write(uint64_t *slot, uint64_t value)
{
    *(volatile uint64_t *)slot = value;
}

/* Where others may be faster: *slot becomes value if it still is old. */
static inline bool pte_swap(uint64_t *slot, uint64_t old, uint64_t value)
{
    return __atomic_compare_exchange_n(slot, &old, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}
static inline uint64_t pte_read(const uint64_t *slot)
{
    return *(const volatile uint64_t *)slot;
}

/* Removes all leaves; areas were split so that no 2 MiB leaf sticks out. */
void pt_zap(struct tlb_gather *gather, uint64_t start, uint64_t end);
/* The same for leaves of static pages only. */
void pt_zap_static(struct tlb_gather *gather, uint64_t start, uint64_t end);
/* Gives all leaves the rights of vm_flags. */
void pt_protect(struct tlb_gather *gather, uint64_t start, uint64_t end, uint32_t vm_flags);
/* Frees tables of [start, end) that lie wholly in [floor, ceiling), where nothing is mapped. */
void pt_free_tables(struct tlb_gather *gather, uint64_t start, uint64_t end, uint64_t floor,
                    uint64_t ceiling);
/* Shares the leaves with another mm; cow: both lose the right to write.  0 or -ENOMEM. */
int pt_copy(struct mm *to, struct tlb_gather *from, uint64_t start, uint64_t end, bool cow);
/* Moves leaves to another address.  0 or -ENOMEM with nothing moved. */
int pt_move(struct tlb_gather *gather, uint64_t old_start, uint64_t new_start, uint64_t length);
/* Frees the root; all leaves and tables below are gone. */
void pt_free_root(struct mm *mm);

#endif
