/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mapping, unmapping, protecting and the heap's end: mmap(2), munmap(2),
 * mprotect(2), brk(2) as operations on areas.  Linux's numbers stay outside.
 */
#include "lib/errno.h"
#include "lib/panic.h"
#include "mm/mm_internal.h"

/* Pages of areas in [start, end). */
static uint64_t pages_mapped(struct mm *mm, uint64_t start, uint64_t end)
{
    uint64_t pages = 0;

    for (struct vma *vma = vma_find(mm, start); vma && vma->start < end; vma = vma_next(vma))
        pages += (MIN(vma->end, end) - MAX(vma->start, start)) / PAGE_SIZE;
    return pages;
}

/* Makes start and end boundaries of areas. */
static int split_at(struct mm *mm, uint64_t start, uint64_t end)
{
    struct vma *vma = vma_find(mm, start);
    int error = 0;

    if (vma && vma->start < start)
        error = vma_split(mm, vma, start);
    if (error)
        return error;
    vma = vma_find(mm, end - 1);
    if (vma && vma->start < end && vma->end > end)
        error = vma_split(mm, vma, end);
    return error;
}

int unmap_locked(struct mm *mm, uint64_t start, uint64_t end)
{
    struct tlb_gather gather;
    struct vma *vma = vma_find(mm, start), *next, *prev;

    if (!vma || vma->start >= end)
        return 0;
    if (split_at(mm, start, end) != 0)
        return -ENOMEM;

    gather_begin(&gather, mm);
    vma = vma_find(mm, start);
    prev = vma_prev(vma);
    uint64_t floor = prev ? prev->end : 0, first = vma->start, last = first;
    for (; vma && vma->start < end; vma = next) {
        next = vma_next(vma);
        last = vma->end;
        pt_zap(&gather, vma->start, vma->end);
        vma_remove(mm, vma);
        vma_destroy(vma);
    }
    uint64_t ceiling = vma ? vma->start : USER_END;
    pt_free_tables(&gather, first, last, floor, ceiling);
    gather_finish(&gather);
    gap_freed(mm, last);
    return 0;
}

/* Sorts out where: 0 with *address, or negative errno. */
static int choose_address(struct mm *mm, const struct mmap_request *request, uint64_t length,
                          uint64_t *address)
{
    uint64_t start = request->address;

    if (!request->fixed && !request->no_replace) {
        int64_t found = gap_find(mm, length, start, request->below_4g);
        if (found < 0)
            return (int)found;
        *address = (uint64_t)found;
        return 0;
    }
    if (start & ~PAGE_MASK)
        return -EINVAL;
    if (start > USER_END || length > USER_END - start)
        return -ENOMEM;
    if (start < MMAP_MIN_ADDRESS)
        return -EPERM;
    if (request->no_replace && pages_mapped(mm, start, start + length) > 0)
        return -EEXIST;
    *address = start;
    return 0;
}

/* Grows the area that ends at start if it is of the same kind: no new one is needed. */
static bool extend_below(struct mm *mm, const struct mmap_request *request, uint32_t flags,
                         uint64_t start, uint64_t end)
{
    struct vma *prev = request->ops || start == 0 ? NULL : vma_find(mm, start - 1);

    if (!prev || prev->end != start || prev->ops || prev->name != request->name ||
        prev->flags != flags)
        return false;
    vma_resize(mm, prev, prev->start, end);
    vma_merge(mm, prev);
    return true;
}

int map_locked(struct mm *mm, const struct mmap_request *request, uint64_t *address)
{
    uint64_t length = PAGE_ALIGN_UP(request->length), start = 0;
    uint32_t flags = request->vm_flags | mm->default_flags;

    if (request->length == 0)
        return -EINVAL;
    if (length == 0 || length > USER_END)
        return -ENOMEM;
    int error = choose_address(mm, request, length, &start);
    if (error)
        return error;
    uint64_t end = start + length, replaced = pages_mapped(mm, start, end);
    error = mm_check_limits(mm, length / PAGE_SIZE - replaced, flags);
    if (error)
        return error;
    if (mm->vma_count >= VMA_COUNT_MAX)
        return -ENOMEM;
    if (replaced > 0 && unmap_locked(mm, start, end) != 0)
        return -ENOMEM;
    *address = start;
    if (!extend_below(mm, request, flags, start, end)) {
        struct vma *vma = vma_create(start, end, flags, request->ops, request->object,
                                     request->offset, request->name);
        if (!vma)
            return -ENOMEM;
        vma_insert(mm, vma);
        vma_merge(mm, vma);
    }
    /* As on Linux, a failure to bring pages in does not undo the mapping. */
    if (request->populate || (flags & VM_LOCKED))
        (void)populate_locked(mm, start, end, flags & VM_WRITE);
    return 0;
}

