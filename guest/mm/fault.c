/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults: what belongs at an address, and how the program may reach it.
 * Demand-zero, pages of objects, copy-on-write, stack growth.  Knows nothing of
 * signals: proc/ turns the result into one.
 */
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/mm_internal.h"
#include "mm/page_alloc.h"

static void count_resident(struct mm *mm, long pages)
{
    long now = atomic_fetch_add_explicit(&mm->rss_pages, pages, memory_order_relaxed) + pages;
    if (now > (long)__atomic_load_n(&mm->rss_max_pages, __ATOMIC_RELAXED))
        __atomic_store_n(&mm->rss_max_pages, (uint64_t)now, __ATOMIC_RELAXED);
}

static bool is_zero_page(paddr_t pa)
{
    return pa.raw == paging_zero_page().raw;
}

/* Puts a leaf where there was none; false: another fault was faster. */
static bool install(struct mm *mm, uint64_t *slot, uint64_t pte)
{
    if (!pte_swap(slot, 0, pte))
        return false;
    if (!is_zero_page(PADDR(pte & PTE_ADDR))) /* it is nobody's memory */
        count_resident(mm, 1);
    return true;
}

/* The same for a page of which the leaf gets the only reference. */
static bool install_own(struct mm *mm, uint64_t *slot, paddr_t pa, uint32_t vm_flags)
{
    if (install(mm, slot, pte_make(pa, vm_flags, 0)))
        return true;
    page_put(pa);
    return false;
}

static void has_private_pages(struct vma *vma)
{
    if (vma->ops && !(vma->flags & VM_PRIVATE_PAGES))
        __atomic_fetch_or(&vma->flags, VM_PRIVATE_PAGES, __ATOMIC_RELAXED);
}

/*
 * Memory that a program fills from below comes in larger pieces: so many entries
 * before a page must be in use that what is given too early stays a small part.
 */
#define AHEAD_EVIDENCE 32u
#define AHEAD_PAGES 8u
#define HUGE_EVIDENCE 4u /* full blocks of 2 MiB */

static void map_ahead(struct mm *mm, struct vma *vma, uint64_t address, uint64_t *slot)
{
    uint64_t index = (address / PAGE_SIZE) & 511;
    uint64_t room = MIN(511 - index, (vma->end - address) / PAGE_SIZE - 1);
    paddr_t pa;

    if (index < AHEAD_EVIDENCE)
        return;
    for (unsigned int i = 1; i <= AHEAD_EVIDENCE; i++) {
        if (!slot[-(long)i])
            return;
    }
    uint64_t bits = pte_make(PADDR(0), vma->flags, 0), i = 1;
    for (; i <= MIN(room, AHEAD_PAGES) && !pte_read(&slot[i]) && page_alloc(0, PAGE_ZERO, &pa); i++)
        if (!pte_swap(&slot[i], 0, bits | pa.raw)) {
            page_put(pa);
            break;
        }
    count_resident(mm, (long)i - 1);
}

/* Are the blocks before this one in use, as far as three looks can tell? */
static bool filled_before(struct mm *mm, const struct vma *vma, uint64_t block)
{
    struct pt_span span;

    if (block < HUGE_EVIDENCE * HUGE_SIZE || vma->start > block - HUGE_EVIDENCE * HUGE_SIZE)
        return false;
    for (unsigned int i = 1; i <= HUGE_EVIDENCE; i++) {
        uint64_t before = block - i * HUGE_SIZE;

        if (!pt_walk(mm, before, before + HUGE_SIZE, &span) || span.start != before)
            return false;
        if (!span.huge && (!span.slot[0] || !span.slot[255] || !span.slot[511]))
            return false;
    }
    return true;
}

