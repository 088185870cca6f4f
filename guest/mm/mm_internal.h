/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the address-space code share.  mm->lock is held in every
 * function here.  Nobody outside mm/ includes this.
 */
#ifndef MM_MM_INTERNAL_H
#define MM_MM_INTERNAL_H

#include "lib/settings.h"
#include "mm/page_table.h"
#include "mm/vma.h"

#define VMA_COUNT_MAX setting_get(&setting_max_map_count)
#define STACK_GUARD_GAP (256 * PAGE_SIZE)
#define MMAP_MIN_ADDRESS 0x10000ul /* Linux's vm.mmap_min_addr */

static inline struct vma *vma_of(struct rb_node *node)
{
    return node ? RB_ENTRY(node, struct vma, node) : NULL;
}
static inline struct vma *vma_next(const struct vma *vma)
{
    return vma_of(rb_next(&vma->node));
}
static inline struct vma *vma_prev(const struct vma *vma)
{
    return vma_of(rb_prev(&vma->node));
}
/* Byte offset in the object of an address of the area. */
static inline uint64_t vma_offset(const struct vma *vma, uint64_t address)
{
    return vma->offset + (address - vma->start);
}
/* Where the area begins for those who look for room below it. */
static inline uint64_t vma_start_with_gap(const struct vma *vma)
{
    if (!(vma->flags & VM_GROWSDOWN))
        return vma->start;
    return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

/* An area not yet in the tree, with a reference to its object; NULL: out of memory. */
struct vma *vma_create(uint64_t start, uint64_t end, uint32_t flags,
                       const struct vm_object_ops *ops, void *object, uint64_t offset,
                       const char *name);
void vma_destroy(struct vma *vma); /* not in a tree; may sleep */
void vma_insert(struct mm *mm, struct vma *vma);
void vma_remove(struct mm *mm, struct vma *vma);
/* Cuts in two at address (inside); the area keeps the lower part.  0 or -ENOMEM. */
int vma_split(struct mm *mm, struct vma *vma, uint64_t address);
/* Joins with equal neighbours; the area that now covers vma's addresses. */
struct vma *vma_merge(struct mm *mm, struct vma *vma);
/* Changes bounds or flags and keeps the account of pages. */
void vma_resize(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end);
void vma_set_flags(struct mm *mm, struct vma *vma, uint32_t flags);

/* May the address space grow by that much?  0 or -ENOMEM. */
int mm_check_limits(const struct mm *mm, uint64_t pages, uint32_t flags);

/* Room for length bytes: address or -ENOMEM. */
int64_t gap_find(struct mm *mm, uint64_t length, uint64_t hint, bool below_4g);
void gap_freed(struct mm *mm, uint64_t end); /* a hole ends there now */

void mm_list_add(struct mm *mm); /* mm/mm_list.c */
void mm_list_remove(struct mm *mm);

void gate_enter(struct mm *mm); /* may sleep before it is inside */
void gate_leave(struct mm *mm);

int map_locked(struct mm *mm, const struct mmap_request *request, uint64_t *address);
int unmap_locked(struct mm *mm, uint64_t start, uint64_t end);

/* access: PF_WRITE, PF_FETCH or 0 (read).  Between mm_change_begin() and _end(). */
enum fault_result fault_locked(struct mm *mm, uint64_t address, uint64_t access);
/* Brings the pages of a range in, as far as areas allow.  0, -ENOMEM, -EFAULT. */
int populate_locked(struct mm *mm, uint64_t start, uint64_t end, bool write);

#endif
