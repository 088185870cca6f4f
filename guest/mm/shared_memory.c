/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory behind MAP_SHARED | MAP_ANONYMOUS: zero pages made on first use, kept
 * in a radix tree by page number.  Its lock is a mutex taken inside mm->lock.
 */
#include "lib/errno.h"
#include "lib/mutex.h"
#include "lib/refcount.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vma.h"

#define RADIX_BITS 9u /* a node is one page of pointers */
#define RADIX_SLOTS (1u << RADIX_BITS)

struct shared_memory {
    struct refcount refs;
    struct mutex lock; /* of the tree */
    uint64_t pages;
    unsigned int levels; /* of nodes above the pages */
    void *root; /* node, or the page itself with levels == 0; NULL: empty */
};

/* The slot that holds page number index; NULL: not there, or out of memory. */
static void **find_slot(struct shared_memory *memory, uint64_t index, bool create)
{
    void **slot = &memory->root;

    for (unsigned int level = memory->levels; level > 0; level--) {
        if (!*slot && create)
            *slot = page_alloc_virt(PAGE_ZERO);
        if (!*slot)
            return NULL;
        slot = (void **)*slot + ((index >> ((level - 1) * RADIX_BITS)) & (RADIX_SLOTS - 1));
    }
    return slot;
}

static int get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    struct shared_memory *memory = object;
    int error = 0;

    (void)for_write;
    if (offset / PAGE_SIZE >= memory->pages)
        return -EFAULT;
    mutex_lock(&memory->lock);
    void **slot = find_slot(memory, offset / PAGE_SIZE, true);
    if (slot && !*slot)
        *slot = page_alloc_virt(PAGE_ZERO);
    if (slot && *slot) {
        *page = (struct vm_page){virt_to_phys(*slot), false};
        page_get(page->pa);
    } else {
        error = -ENOMEM;
    }
    mutex_unlock(&memory->lock);
    return error;
}

static bool resident(void *object, uint64_t offset)
{
    struct shared_memory *memory = object;

    if (offset / PAGE_SIZE >= memory->pages)
        return false;
    mutex_lock(&memory->lock);
    void **slot = find_slot(memory, offset / PAGE_SIZE, false);
    bool there = slot && *slot;
    mutex_unlock(&memory->lock);
    return there;
}

static int punch(void *object, uint64_t offset, uint64_t length)
{
    struct shared_memory *memory = object;
    uint64_t end = MIN((offset + length) / PAGE_SIZE, memory->pages);

    mutex_lock(&memory->lock);
    for (uint64_t index = offset / PAGE_SIZE; index < end; index++) {
        void **slot = find_slot(memory, index, false);

        if (slot && *slot) {
            page_free_virt(*slot);
            *slot = NULL;
        }
    }
    mutex_unlock(&memory->lock);
    return 0;
}

/* Depth is bounded by levels, at most 4. */
static void free_tree(void *node, unsigned int level)
{
    if (!node)
        return;
    for (unsigned int i = 0; level > 0 && i < RADIX_SLOTS; i++)
        free_tree(((void **)node)[i], level - 1);
    page_free_virt(node);
}

static void get(void *object)
{
    struct shared_memory *memory = object;

    ref_get(&memory->refs);
}

static void put(void *object)
{
    struct shared_memory *memory = object;

    if (!ref_put(&memory->refs))
        return;
    free_tree(memory->root, memory->levels);
    kfree(memory);
}

static void describe(void *object, char *buf, size_t size, uint64_t *device, uint64_t *inode)
{
    struct shared_memory *memory = object;

    strlcpy(buf, "/dev/zero (deleted)", size);
    *device = 1;
    *inode = (uint64_t)(uintptr_t)memory >> 4 & 0xffffffff;
}

static const struct vm_object_ops shared_memory_ops = {.get_page = get_page,
                                                       .get = get,
                                                       .put = put,
                                                       .describe = describe,
                                                       .resident = resident,
                                                       .punch = punch};

int shared_memory_create(uint64_t length, struct mmap_request *request)
{
    struct shared_memory *memory = kzalloc(sizeof(*memory));

    if (!memory)
        return -ENOMEM;
    ref_init(&memory->refs);
    mutex_init(&memory->lock);
    memory->pages = PAGE_ALIGN_UP(length) / PAGE_SIZE;
    while (memory->pages > 1ul << (memory->levels * RADIX_BITS))
        memory->levels++;
    request->ops = &shared_memory_ops;
    request->object = memory;
    request->offset = 0;
    return 0;
}