/* A 2 MiB page where the program asked for it or fills memory anyway. */
static bool map_huge(struct mm *mm, struct vma *vma, uint64_t address, uint64_t *entry)
{
    uint64_t block = address & HUGE_MASK;
    struct page_stats stats;
    paddr_t pa;

    if (vma->start > block || vma->end - block < HUGE_SIZE || (vma->flags & VM_NOHUGEPAGE) ||
        atomic_load_explicit(&mm->no_huge_pages, memory_order_relaxed))
        return false;
    if (!(vma->flags & VM_HUGEPAGE) && !filled_before(mm, vma, block))
        return false;
    /* When memory gets short, only what is touched is given. */
    page_get_stats(&stats);
    if (stats.free < stats.total / 4 || !page_alloc(PAGE_ORDER_MAX, PAGE_ZERO, &pa))
        return false;
    if (!pte_swap(entry, 0, pte_make(pa, vma->flags, PTE_PS))) {
        page_put(pa);
        return false;
    }
    count_resident(mm, HUGE_SIZE / PAGE_SIZE);
    return true;
}

static enum fault_result fault_anonymous(struct mm *mm, struct vma *vma, uint64_t address,
                                         uint64_t *slot, bool write)
{
    paddr_t pa;

    if (!write) {
        pte_swap(slot, 0, pte_make(paging_zero_page(), vma->flags, PTE_SW_STATIC | PTE_SW_COW));
        return FAULT_OK;
    }
    if (!page_alloc(0, PAGE_ZERO, &pa))
        return FAULT_OOM;
    if (install_own(mm, slot, pa, vma->flags))
        map_ahead(mm, vma, address, slot);
    return FAULT_OK;
}

/*
 * Maps the static neighbours of address that have no leaf yet, read-only where
 * private: the program will want them, and each saves it a fault.
 */
static void map_around(struct mm *mm, struct vma *vma, uint64_t address, uint64_t *slot)
{
    uint64_t window = VM_RUN_PAGES * PAGE_SIZE;
    uint64_t start = MAX(address & ~(window - 1), vma->start);
    uint64_t end = MIN((address & ~(window - 1)) + window, vma->end);
    uint64_t extra = PTE_SW_STATIC | (vma->flags & VM_SHARED ? 0 : PTE_SW_COW);
    long mapped = 0;

    slot -= (address - start) / PAGE_SIZE; /* a window never crosses a table */
    for (uint64_t at = start; at < end;) {
        paddr_t pa;
        uint64_t pages = vma->ops->static_run(vma->object, vma_offset(vma, at), &pa);
        uint64_t stop = at + MIN(pages, (end - at) / PAGE_SIZE) * PAGE_SIZE;

        for (; at < stop; at += PAGE_SIZE, slot++, pa.raw += PAGE_SIZE) {
            if (!pte_read(slot) && pte_swap(slot, 0, pte_make(pa, vma->flags, extra)))
                mapped += !is_zero_page(pa);
        }
        if (pages == 0) { /* this one is not static, the next may be */
            at += PAGE_SIZE;
            slot++;
        }
    }
    if (mapped)
        count_resident(mm, mapped);
}

static enum fault_result object_error(int error)
{
    return error == -ENOMEM ? FAULT_OOM : FAULT_SIGBUS;
}

/* A private page with the contents of another. */
static bool copy_page(paddr_t from, paddr_t *to)
{
    if (!page_alloc(0, 0, to))
        return false;
    memcpy(phys_to_virt(*to), phys_to_virt(from), PAGE_SIZE);
    return true;
}

/* The page that get_page() gave, or a copy of it, behind an entry that is empty. */
static enum fault_result map_object_page(struct mm *mm, struct vma *vma, uint64_t *slot,
                                         const struct vm_page *page, bool write)
{
    bool shared = vma->flags & VM_SHARED;
    paddr_t copy;

    if (!shared && write) {
        bool copied = copy_page(page->pa, &copy);

        if (!page->is_static)
            page_put(page->pa);
        if (!copied)
            return FAULT_OOM;
        has_private_pages(vma);
        install_own(mm, slot, copy, vma->flags);
        return FAULT_OK;
    }
    uint64_t extra = (page->is_static ? PTE_SW_STATIC : 0) | (shared ? 0 : PTE_SW_COW);
    if (!install(mm, slot, pte_make(page->pa, vma->flags, extra)) && !page->is_static)
        page_put(page->pa);
    return FAULT_OK;
}

