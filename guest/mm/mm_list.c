/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All address spaces, for the rare case that an object takes pages back from
 * whoever maps them (truncation).  Objects keep no list of their mappings:
 * mapping is frequent and truncating what is mapped is not.
 */
#include "lib/refcount.h"
#include "mm/mm_internal.h"

static struct spinlock list_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct list all = LIST_INIT(all);

void mm_list_add(struct mm *mm)
{
    spin_lock(&list_lock);
    list_push_back(&all, &mm->all_link);
    spin_unlock(&list_lock);
}

void mm_list_remove(struct mm *mm)
{
    spin_lock(&list_lock);
    list_remove(&mm->all_link);
    spin_unlock(&list_lock);
}

/* The first one behind link that is not about to go, with a reference; NULL: none. */
static struct mm *next_mm(struct list *link)
{
    struct mm *found = NULL;

    spin_lock(&list_lock);
    for (link = link->next; link != &all && !found; link = link->next) {
        struct mm *mm = LIST_ENTRY(link, struct mm, all_link);

        if (ref_get_unless_zero(&mm->refs))
            found = mm;
    }
    spin_unlock(&list_lock);
    return found;
}

static void drop_in_vma(struct mm *mm, struct vma *vma, const struct vm_range *range)
{
    uint64_t length = vma->end - vma->start;
    uint64_t first = MAX(vma->offset, range->start);
    uint64_t last = MIN(vma->offset + length, range->end);
    struct tlb_gather gather;

    if (first >= last)
        return;
    uint64_t start = vma->start + (first - vma->offset), end = vma->start + (last - vma->offset);
    gather_begin(&gather, mm);
    if (range->static_only)
        pt_zap_static(&gather, start, end);
    else
        pt_zap(&gather, start, end);
    gather_finish(&gather);
}

void mm_drop_object_pages(const struct vm_range *range)
{
    struct mm *mm = next_mm(&all), *next;

    for (; mm; mm = next) {
        mm_change_begin(mm);
        for (struct vma *vma = vma_of(rb_first(&mm->vmas)); vma; vma = vma_next(vma)) {
            if (vma->ops == range->ops && range->match(vma->object, range->arg))
                drop_in_vma(mm, vma, range);
        }
        mm_change_end(mm);
        next = next_mm(&mm->all_link);
        mm_put(mm);
    }
}