int64_t mm_map(struct mm *mm, const struct mmap_request *request)
{
    uint64_t address;

    mm_change_begin(mm);
    int error = map_locked(mm, request, &address);
    mm_change_end(mm);
    return error ? error : (int64_t)address;
}

int mm_unmap(struct mm *mm, uint64_t start, uint64_t length)
{
    if ((start & ~PAGE_MASK) || length == 0 || start > USER_END || length > USER_END - start)
        return -EINVAL;
    mm_change_begin(mm);
    int error = unmap_locked(mm, start, start + PAGE_ALIGN_UP(length));
    mm_change_end(mm);
    return error;
}

/* One area, whole; the caller has split it. */
static void protect_area(struct mm *mm, struct vma *vma, uint32_t flags, struct tlb_gather *gather)
{
    vma_set_flags(mm, vma, flags);
    pt_protect(gather, vma->start, vma->end, flags);
}

static int protect_locked(struct mm *mm, uint64_t start, uint64_t end, uint32_t vm_rwx)
{
    struct tlb_gather gather;
    int error = 0;

    gather_begin(&gather, mm);
    for (uint64_t at = start; at < end && !error;) {
        struct vma *vma = vma_find(mm, at);

        if (!vma || vma->start > at) {
            error = -ENOMEM; /* a hole: what came before it stays changed, as on Linux */
            break;
        }
        uint64_t stop = MIN(vma->end, end);
        uint32_t flags = (vma->flags & ~(VM_READ | VM_WRITE | VM_EXEC)) | vm_rwx;
        if (flags == vma->flags) {
            at = stop;
            continue;
        }
        if ((flags & (VM_SHARED | VM_WRITE | VM_MAYWRITE)) == (VM_SHARED | VM_WRITE)) {
            error = -EACCES;
            break;
        }
        if ((vm_rwx & VM_WRITE) && !(vma->flags & (VM_WRITE | VM_SHARED)))
            error = mm_check_limits(mm, 0, flags);
        if (!error && at > vma->start) {
            error = vma_split(mm, vma, at);
            vma = vma_find(mm, at);
        }
        if (!error && vma->end > stop)
            error = vma_split(mm, vma, stop);
        if (error)
            break;
        protect_area(mm, vma, flags, &gather);
        vma_merge(mm, vma);
        at = stop;
    }
    gather_finish(&gather);
    return error;
}

int mm_protect(struct mm *mm, uint64_t start, uint64_t length, uint32_t vm_rwx)
{
    if (start & ~PAGE_MASK)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (start > USER_END || length > USER_END - start)
        return -ENOMEM;
    mm_change_begin(mm);
    int error = protect_locked(mm, start, start + PAGE_ALIGN_UP(length), vm_rwx);
    mm_change_end(mm);
    return error;
}

static int grow_heap(struct mm *mm, uint64_t old_end, uint64_t new_end)
{
    struct mmap_request request = {.address = old_end,
                                   .length = new_end - old_end,
                                   .vm_flags = VM_READ | VM_WRITE,
                                   .no_replace = true,
                                   .name = "[heap]"};
    struct vma *above = vma_find(mm, old_end);
    uint64_t address;

    /* One page stays free above the heap, more below a stack. */
    if (above && new_end + PAGE_SIZE > vma_start_with_gap(above))
        return -ENOMEM;
    return map_locked(mm, &request, &address);
}

uint64_t mm_set_brk(struct mm *mm, uint64_t new_brk)
{
    mm_change_begin(mm);
    uint64_t old_end = PAGE_ALIGN_UP(mm->brk), new_end = PAGE_ALIGN_UP(new_brk);
    bool fits = new_brk >= mm->brk_start && new_brk < USER_END &&
                new_brk - mm->brk_start + (mm->data_end - mm->data_start) <= mm->limit_data;
    int error = fits ? 0 : -ENOMEM;

    if (!error && new_end < old_end)
        error = unmap_locked(mm, new_end, old_end);
    else if (!error && new_end > old_end)
        error = grow_heap(mm, old_end, new_end);
    if (!error)
        mm->brk = new_brk;
    uint64_t result = mm->brk;
    mm_change_end(mm);
    return result;
}