static enum fault_result fault_object(struct mm *mm, struct vma *vma, uint64_t address,
                                      uint64_t *slot, bool write, bool alone)
{
    struct vm_page page = {.is_static = true};
    uint64_t offset = vma_offset(vma, address);
    bool shared = vma->flags & VM_SHARED;
    /* A shared page that may be written must be the object's own from the start. */
    bool for_write = shared && (vma->flags & VM_MAYWRITE);

    if (!for_write && vma->ops->static_run) {
        if (!write)
            map_around(mm, vma, address, slot);
        if (pte_read(slot))
            return FAULT_OK;
        if (write && vma->ops->static_run(vma->object, offset, &page.pa))
            return map_object_page(mm, vma, slot, &page, true);
    }
    if (!alone)
        return FAULT_BUSY; /* get_page() may sleep */
    int error = vma->ops->get_page(vma->object, offset, for_write, &page);
    return error ? object_error(error) : map_object_page(mm, vma, slot, &page, write);
}

/* A write to a leaf that is there and that this mm may not write yet. */
static enum fault_result fault_copy(struct mm *mm, struct vma *vma, uint64_t address,
                                    uint64_t *slot, uint64_t old)
{
    paddr_t old_pa = PADDR(old & PTE_ADDR), pa;
    bool is_zero = is_zero_page(old_pa);

    if (!(old & PTE_SW_COW)) {
        pte_swap(slot, old, pte_make(old_pa, vma->flags, old & PTE_SW_STATIC));
        return FAULT_OK;
    }
    has_private_pages(vma);
    if (!(old & PTE_SW_STATIC) && page_ref(old_pa) == 1) {
        /* The other owners are gone: a page of ours alone is not copied. */
        pte_swap(slot, old, pte_make(old_pa, vma->flags, 0));
        return FAULT_OK;
    }
    if (!(is_zero ? page_alloc(0, PAGE_ZERO, &pa) : copy_page(old_pa, &pa)))
        return FAULT_OOM;
    if (!pte_swap(slot, old, pte_make(pa, vma->flags, 0))) {
        page_put(pa);
        return FAULT_OK;
    }
    /* Other CPUs read the old page until the flush; only then may it go. */
    tlb_flush_range(mm, address, address + PAGE_SIZE);
    if (!(old & PTE_SW_STATIC))
        page_put(old_pa);
    if (is_zero)
        count_resident(mm, 1);
    return FAULT_OK;
}

/* No table holds the entry of address: makes one (*slot), or maps 2 MiB at once (NULL). */
static enum fault_result make_slot(struct mm *mm, struct vma *vma, uint64_t address, bool write,
                                   bool alone, uint64_t **slot)
{
    uint64_t *entry = pt_create_huge(mm, address);

    *slot = NULL;
    if (!entry)
        return FAULT_OOM;
    uint64_t huge = pte_read(entry);
    if (huge & PTE_PS) {
        /* A leaf that allows the access: the CPU's copy was stale. */
        if (!write || (huge & PTE_W))
            return FAULT_OK;
        if (!alone)
            return FAULT_BUSY;
        *slot = pt_create(mm, address);
        return *slot ? FAULT_OK : FAULT_OOM;
    }
    if (!huge && write && !vma->ops && map_huge(mm, vma, address, entry))
        return FAULT_OK;
    *slot = pt_create_below(entry, address);
    return *slot || (pte_read(entry) & PTE_PS) ? FAULT_OK : FAULT_OOM;
}

/* alone: between mm_change_begin() and _end(); else behind the gate, with others. */
static enum fault_result fault_in_vma(struct mm *mm, struct vma *vma, uint64_t address, bool write,
                                      bool alone)
{
    uint64_t *slot = pt_find(mm, address);

    if (!slot) {
        enum fault_result result = make_slot(mm, vma, address, write, alone, &slot);
        if (!slot)
            return result;
    }
    uint64_t pte = pte_read(slot);
    if (!pte)
        return vma->ops ? fault_object(mm, vma, address, slot, write, alone)
                        : fault_anonymous(mm, vma, address, slot, write);
    if (write && !(pte & PTE_W))
        return fault_copy(mm, vma, address, slot, pte);
    return FAULT_OK; /* another thread was faster, or a stale TLB entry */
}

