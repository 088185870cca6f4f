/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small objects in pages that several sizes share, so that a boot touches few
 * pages.  Owns the layout of such a page; pages come from mm/page_alloc.h.
 *
 *     | header, one unit | run of class A | run of class B | ... | uncarved |
 *
 * A page is cut into units of 128 bytes; the header says for each unit which
 * class its run belongs to, which is how kfree() finds the size.  Runs start
 * small and double, so a busy class soon fills whole pages of its own.  Large
 * requests are whole pages: their pointers are page-aligned, which no object
 * behind a header is.
 */
#include "mm/slab.h"

#include "lib/panic.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"

#define UNIT 128u
#define UNITS (PAGE_SIZE / UNIT)

/* Each size divides a unit or fills whole numbers of units with whole objects. */
static const struct slab_class {
    uint16_t size; /* bytes of an object */
    uint8_t run_units; /* smallest run */
} classes[] = {
    {16, 1},  {32, 1},  {64, 1},  {96, 3},  {128, 1},  {192, 3},   {256, 2},   {320, 5},
    {384, 3}, {512, 4}, {640, 5}, {768, 6}, {1024, 8}, {1408, 11}, {1920, 15}, {2176, 17},
};
#define CLASSES ARRAY_SIZE(classes)
#define SIZE_SMALL_MAX 2176u
#define CARVING 2u /* a large run must not make the rest of a page useless */
#define REFILLS_SMALL 8u /* before a class takes twice as much at a time, and again */

struct page_header {
    uint16_t live; /* objects handed out */
    uint16_t carved; /* units in use, with the header */
    uint8_t unit_class[UNITS]; /* class + 1; 0: header or not carved */
};
_Static_assert(sizeof(struct page_header) <= UNIT, "the header is unit 0");

static struct {
    struct spinlock lock; /* guards everything here and all slab pages */
    struct page_header *carving[CARVING]; /* pages with uncarved units, or NULL */
    uint64_t objects;
    struct {
        struct list free; /* struct list in the objects; next NULL before first use */
        uint16_t refills;
    } class[CLASSES];
} slab = {.lock = SPINLOCK_INIT(LOCK_RANK_SLAB)};

static struct page_header *header_of(const void *ptr)
{
    return (struct page_header *)((uintptr_t)ptr & PAGE_MASK);
}

static unsigned int class_of_size(size_t size)
{
    unsigned int index = 0;

    while (classes[index].size < size)
        index++;
    return index;
}

static unsigned int room_in(const struct page_header *page)
{
    return page ? UNITS - page->carved : 0;
}

/* Cuts a run of the class out of a page that has room for the smallest. */
static void carve_run(struct page_header *page, unsigned int index)
{
    unsigned int size = classes[index].size, step = classes[index].run_units;
    unsigned int doublings = slab.class[index].refills++ / REFILLS_SMALL;
    unsigned int units = MIN(step << MIN(doublings, 5u), room_in(page));

    units -= units % step;
    uint8_t *run = (uint8_t *)page + page->carved * UNIT;
    memset(page->unit_class + page->carved, (int)index + 1, units);
    for (unsigned int at = 0; at + size <= units * UNIT; at += size) {
        slab_poison(run + at, size);
        list_push_back(&slab.class[index].free, (struct list *)(void *)(run + at));
    }
    page->carved = (uint16_t)(page->carved + units);
}

/* A page with room for a run of the class: the fullest that fits, or a new one. */
static struct page_header *page_to_carve(unsigned int index)
{
    unsigned int need = classes[index].run_units, fullest = 0, best = CARVING;

    for (unsigned int i = 0; i < CARVING; i++) {
        unsigned int room = room_in(slab.carving[i]);

        if (room < room_in(slab.carving[fullest]))
            fullest = i;
        if (room >= need && (best == CARVING || room < room_in(slab.carving[best])))
            best = i;
    }
    if (best < CARVING)
        return slab.carving[best];
    struct page_header *page = page_alloc_virt(0);
    if (page) {
        leaks_page_is_slab(page);
        memset(page, 0, sizeof(*page));
        page->carved = 1;
        slab.carving[fullest] = page;
    }
    return page;
}

static bool is_carving(const struct page_header *page)
{
    return page == slab.carving[0] || page == slab.carving[1];
}

/* Makes the class's free list not empty; false: out of memory. */
static bool refill(unsigned int index)
{
    struct page_header *page = page_to_carve(index);

    if (page)
        carve_run(page, index);
    return page != NULL;
}

