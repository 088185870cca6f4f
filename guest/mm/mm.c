/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of an address space: creation, the copy for fork, the end; and
 * access to one that is not the caller's.
 */
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/mm_internal.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

uint64_t mm_random_pages(unsigned int bits)
{
    return (random_u64() & ((1ul << bits) - 1)) * PAGE_SIZE;
}

static struct mm *mm_alloc(void)
{
    struct mm *mm = kzalloc(sizeof(*mm));

    if (!mm)
        return NULL;
    if (!paging_new_root(&mm->root)) {
        kfree(mm);
        return NULL;
    }
    mutex_init(&mm->lock);
    ref_init(&mm->refs);
    mm_list_add(mm);
    return mm;
}

struct mm *mm_create(void)
{
    struct mm *mm = mm_alloc();

    if (!mm)
        return NULL;
    mm->mmap_base = USER_END - STACK_GUARD_GAP; /* exec moves it below its stack */
    mm->limit_as = mm->limit_data = mm->limit_stack = UINT64_MAX;
    return mm;
}

void mm_get(struct mm *mm)
{
    ref_get(&mm->refs);
}

static void remove_all(struct mm *mm)
{
    struct tlb_gather gather;
    struct rb_node *node;

    gather_begin(&gather, mm);
    gather.no_flush = atomic_load(&mm->cpu_mask) == 0;
    while ((node = rb_first(&mm->vmas)) != NULL) {
        struct vma *vma = vma_of(node), *next = vma_next(vma);

        pt_zap(&gather, vma->start, vma->end);
        /* What lay below is gone already. */
        pt_free_tables(&gather, vma->start, vma->end, 0, next ? next->start : USER_END);
        vma_remove(mm, vma);
        vma_destroy(vma);
    }
    gather_finish(&gather);
}

void mm_put(struct mm *mm)
{
    if (!ref_put(&mm->refs))
        return;
    mm_list_remove(mm);
    if (current_mm() == mm)
        mm_activate(NULL);
    tlb_drop_lazy(mm);
    mm_change_begin(mm);
    remove_all(mm);
    mm_change_end(mm);
    pt_free_root(mm);
    kfree(mm);
}

static void copy_layout(struct mm *to, const struct mm *from)
{
    to->brk_start = from->brk_start;
    to->brk = from->brk;
    to->mmap_base = from->mmap_base;
    to->stack_top = from->stack_top;
    to->arg_start = from->arg_start;
    to->arg_end = from->arg_end;
    to->env_start = from->env_start;
    to->env_end = from->env_end;
    to->load_bias = from->load_bias;
    to->code_start = from->code_start;
    to->code_end = from->code_end;
    to->data_start = from->data_start;
    to->data_end = from->data_end;
    atomic_store(&to->no_huge_pages, atomic_load(&from->no_huge_pages));
    to->limit_as = from->limit_as;
    to->limit_data = from->limit_data;
    to->limit_stack = from->limit_stack;
    memcpy(to->saved_auxv, from->saved_auxv, sizeof(to->saved_auxv));
    to->saved_auxv_words = from->saved_auxv_words;
}

/* Do the leaves hold anything that a fault in the child could not find again? */
static bool needs_copy(const struct vma *vma)
{
    if (vma->flags & VM_WIPEONFORK)
        return false;
    return !vma->ops || (vma->flags & VM_PRIVATE_PAGES);
}

static int copy_areas(struct mm *to, struct mm *from, struct tlb_gather *gather)
{
    for (struct vma *vma = vma_of(rb_first(&from->vmas)); vma; vma = vma_next(vma)) {
        /* Locks are not inherited: mlock(2). */
        struct vma *copy;

        if (vma->flags & VM_DONTFORK)
            continue;
        copy = vma_create(vma->start, vma->end, vma->flags & ~VM_LOCKED, vma->ops, vma->object,
                          vma->offset, vma->name);
        if (!copy)
            return -ENOMEM;
        vma_insert(to, copy);
        if (needs_copy(vma) &&
            pt_copy(to, gather, vma->start, vma->end, !(vma->flags & VM_SHARED)) != 0)
            return -ENOMEM;
    }
    return 0;
}

struct mm *mm_fork(struct mm *mm, int *error)
{
    struct tlb_gather gather;
    struct mm *copy = mm_alloc();

    *error = -ENOMEM;
    if (!copy)
        return NULL;
    gather_begin(&gather, mm);
    mm_change_begin(mm);
    mutex_lock(&copy->lock); /* objects may look through all address spaces */
    copy_layout(copy, mm);
    *error = copy_areas(copy, mm, &gather);
    /* Before the parent runs on: what it writes now, the child must not see. */
    gather_finish(&gather);
    mutex_unlock(&copy->lock);
    mm_change_end(mm);
    copy->rss_max_pages = (uint64_t)atomic_load_explicit(&copy->rss_pages, memory_order_relaxed);
    if (*error) {
        mm_put(copy);
        return NULL;
    }
    return copy;
}

static int pin_locked(struct mm *mm, uint64_t address, bool for_write, struct vm_page *page)
{
    switch (fault_locked(mm, address, for_write ? PF_WRITE : 0)) {
    case FAULT_OK:
        break;
    case FAULT_OOM:
        return -ENOMEM;
    default:
        return -EFAULT;
    }
    /* Also splits a 2 MiB leaf: what others refer to is single pages. */
    uint64_t *slot = pt_create(mm, address);
    if (!slot)
        return -ENOMEM;
    page->pa = PADDR(*slot & PTE_ADDR);
    page->is_static = *slot & PTE_SW_STATIC;
    if (!page->is_static)
        page_get(page->pa);
    return 0;
}

int mm_pin_page(struct mm *mm, uint64_t address, bool for_write, struct vm_page *page)
{
    mm_change_begin(mm);
    int error = pin_locked(mm, address, for_write, page);
    mm_change_end(mm);
    return error;
}

/* Page by page through the direct map; in: to the program. */
static ssize_t access_remote(struct mm *mm, uint64_t address, uint8_t *buf, size_t size, bool in)
{
    size_t done = 0;

    while (done < size) {
        uint64_t at = address + done, offset = at & ~PAGE_MASK;
        size_t part = MIN(size - done, PAGE_SIZE - offset);
        struct vm_page page;
        int error = at < address ? -EFAULT : mm_pin_page(mm, at, in, &page);

        if (error)
            return done ? (ssize_t)done : error;
        uint8_t *data = (uint8_t *)phys_to_virt(page.pa) + offset;
        memcpy(in ? data : buf + done, in ? buf + done : data, part);
        if (!page.is_static)
            page_put(page.pa);
        done += part;
    }
    return (ssize_t)done;
}

ssize_t mm_read_remote(struct mm *mm, uint64_t address, void *buf, size_t size)
{
    return access_remote(mm, address, buf, size, false);
}

ssize_t mm_write_remote(struct mm *mm, uint64_t address, const void *buf, size_t size)
{
    return access_remote(mm, address, (uint8_t *)(uintptr_t)buf, size, true);
}