/* The stack's area grows down to address if limits and neighbours allow. */
static bool grow_stack(struct mm *mm, struct vma *vma, uint64_t address)
{
    uint64_t start = PAGE_ALIGN_DOWN(address);
    struct vma *prev = vma_prev(vma);

    if (start < MMAP_MIN_ADDRESS || vma->end - start > mm->limit_stack)
        return false;
    /* Nothing reachable may lie within the guard gap, or a large frame jumps into it. */
    if (prev && (prev->end > start ||
                 (!(prev->flags & VM_GROWSDOWN) && (prev->flags & (VM_READ | VM_WRITE | VM_EXEC)) &&
                  start - prev->end < STACK_GUARD_GAP)))
        return false;
    if (mm_check_limits(mm, (vma->start - start) / PAGE_SIZE, vma->flags) != 0)
        return false;
    vma_resize(mm, vma, start, vma->end);
    return true;
}

static bool access_allowed(uint32_t vm_flags, uint64_t access)
{
    if (access & PF_WRITE)
        return vm_flags & VM_WRITE;
    if (access & PF_FETCH)
        return vm_flags & VM_EXEC;
    return vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
}

static enum fault_result fault_in_areas(struct mm *mm, uint64_t address, uint64_t access,
                                        bool alone)
{
    if (address >= USER_END)
        return FAULT_SEGV_MAPERR;
    struct vma *vma = vma_find(mm, address);
    if (!vma)
        return FAULT_SEGV_MAPERR;
    if (address < vma->start) {
        if (!(vma->flags & VM_GROWSDOWN))
            return FAULT_SEGV_MAPERR;
        if (!alone)
            return FAULT_BUSY;
        if (!grow_stack(mm, vma, address))
            return FAULT_SEGV_MAPERR;
    }
    if (!access_allowed(vma->flags, access))
        return FAULT_SEGV_ACCERR;
    return fault_in_vma(mm, vma, PAGE_ALIGN_DOWN(address), access & PF_WRITE, alone);
}

enum fault_result fault_locked(struct mm *mm, uint64_t address, uint64_t access)
{
    return fault_in_areas(mm, address, access, true);
}

__attribute__((hot)) enum fault_result mm_fault(struct mm *mm, uint64_t address, uint64_t pf_error,
                                                uint64_t user_rsp)
{
    (void)user_rsp; /* like Linux since 4.20: any access in the gap below grows the stack */
    if (pf_error & PF_RESERVED)
        panic("page table of a program is corrupt at %#lx, error %#lx", address, pf_error);
    uint64_t access = pf_error & (PF_WRITE | PF_FETCH);
    gate_enter(mm);
    enum fault_result result = fault_in_areas(mm, address, access, false);
    gate_leave(mm);
    if (result != FAULT_BUSY)
        return result;
    mm_change_begin(mm);
    result = fault_locked(mm, address, access);
    mm_change_end(mm);
    return result;
}

int populate_locked(struct mm *mm, uint64_t start, uint64_t end, bool write)
{
    for (uint64_t at = start; at < end;) {
        struct vma *vma = vma_find(mm, at);

        if (!vma || vma->start >= end)
            return 0;
        at = MAX(at, vma->start);
        bool write_here = write && (vma->flags & VM_WRITE);
        uint64_t stop = MIN(vma->end, end);
        if (!access_allowed(vma->flags, write_here ? PF_WRITE : 0)) {
            at = stop;
            continue;
        }
        for (; at < stop; at += PAGE_SIZE) {
            enum fault_result result = fault_in_vma(mm, vma, at, write_here, true);
            if (result != FAULT_OK)
                return result == FAULT_OOM ? -ENOMEM : -EFAULT;
        }
    }
    return 0;
}