/* Takes the free objects of an empty page off their lists, then frees it. */
static void release_page(struct page_header *page)
{
    for (unsigned int unit = 1; unit < page->carved;) {
        const struct slab_class *class = &classes[page->unit_class[unit] - 1];
        uint8_t *run = (uint8_t *)page + unit * UNIT;

        for (unsigned int at = 0; at < class->run_units * UNIT; at += class->size)
            list_remove((struct list *)(void *)(run + at));
        unit += class->run_units;
    }
    page_free_virt(page);
}

static void *alloc_large(size_t size, unsigned int flags, const void *caller)
{
    unsigned int order = 0;
    paddr_t pa;

    if (size > PAGE_SIZE << PAGE_ORDER_MAX)
        return NULL;
    while (PAGE_SIZE << order < size)
        order++;
    if (!page_alloc(order, flags, &pa))
        return NULL;
    leaks_page_born(pa, caller);
    spin_lock(&slab.lock);
    slab.objects++;
    spin_unlock(&slab.lock);
    return phys_to_virt(pa);
}

/* caller: where the request comes from. */
static void *alloc(size_t size, unsigned int flags, const void *caller)
{
    struct list *object = NULL;
    void *result = NULL;

    if (size > SIZE_SMALL_MAX - SLAB_TAG_SIZE)
        return alloc_large(size, flags, caller);
    if (page_should_fail())
        return NULL;
    unsigned int index = class_of_size(size + SLAB_TAG_SIZE);

    spin_lock(&slab.lock);
    struct list *free = &slab.class[index].free;
    if (UNLIKELY(!free->next))
        list_init(free);
    if (LIKELY(!list_empty(free)) || refill(index)) {
        object = free->next;
        list_remove(object);
        header_of(object)->live++;
        slab.objects++;
        result = slab_born(object, classes[index].size, size, caller);
    }
    spin_unlock(&slab.lock);
    if (result && (flags & PAGE_ZERO))
        memset(result, 0, size);
    return result;
}

void *kmalloc(size_t size)
{
    return alloc(size, 0, __builtin_return_address(0));
}

void *kzalloc(size_t size)
{
    return alloc(size, PAGE_ZERO, __builtin_return_address(0));
}

void *kcalloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return alloc(bytes, PAGE_ZERO, __builtin_return_address(0));
}

void *krealloc(void *ptr, size_t old_size, size_t new_size)
{
    void *object = alloc(new_size, 0, __builtin_return_address(0));

    if (!object)
        return NULL;
    if (ptr) {
        memcpy(object, ptr, MIN(old_size, new_size));
        kfree(ptr);
    }
    return object;
}

void kfree(void *ptr)
{
    if (!ptr)
        return;
    if (((uintptr_t)ptr & ~PAGE_MASK) == 0) {
        spin_lock(&slab.lock);
        slab.objects--;
        spin_unlock(&slab.lock);
        page_free_virt(ptr);
        return;
    }
    struct page_header *page = header_of(ptr);
    unsigned int unit = (unsigned int)(((uintptr_t)ptr & ~PAGE_MASK) / UNIT);

    spin_lock(&slab.lock);
    unsigned int index = page->unit_class[unit];
    ASSERT(index > 0 && index <= CLASSES && page->live > 0);
    ptr = slab_died(ptr, classes[index - 1].size);
    list_push_front(&slab.class[index - 1].free, ptr);
    page->live--;
    slab.objects--;
    /* Pages that are being carved stay: the next runs come from them. */
    if (page->live == 0 && !is_carving(page))
        release_page(page);
    spin_unlock(&slab.lock);
}

char *kstrdup(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = alloc(size, 0, __builtin_return_address(0));

    if (copy)
        memcpy(copy, s, size);
    return copy;
}

uint64_t slab_objects_in_use(void)
{
    spin_lock(&slab.lock);
    uint64_t objects = slab.objects;
    spin_unlock(&slab.lock);
    return objects;
}

#if DEBUG_LOCKS
void slab_for_each_raw(void *address, void (*visit)(void *raw))
{
    struct page_header *page = address;
    unsigned int carved = MIN(page->carved, UNITS);

    for (unsigned int unit = 1; unit < carved;) {
        unsigned int index = page->unit_class[unit];

        if (index == 0 || index > CLASSES)
            return;
        const struct slab_class *class = &classes[index - 1];
        for (unsigned int at = 0; at + class->size <= class->run_units * UNIT; at += class->size)
            visit((uint8_t *)page + unit * UNIT + at);
        unit += class->run_units;
    }
}
#endif
