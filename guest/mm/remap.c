/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap(2): shrinking, growing in place, moving.  Entries move, pages are never
 * copied.
 */
#include "lib/errno.h"
#include "mm/mm_internal.h"

struct remap {
    struct mm *mm;
    uint64_t old_start, old_length, new_length, new_start;
    bool may_move, fixed, dont_unmap;
};

static bool ranges_overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length)
{
    return a < b + b_length && b < a + a_length;
}

static int check_arguments(const struct remap *remap)
{
    if ((remap->old_start & ~PAGE_MASK) || remap->new_length == 0 || remap->new_length > USER_END ||
        remap->old_start > USER_END || remap->old_length > USER_END - remap->old_start)
        return -EINVAL;
    if ((remap->fixed || remap->dont_unmap) && !remap->may_move)
        return -EINVAL;
    if (remap->dont_unmap && remap->old_length != remap->new_length)
        return -EINVAL;
    if (!remap->fixed)
        return 0;
    if ((remap->new_start & ~PAGE_MASK) || remap->new_start > USER_END ||
        remap->new_length > USER_END - remap->new_start)
        return -EINVAL;
    if (remap->new_start < MMAP_MIN_ADDRESS)
        return -EPERM;
    if (ranges_overlap(remap->old_start, remap->old_length, remap->new_start, remap->new_length))
        return -EINVAL;
    return 0;
}

/* The one area that holds the whole old range, or NULL with *error. */
static struct vma *old_area(const struct remap *remap, int *error)
{
    struct vma *vma = vma_find(remap->mm, remap->old_start);

    *error = -EFAULT;
    if (!vma || vma->start > remap->old_start || remap->old_length > vma->end - remap->old_start)
        return NULL;
    *error = -EINVAL;
    /* Length 0 makes a second mapping of what is shared. */
    if (remap->old_length == 0 && !(vma->flags & VM_SHARED))
        return NULL;
    if (remap->dont_unmap && (vma->flags & (VM_VDSO | VM_LOCKED)))
        return NULL;
    *error = 0;
    return vma;
}

static bool grow_in_place(const struct remap *remap, struct vma *vma)
{
    uint64_t new_end = remap->old_start + remap->new_length;
    struct vma *next = vma_next(vma);

    if (remap->old_start + remap->old_length != vma->end || new_end > USER_END ||
        (next && new_end > vma_start_with_gap(next)))
        return false;
    if (mm_check_limits(remap->mm, (new_end - vma->end) / PAGE_SIZE, vma->flags) != 0)
        return false;
    uint64_t old_end = vma->end;
    vma_resize(remap->mm, vma, vma->start, new_end);
    vma = vma_merge(remap->mm, vma);
    if (vma->flags & VM_LOCKED)
        (void)populate_locked(remap->mm, old_end, new_end, vma->flags & VM_WRITE);
    return true;
}

/* The old addresses after their pages have gone: unmapped, or empty. */
static int leave_old(const struct remap *remap, uint64_t moved)
{
    if (remap->dont_unmap || remap->old_length == 0)
        return 0;
    return unmap_locked(remap->mm, remap->old_start, remap->old_start + moved);
}

