/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set of areas of an address space: tree, split, merge, account, and the
 * search for free room.  Knows nothing of page tables except that a cut needs a
 * leaf boundary.
 */
#include "mm/vma.h"

#include "lib/errno.h"
#include "lib/panic.h"
#include "mm/mm_internal.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

struct vma *vma_find(struct mm *mm, uint64_t address)
{
    struct rb_node *node = mm->vmas.root;
    struct vma *best = NULL;

    while (node) {
        struct vma *vma = vma_of(node);

        if (address < vma->end) {
            best = vma;
            if (address >= vma->start)
                break;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

struct vma *vma_create(uint64_t start, uint64_t end, uint32_t flags,
                       const struct vm_object_ops *ops, void *object, uint64_t offset,
                       const char *name)
{
    struct vma *vma = kmalloc(sizeof(*vma));

    if (!vma)
        return NULL;
    *vma = (struct vma){.start = start,
                        .end = end,
                        .flags = flags,
                        .ops = ops,
                        .object = object,
                        .offset = offset,
                        .name = name};
    if (ops)
        ops->get(object);
    return vma;
}

void vma_destroy(struct vma *vma)
{
    if (vma->ops)
        vma->ops->put(vma->object);
    kfree(vma);
}

static bool counts_as_data(uint32_t flags)
{
    return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

static void account(struct mm *mm, uint32_t flags, uint64_t pages)
{
    mm->total_pages += pages;
    if (flags & VM_LOCKED)
        mm->locked_pages += pages;
    if (counts_as_data(flags))
        mm->data_pages += pages;
}

static uint64_t vma_pages(const struct vma *vma)
{
    return (vma->end - vma->start) / PAGE_SIZE;
}

void vma_insert(struct mm *mm, struct vma *vma)
{
    struct rb_node **link = &mm->vmas.root, *parent = NULL;

    while (*link) {
        parent = *link;
        link = vma->start < vma_of(parent)->start ? &parent->left : &parent->right;
    }
    rb_insert(&mm->vmas, &vma->node, parent, link);
    mm->vma_count++;
    account(mm, vma->flags, vma_pages(vma));
}

void vma_remove(struct mm *mm, struct vma *vma)
{
    rb_erase(&mm->vmas, &vma->node);
    mm->vma_count--;
    account(mm, vma->flags, -vma_pages(vma));
}

void vma_resize(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end)
{
    account(mm, vma->flags, -vma_pages(vma));
    vma->offset += start - vma->start;
    vma->start = start;
    vma->end = end;
    account(mm, vma->flags, vma_pages(vma));
}

void vma_set_flags(struct mm *mm, struct vma *vma, uint32_t flags)
{
    account(mm, vma->flags, -vma_pages(vma));
    vma->flags = flags;
    account(mm, vma->flags, vma_pages(vma));
}

int vma_split(struct mm *mm, struct vma *vma, uint64_t address)
{
    ASSERT(address > vma->start && address < vma->end);
    if (mm->vma_count >= VMA_COUNT_MAX || pt_split_huge(mm, address) != 0)
        return -ENOMEM;
    struct vma *upper = vma_create(address, vma->end, vma->flags, vma->ops, vma->object,
                                   vma_offset(vma, address), vma->name);
    if (!upper)
        return -ENOMEM;
    vma_resize(mm, vma, vma->start, address);
    vma_insert(mm, upper);
    return 0;
}

static bool mergeable(const struct vma *low, const struct vma *high)
{
    return low->end == high->start && !((low->flags ^ high->flags) & ~VM_PRIVATE_PAGES) &&
           low->ops == high->ops && low->object == high->object && low->name == high->name &&
           (!low->ops || vma_offset(low, low->end) == high->offset);
}

static void absorb_next(struct mm *mm, struct vma *vma, struct vma *next)
{
    uint64_t end = next->end;

    vma->flags |= next->flags & VM_PRIVATE_PAGES;
    vma_remove(mm, next);
    vma_destroy(next);
    vma_resize(mm, vma, vma->start, end);
}

struct vma *vma_merge(struct mm *mm, struct vma *vma)
{
    struct vma *next = vma_next(vma), *prev = vma_prev(vma);

    if (next && mergeable(vma, next))
        absorb_next(mm, vma, next);
    if (!prev || !mergeable(prev, vma))
        return vma;
    absorb_next(mm, prev, vma);
    return prev;
}

int mm_check_limits(const struct mm *mm, uint64_t pages, uint32_t flags)
{
    if (mm->total_pages + pages > mm->limit_as / PAGE_SIZE)
        return -ENOMEM;
    if (!counts_as_data(flags))
        return 0;
    if (mm->data_pages + pages > mm->limit_data / PAGE_SIZE)
        return -ENOMEM;
    if (flags & VM_NORESERVE)
        return 0;
    /* Linux's heuristic overcommit: refuse only what could never fit. */
    return pages > page_total() ? -ENOMEM : 0;
}

/* The last area that begins below address. */
static struct vma *last_below(struct mm *mm, uint64_t address)
{
    struct rb_node *node = mm->vmas.root;
    struct vma *best = NULL;

    while (node) {
        struct vma *vma = vma_of(node);

        if (vma->start < address) {
            best = vma;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return best;
}

/*
 * Highest room for length bytes in [low, high); 0: none.  *skipped becomes the
 * largest hole that was too small.
 */
static uint64_t gap_top_down(struct mm *mm, uint64_t low, uint64_t high, uint64_t length,
                             uint64_t *skipped)
{
    struct vma *vma = last_below(mm, high), *above = vma ? vma_next(vma) : vma_find(mm, low);
    uint64_t top = high;

    if (above)
        top = MIN(top, vma_start_with_gap(above));
    for (;;) {
        uint64_t bottom = vma ? MAX(vma->end, low) : low;

        if (top > bottom && top - bottom >= length)
            return top - length;
        if (top > bottom)
            *skipped = MAX(*skipped, top - bottom);
        if (!vma || vma->start <= low)
            return 0;
        top = MIN(top, vma_start_with_gap(vma));
        vma = vma_prev(vma);
    }
}

static bool range_free(struct mm *mm, uint64_t start, uint64_t length)
{
    if (start > USER_END || length > USER_END - start)
        return false;
    struct vma *vma = vma_find(mm, start);
    return !vma || start + length <= vma_start_with_gap(vma);
}

int64_t gap_find(struct mm *mm, uint64_t length, uint64_t hint, bool below_4g)
{
    uint64_t ignored = 0, address;

    hint = PAGE_ALIGN_UP(hint);
    if (hint >= MMAP_MIN_ADDRESS && range_free(mm, hint, length))
        return (int64_t)hint;
    if (below_4g) {
        /* Linux's window for MAP_32BIT. */
        address = gap_top_down(mm, 0x40000000, 0x80000000, length, &ignored);
        return address ? (int64_t)address : -ENOMEM;
    }
    if (length <= mm->gap_skipped || mm->gap_top > mm->mmap_base || !mm->gap_top) {
        mm->gap_top = mm->mmap_base;
        mm->gap_skipped = 0;
    }
    address = gap_top_down(mm, MMAP_MIN_ADDRESS, mm->gap_top, length, &mm->gap_skipped);
    if (address) {
        mm->gap_top = address + length;
        return (int64_t)address;
    }
    mm->gap_top = mm->mmap_base;
    mm->gap_skipped = 0;
    address = gap_top_down(mm, MMAP_MIN_ADDRESS, mm->mmap_base, length, &ignored);
    if (!address)
        address = gap_top_down(mm, mm->mmap_base, USER_END, length, &ignored);
    return address ? (int64_t)address : -ENOMEM;
}

void gap_freed(struct mm *mm, uint64_t end)
{
    struct vma *above = vma_find(mm, end);
    uint64_t top = above ? above->start : mm->mmap_base;

    /* Joined with what was free above, the hole may be larger than any skipped one. */
    if (top > mm->gap_top)
        mm->gap_top = MIN(top, mm->mmap_base);
}
