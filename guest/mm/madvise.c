/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise(2), and what else programs say or ask about ranges: locking and
 * residency.  Memory is never swapped, so much advice changes nothing.
 */
#include "mm/madvise.h"

#include "lib/errno.h"
#include "mm/mm_internal.h"
#include "mm/page_alloc.h"

/* Is advice for this area allowed?  0 or negative errno; the order is Linux's. */
static int check_area(const struct vma *vma, int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return vma->flags & VM_LOCKED ? -EINVAL : 0;
    case MADV_FREE:
        return vma->ops || (vma->flags & (VM_LOCKED | VM_SHARED)) ? -EINVAL : 0;
    case MADV_REMOVE:
        if ((vma->flags & VM_LOCKED) || !vma->ops)
            return -EINVAL;
        if ((vma->flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
            return -EACCES;
        return vma->ops->punch ? 0 : -EOPNOTSUPP;
    case MADV_WIPEONFORK:
        return vma->ops || (vma->flags & VM_SHARED) ? -EINVAL : 0;
    default:
        return 0;
    }
}

/* Flags of an area after the advice. */
static uint32_t advised_flags(uint32_t flags, int advice)
{
    switch (advice) {
    case MADV_DONTFORK:
        return flags | VM_DONTFORK;
    case MADV_DOFORK:
        return flags & ~VM_DONTFORK;
    case MADV_WIPEONFORK:
        return flags | VM_WIPEONFORK;
    case MADV_KEEPONFORK:
        return flags & ~VM_WIPEONFORK;
    case MADV_HUGEPAGE:
        return (flags | VM_HUGEPAGE) & ~VM_NOHUGEPAGE;
    case MADV_NOHUGEPAGE:
        return (flags | VM_NOHUGEPAGE) & ~VM_HUGEPAGE;
    case MADV_DONTDUMP:
        return flags | VM_DONTDUMP;
    case MADV_DODUMP:
        return flags & ~VM_DONTDUMP;
    default:
        return flags;
    }
}

/* Gives [start, end) of the area other flags, splitting off the rest. */
static int change_flags(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end,
                        uint32_t flags)
{
    int error = 0;

    if (flags == vma->flags)
        return 0;
    if (start > vma->start) {
        error = vma_split(mm, vma, start);
        vma = vma_find(mm, start);
    }
    if (!error && end < vma->end)
        error = vma_split(mm, vma, end);
    if (error)
        return error;
    vma_set_flags(mm, vma, flags);
    vma_merge(mm, vma);
    return 0;
}

static int drop_pages(struct mm *mm, uint64_t start, uint64_t end)
{
    struct tlb_gather gather;
    int error = pt_split_huge(mm, start);

    if (!error)
        error = pt_split_huge(mm, end);
    if (error)
        return error;
    gather_begin(&gather, mm);
    pt_zap(&gather, start, end);
    gather_finish(&gather);
    return 0;
}

/* One area, or its part: the object is asked without the lock, since it looks at all mappings. */
static int remove_from_area(struct mm *mm, uint64_t *at, uint64_t end, bool *hole)
{
    mm_change_begin(mm);
    struct vma *vma = vma_find(mm, *at);
    if (!vma || vma->start >= end) {
        mm_change_end(mm);
        return -ENOMEM;
    }
    *hole |= vma->start > *at;
    uint64_t start = MAX(*at, vma->start), stop = MIN(vma->end, end);
    int error = check_area(vma, MADV_REMOVE);
    if (!error)
        error = drop_pages(mm, start, stop);
    const struct vm_object_ops *ops = vma->ops;
    void *object = vma->object;
    uint64_t offset = vma_offset(vma, start);
    if (!error)
        ops->get(object);
    mm_change_end(mm);
    if (error)
        return error;
    error = ops->punch(object, offset, stop - start);
    ops->put(object);
    *at = stop;
    return error;
}

static int remove_range(struct mm *mm, uint64_t start, uint64_t end)
{
    bool hole = false;
    int error = 0;

    while (start < end && !error)
        error = remove_from_area(mm, &start, end, &hole);
    return error ? error : hole ? -ENOMEM : 0;
}

static int advise_area(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, int advice)
{
    int error = check_area(vma, advice);

    if (error)
        return error;
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_FREE: /* the system may take the pages at any time: it does so now */
        return drop_pages(mm, start, end);
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        if (advice == MADV_POPULATE_WRITE && !(vma->flags & VM_WRITE))
            return -EINVAL;
        if (!(vma->flags & (VM_READ | VM_WRITE | VM_EXEC)))
            return -EINVAL;
        return populate_locked(mm, start, end, advice == MADV_POPULATE_WRITE);
    default:
        return change_flags(mm, vma, start, end, advised_flags(vma->flags, advice));
    }
}

static bool advice_known(int advice)
{
    return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
           (advice >= MADV_FREE && advice <= MADV_COLLAPSE && advice != MADV_MERGEABLE &&
            advice != MADV_UNMERGEABLE);
}

static int advise_locked(struct mm *mm, uint64_t start, uint64_t end, int advice)
{
    int result = 0;

    for (uint64_t at = start; at < end;) {
        struct vma *vma = vma_find(mm, at);

        if (!vma || vma->start >= end)
            return -ENOMEM;
        if (vma->start > at) {
            result = -ENOMEM; /* a hole is told at the end, the rest is done */
            at = vma->start;
        }
        uint64_t stop = MIN(vma->end, end);
        int error = advise_area(mm, vma, at, stop, advice);
        if (error)
            return error;
        at = stop;
    }
    return result;
}