static int64_t move(const struct remap *remap, struct vma *vma)
{
    struct mm *mm = remap->mm;
    uint64_t moved = MIN(remap->old_length, remap->new_length);
    uint64_t offset = vma_offset(vma, remap->old_start), target = remap->new_start;
    struct tlb_gather gather;

    if (mm->vma_count + 3 > VMA_COUNT_MAX)
        return -ENOMEM;
    int error = mm_check_limits(mm, remap->new_length / PAGE_SIZE, vma->flags);
    if (!error)
        error = pt_split_huge(mm, remap->old_start);
    if (!error)
        error = pt_split_huge(mm, remap->old_start + moved);
    if (!error && !remap->fixed) {
        int64_t found = gap_find(mm, remap->new_length, 0, false);
        error = found < 0 ? (int)found : 0;
        target = (uint64_t)found;
    }
    if (error)
        return error;
    struct vma *copy = vma_create(target, target + remap->new_length, vma->flags, vma->ops,
                                  vma->object, offset, vma->name);
    if (!copy)
        return -ENOMEM;
    vma_insert(mm, copy);
    gather_begin(&gather, mm);
    error = moved ? pt_move(&gather, remap->old_start, target, moved) : 0;
    gather_finish(&gather);
    if (!error)
        error = leave_old(remap, moved);
    if (error) {
        /* Back: the tables of the old place still stand, so this cannot fail. */
        gather_begin(&gather, mm);
        (void)pt_move(&gather, target, remap->old_start, moved);
        gather_finish(&gather);
        (void)unmap_locked(mm, target, target + remap->new_length);
        return error;
    }
    copy = vma_merge(mm, copy);
    if (copy->flags & VM_LOCKED)
        (void)populate_locked(mm, target, target + remap->new_length, copy->flags & VM_WRITE);
    return (int64_t)target;
}

static int64_t remap_locked(struct remap *remap)
{
    uint64_t old_end = remap->old_start + remap->old_length;
    int error = check_arguments(remap);

    if (error)
        return error;
    if (remap->fixed)
        error = unmap_locked(remap->mm, remap->new_start, remap->new_start + remap->new_length);
    if (!error && remap->old_length > remap->new_length) {
        /* Shrinking frees the tail wherever the rest goes. */
        error = unmap_locked(remap->mm, remap->old_start + remap->new_length, old_end);
        remap->old_length = remap->new_length;
        if (!error && !remap->fixed)
            return (int64_t)remap->old_start;
    }
    struct vma *vma = error ? NULL : old_area(remap, &error);
    if (!vma)
        return error;
    if (!remap->fixed && !remap->dont_unmap) {
        if (remap->old_length == remap->new_length)
            return (int64_t)remap->old_start;
        if (remap->old_length > 0 && grow_in_place(remap, vma))
            return (int64_t)remap->old_start;
    }
    return remap->may_move ? move(remap, vma) : -ENOMEM;
}

int64_t mm_remap(struct mm *mm, uint64_t old_start, uint64_t old_length, uint64_t new_length,
                 bool may_move, bool fixed, bool dont_unmap, uint64_t new_start)
{
    struct remap remap = {.mm = mm,
                          .old_start = old_start,
                          .old_length = PAGE_ALIGN_UP(old_length),
                          .new_length = PAGE_ALIGN_UP(new_length),
                          .new_start = new_start,
                          .may_move = may_move,
                          .fixed = fixed,
                          .dont_unmap = dont_unmap};

    mm_change_begin(mm);
    int64_t result = remap_locked(&remap);
    mm_change_end(mm);
    return result;
}

int mm_remap_offset(struct mm *mm, uint64_t start, uint64_t length, uint64_t offset,
                    bool no_populate)
{
    struct mmap_request request = {.address = start,
                                   .length = length,
                                   .fixed = true,
                                   .populate = !no_populate,
                                   .offset = offset};
    uint64_t address;
    int error = -EINVAL;

    if (length == 0 || start > USER_END || length > USER_END - start ||
        offset > UINT64_MAX - length)
        return -EINVAL;
    mm_change_begin(mm);
    struct vma *vma = vma_find(mm, start);
    if (vma && vma->start <= start && vma->end - start >= length && vma->ops &&
        (vma->flags & VM_SHARED)) {
        const struct vm_object_ops *ops = request.ops = vma->ops;
        void *object = request.object = vma->object;

        request.vm_flags = vma->flags;
        request.name = vma->name;
        ops->get(object); /* the old area may be its last user */
        error = map_locked(mm, &request, &address);
        ops->put(object);
    }
    mm_change_end(mm);
    return error;
}
