/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding and making entries of the user half, and giving memory back behind a
 * TLB flush.  Knows nothing of areas; mm/page_table_ops.c works on ranges.
 */
#include "mm/page_table.h"

#include "lib/errno.h"
#include "lib/panic.h"
#include "mm/page_alloc.h"

#define SHIFT_PD 21
#define SHIFT_PDPT 30
#define SHIFT_PML4 39
#define TABLE_BITS (PTE_P | PTE_W | PTE_U | PTE_A)

static uint64_t *table_of(uint64_t entry)
{
    return phys_to_virt(PADDR(entry & PTE_ADDR));
}

static unsigned int index_of(uint64_t address, unsigned int shift)
{
    return (address >> shift) & 511;
}

/* The table below an entry, made if missing; NULL: out of memory, or a 2 MiB leaf. */
static uint64_t *descend(uint64_t *entry)
{
    uint64_t there = pte_read(entry);
    paddr_t pa;

    if (!there) {
        if (!page_alloc(0, PAGE_ZERO, &pa))
            return NULL;
        if (pte_swap(entry, 0, pa.raw | TABLE_BITS))
            return phys_to_virt(pa);
        page_put(pa); /* another fault was faster */
        there = pte_read(entry);
    }
    return there & PTE_PS ? NULL : table_of(there);
}

uint64_t *pt_create_huge(struct mm *mm, uint64_t address)
{
    uint64_t *table = phys_to_virt(mm->root);

    table = descend(table + index_of(address, SHIFT_PML4));
    if (table)
        table = descend(table + index_of(address, SHIFT_PDPT));
    return table ? table + index_of(address, SHIFT_PD) : NULL;
}

/* One 2 MiB leaf, which owns its block alone, becomes 512 small ones. */
static bool split_leaf(struct mm *mm, uint64_t *entry, uint64_t address)
{
    uint64_t leaf = *entry;
    paddr_t pa;

    if (!page_alloc(0, 0, &pa))
        return false;
    uint64_t *table = phys_to_virt(pa);
    for (unsigned int i = 0; i < 512; i++)
        table[i] = (leaf & ~PTE_PS) + i * PAGE_SIZE;
    page_split(PADDR(leaf & PTE_ADDR));
    pte_write(entry, pa.raw | TABLE_BITS);
    tlb_flush_range(mm, address & HUGE_MASK, (address & HUGE_MASK) + HUGE_SIZE);
    return true;
}

uint64_t *pt_create_below(uint64_t *entry, uint64_t address)
{
    uint64_t *table = descend(entry);

    return table ? table + index_of(address, PAGE_SHIFT) : NULL;
}

uint64_t *pt_create(struct mm *mm, uint64_t address)
{
    uint64_t *entry = pt_create_huge(mm, address);

    if (!entry || ((*entry & PTE_PS) && !split_leaf(mm, entry, address)))
        return NULL;
    return pt_create_below(entry, address);
}

bool pt_walk(const struct mm *mm, uint64_t start, uint64_t end, struct pt_span *span)
{
    uint64_t address = start, next;

    for (; address < end; address = next) {
        uint64_t *entry = (uint64_t *)phys_to_virt(mm->root) + index_of(address, SHIFT_PML4);

        next = (address | ((1ul << SHIFT_PML4) - 1)) + 1;
        if (!(*entry & PTE_P))
            continue;
        entry = table_of(*entry) + index_of(address, SHIFT_PDPT);
        next = (address | ((1ul << SHIFT_PDPT) - 1)) + 1;
        if (!(*entry & PTE_P))
            continue;
        entry = table_of(*entry) + index_of(address, SHIFT_PD);
        next = (address | (HUGE_SIZE - 1)) + 1;
        if (!*entry)
            continue;
        span->start = address;
        span->end = MIN(next, end);
        span->huge = *entry & PTE_PS;
        span->slot = span->huge ? entry : table_of(*entry) + index_of(address, PAGE_SHIFT);
        return true;
    }
    return false;
}

uint64_t *pt_find(const struct mm *mm, uint64_t address)
{
    struct pt_span span;

    if (!pt_walk(mm, address, address + PAGE_SIZE, &span) || span.huge)
        return NULL;
    return span.slot;
}

int pt_split_huge(struct mm *mm, uint64_t address)
{
    struct pt_span span;

    if (!(address & ~HUGE_MASK) || address >= USER_END)
        return 0;
    if (!pt_walk(mm, address, address + PAGE_SIZE, &span) || !span.huge)
        return 0;
    return split_leaf(mm, span.slot, address) ? 0 : -ENOMEM;
}

uint64_t pte_make(paddr_t pa, uint32_t vm_flags, uint64_t extra)
{
    /* Accessed and dirty are set at once: the CPU need not come back to set them. */
    uint64_t pte = pa.raw | extra | PTE_U | PTE_A;

    if (vm_flags & (VM_READ | VM_WRITE | VM_EXEC))
        pte |= PTE_P;
    if ((vm_flags & VM_WRITE) && !(extra & PTE_SW_COW))
        pte |= PTE_W | PTE_D;
    if (!(vm_flags & VM_EXEC))
        pte |= PTE_NX;
    return pte;
}