int mm_advise(struct mm *mm, uint64_t start, uint64_t length, int linux_advice)
{
    if (!advice_known(linux_advice) || (start & ~PAGE_MASK) || start > USER_END ||
        length > USER_END - start)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (linux_advice == MADV_REMOVE)
        return remove_range(mm, start, start + PAGE_ALIGN_UP(length));
    mm_change_begin(mm);
    int error = advise_locked(mm, start, start + PAGE_ALIGN_UP(length), linux_advice);
    mm_change_end(mm);
    return error;
}

/* Sets or clears VM_LOCKED in a range without holes. */
static int lock_range(struct mm *mm, uint64_t start, uint64_t end, bool locked)
{
    for (uint64_t at = start; at < end;) {
        struct vma *vma = vma_find(mm, at);

        if (!vma || vma->start > at)
            return -ENOMEM;
        uint64_t stop = MIN(vma->end, end);
        uint32_t flags = locked ? vma->flags | VM_LOCKED : vma->flags & ~VM_LOCKED;
        int error = change_flags(mm, vma, at, stop, flags);
        if (error)
            return error;
        at = stop;
    }
    return 0;
}

int mm_lock(struct mm *mm, uint64_t start, uint64_t length, bool on_fault, uint64_t limit_bytes)
{
    uint64_t first = PAGE_ALIGN_DOWN(start), size = PAGE_ALIGN_UP(length + (start - first));

    if (size < length || start > USER_END || first + size < first)
        return -EINVAL;
    if (size > USER_END - first)
        return -ENOMEM;
    mm_change_begin(mm);
    int error = 0;
    if (mm->locked_pages + size / PAGE_SIZE > limit_bytes / PAGE_SIZE)
        error = -ENOMEM;
    if (!error)
        error = lock_range(mm, first, first + size, true);
    if (!error && !on_fault)
        error = populate_locked(mm, first, first + size, true) ? -ENOMEM : 0;
    mm_change_end(mm);
    return error;
}

int mm_unlock(struct mm *mm, uint64_t start, uint64_t length)
{
    uint64_t first = PAGE_ALIGN_DOWN(start), size = PAGE_ALIGN_UP(length + (start - first));

    if (size < length || start > USER_END || first + size < first)
        return -EINVAL;
    if (size > USER_END - first)
        return -ENOMEM;
    mm_change_begin(mm);
    int error = lock_range(mm, first, first + size, false);
    mm_change_end(mm);
    return error;
}

int mm_lock_all(struct mm *mm, bool current, bool future, bool on_fault, uint64_t limit_bytes)
{
    int error = 0;

    mm_change_begin(mm);
    if (current && mm->total_pages > limit_bytes / PAGE_SIZE)
        error = -ENOMEM;
    if (!error)
        mm->default_flags = future ? VM_LOCKED : 0;
    for (struct vma *vma = vma_of(rb_first(&mm->vmas)); vma && !error && current;
         vma = vma_next(vma)) {
        vma_set_flags(mm, vma, vma->flags | VM_LOCKED);
        /* As on Linux, what cannot be brought in does not fail the call. */
        if (!on_fault)
            (void)populate_locked(mm, vma->start, vma->end, true);
    }
    mm_change_end(mm);
    return error;
}

void mm_unlock_all(struct mm *mm)
{
    mm_change_begin(mm);
    mm->default_flags = 0;
    for (struct vma *vma = vma_of(rb_first(&mm->vmas)); vma; vma = vma_next(vma))
        vma_set_flags(mm, vma, vma->flags & ~VM_LOCKED);
    mm_change_end(mm);
}

static bool is_resident(struct mm *mm, struct vma *vma, uint64_t address)
{
    struct pt_span span;
    paddr_t pa;

    if (pt_walk(mm, address, address + PAGE_SIZE, &span) && *span.slot)
        return true;
    if (!vma->ops)
        return false;
    uint64_t offset = vma_offset(vma, address);
    return (vma->ops->static_run && vma->ops->static_run(vma->object, offset, &pa) > 0) ||
           (vma->ops->resident && vma->ops->resident(vma->object, offset));
}

int mm_residency(struct mm *mm, uint64_t start, size_t pages, uint8_t *resident)
{
    int error = 0;

    mutex_lock(&mm->lock);
    for (size_t i = 0; i < pages && !error; i++) {
        uint64_t address = start + i * PAGE_SIZE;
        struct vma *vma = vma_find(mm, address);

        if (!vma || vma->start > address)
            error = -ENOMEM;
        else
            resident[i] = is_resident(mm, vma, address);
    }
    mutex_unlock(&mm->lock);
    return error;
}

int mm_check_mapped(struct mm *mm, uint64_t start, uint64_t end, uint32_t forbidden)
{
    int error = 0;

    mutex_lock(&mm->lock);
    for (uint64_t at = start; at < end && !error;) {
        struct vma *vma = vma_find(mm, at);

        if (!vma || vma->start > at)
            error = -ENOMEM;
        else if (vma->flags & forbidden)
            error = -EBUSY;
        else
            at = vma->end;
    }
    mutex_unlock(&mm->lock);
    return error;
}

int64_t mm_stack_start(struct mm *mm, uint64_t address)
{
    int64_t start = -ENOMEM;

    mutex_lock(&mm->lock);
    struct vma *vma = vma_find(mm, address);
    if (vma && vma->start <= address)
        start = vma->flags & VM_GROWSDOWN ? (int64_t)vma->start : -EINVAL;
    mutex_unlock(&mm->lock);
    return start;
}