void gather_begin(struct tlb_gather *gather, struct mm *mm)
{
    gather->mm = mm;
    gather->start = UINT64_MAX;
    gather->end = 0;
    gather->no_flush = false;
    gather->count = gather->batch_count = 0;
    gather->batch = NULL;
}

void gather_address(struct tlb_gather *gather, uint64_t start, uint64_t end)
{
    gather->start = MIN(gather->start, start);
    gather->end = MAX(gather->end, end);
}

void gather_finish(struct tlb_gather *gather)
{
    if (gather->start < gather->end && !gather->no_flush)
        tlb_flush_range(gather->mm, gather->start, gather->end);
    for (unsigned int i = 0; i < gather->count; i++)
        page_put(gather->pages[i]);
    while (gather->batch) {
        struct gather_batch *batch = gather->batch;

        for (unsigned int i = 0; i < gather->in_batch; i++)
            page_put(batch->pages[i]);
        gather->in_batch = ARRAY_SIZE(batch->pages); /* the older ones are full */
        gather->batch = batch->next;
        page_free_virt(batch);
    }
    gather->start = UINT64_MAX;
    gather->end = 0;
    gather->count = gather->batch_count = 0;
}

/* Is there room in a batch?  Not for one CPU: its own flush costs less than a page. */
static bool batch_has_room(struct tlb_gather *gather)
{
    struct gather_batch *batch;

    if (gather->batch && gather->in_batch < ARRAY_SIZE(batch->pages))
        return true;
    if (gather->no_flush || gather->batch_count == GATHER_BATCHES_MAX || !tlb_is_shared(gather->mm))
        return false;
    batch = page_alloc_virt(0);
    if (!batch)
        return false;
    batch->next = gather->batch;
    gather->batch = batch;
    gather->batch_count++;
    gather->in_batch = 0;
    return true;
}

void gather_page(struct tlb_gather *gather, paddr_t pa)
{
    if (gather->count < GATHER_PAGES_MAX) {
        gather->pages[gather->count++] = pa;
        return;
    }
    if (batch_has_room(gather)) {
        gather->batch->pages[gather->in_batch++] = pa;
        return;
    }
    gather_finish(gather);
    gather->pages[gather->count++] = pa;
}

/* Drops the table below entry after the flush that its address range gets. */
static void free_table(struct tlb_gather *gather, uint64_t *entry, uint64_t address)
{
    paddr_t pa = PADDR(*entry & PTE_ADDR);

    pte_write(entry, 0);
    gather_page(gather, pa);
    /* Any address below the entry will do: INVLPG drops the paging-structure caches. */
    gather_address(gather, address, address + PAGE_SIZE);
}

/* Does [address, address + size) lie in [floor, ceiling)?  Blocks at the top do not wrap. */
static bool block_inside(uint64_t address, uint64_t size, uint64_t floor, uint64_t ceiling)
{
    return address >= floor && (address + size <= ceiling || ceiling >= USER_END);
}

/* Level-1 and level-2 tables below one PDPT entry. */
static void free_below_pdpt(struct tlb_gather *gather, uint64_t *pdpt_entry, uint64_t start,
                            uint64_t end, uint64_t floor, uint64_t ceiling)
{
    uint64_t *pd = table_of(*pdpt_entry);
    uint64_t gib = start & ~((1ul << SHIFT_PDPT) - 1), next;

    for (uint64_t address = start; address < end; address = next) {
        uint64_t *entry = pd + index_of(address, SHIFT_PD);

        next = (address | (HUGE_SIZE - 1)) + 1;
        if ((*entry & PTE_P) && !(*entry & PTE_PS) &&
            block_inside(address & HUGE_MASK, HUGE_SIZE, floor, ceiling))
            free_table(gather, entry, address);
    }
    if (block_inside(gib, 1ul << SHIFT_PDPT, floor, ceiling))
        free_table(gather, pdpt_entry, gib);
}

void pt_free_tables(struct tlb_gather *gather, uint64_t start, uint64_t end, uint64_t floor,
                    uint64_t ceiling)
{
    uint64_t *root = phys_to_virt(gather->mm->root), next;

    for (uint64_t address = start; address < end; address = next) {
        uint64_t *pml4_entry = root + index_of(address, SHIFT_PML4);
        uint64_t block = address & ~((1ul << SHIFT_PML4) - 1), stop, gib_end;

        next = block + (1ul << SHIFT_PML4);
        stop = MIN(next, end);
        if (!(*pml4_entry & PTE_P))
            continue;
        for (; address < stop; address = gib_end) {
            uint64_t *entry = table_of(*pml4_entry) + index_of(address, SHIFT_PDPT);

            gib_end = (address | ((1ul << SHIFT_PDPT) - 1)) + 1;
            if (*entry & PTE_P)
                free_below_pdpt(gather, entry, address, MIN(gib_end, stop), floor, ceiling);
        }
        if (block_inside(block, 1ul << SHIFT_PML4, floor, ceiling))
            free_table(gather, pml4_entry, block);
    }
}

void pt_free_root(struct mm *mm)
{
    page_put(mm->root);
    mm->root = PADDR(0);
}
