/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The accounts of a debug build.  A page in use is in no free list, so its record's
 * two links are free to say who asked for it; a small object has a tag before it.
 * Knows the allocators' records, not what anything is for.
 */
#include "mm/leaks.h"

#if DEBUG_LOCKS

#include "lib/mutex.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/page_record.h"

#define POISON 0x6b
#define TAG_LIVE 0x6a626f2d6576696cul /* no pointer looks like it: the place of a list link */
#define KERNEL_HALF 0xffffffff00000000ul /* of the address of code */
#define CALLERS_MAX 512u

enum { LEAK_PROGRAM = 1, LEAK_KEPT = 2, LEAK_SLAB = 4 };

struct slab_tag {
    uint32_t caller; /* low half of the address */
    uint16_t size; /* bytes asked for */
    uint16_t flags; /* LEAK_* */
    uint64_t live; /* TAG_LIVE while in use */
};
_Static_assert(sizeof(struct slab_tag) == SLAB_TAG_SIZE, "keeps kmalloc's alignment");

static uint32_t new_flags; /* LEAK_PROGRAM once programs run */

static struct {
    struct mutex lock; /* guards the table */
    uint32_t count;
    struct {
        uint32_t caller, flags;
        uint64_t objects, pages;
    } entry[CALLERS_MAX];
} callers;

void leaks_begin(void)
{
    mutex_init(&callers.lock);
    new_flags = LEAK_PROGRAM;
}

static struct page *record_of(paddr_t pa)
{
    uint32_t frame = (uint32_t)(pa.raw >> PAGE_SHIFT);

    for (uint32_t i = 0; i < pa_state.region_count; i++) {
        struct region *r = &pa_state.regions[i];
        if (frame >= r->start && frame < r->frontier)
            return &r->pages[frame - r->start];
    }
    return NULL;
}

/* ---- pages ------------------------------------------------------------------ */

void leaks_page_born(paddr_t pa, const void *caller)
{
    struct page *page = record_of(pa);

    page->next = (uint32_t)(uintptr_t)caller;
    page->prev = new_flags;
}

void leaks_page_split(paddr_t pa, unsigned int order)
{
    struct page *page = record_of(pa);

    for (unsigned int i = 1; i < 1u << order; i++) {
        page[i].next = page->next;
        page[i].prev = page->prev;
    }
}

void leaks_page_is_slab(void *page)
{
    record_of(virt_to_phys(page))->prev |= LEAK_SLAB;
}

void leaks_page_died(paddr_t pa, unsigned int order)
{
    memset(phys_to_virt(pa), POISON, PAGE_SIZE << order);
}

/* ---- small objects ------------------------------------------------------------ */

static bool is_poison(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != POISON)
            return false;
    }
    return true;
}

static const char *name_of(uint32_t caller, unsigned long *offset)
{
    return symbol_lookup(KERNEL_HALF | caller, offset);
}

void slab_poison(void *raw, unsigned int class_size)
{
    memset((uint8_t *)raw + SLAB_TAG_SIZE, POISON, class_size - SLAB_TAG_SIZE);
}

void *slab_born(void *raw, unsigned int class_size, size_t size, const void *caller)
{
    struct slab_tag *tag = raw;

    if (!is_poison((uint8_t *)raw + SLAB_TAG_SIZE, class_size - SLAB_TAG_SIZE))
        panic("an object of %u bytes at %p was written to after it was freed", class_size, raw);
    *tag = (struct slab_tag){.caller = (uint32_t)(uintptr_t)caller,
                             .size = (uint16_t)size,
                             .flags = (uint16_t)new_flags,
                             .live = TAG_LIVE};
    return tag + 1;
}

void *slab_died(void *object, unsigned int class_size)
{
    struct slab_tag *tag = (struct slab_tag *)object - 1;
    unsigned long offset;

    if (tag->live != TAG_LIVE)
        panic("kfree of %p, which is not in use", object);
    if (!is_poison((uint8_t *)object + tag->size, class_size - SLAB_TAG_SIZE - tag->size))
        panic("an object of %u bytes at %p, from %s, was written to behind its end", tag->size,
              object, name_of(tag->caller, &offset));
    slab_poison(tag, class_size);
    return tag;
}

/* ---- what stays ------------------------------------------------------------------ */

static void set_kept(const void *memory, bool kept)
{
    if (!memory)
        return;
    if (((uintptr_t)memory & ~PAGE_MASK) == 0) {
        struct page *page = record_of(virt_to_phys(memory));
        if (page)
            page->prev = kept ? page->prev | LEAK_KEPT : page->prev & ~(uint32_t)LEAK_KEPT;
        return;
    }
    struct slab_tag *tag = (struct slab_tag *)(uintptr_t)memory - 1;
    ASSERT(tag->live == TAG_LIVE);
    tag->flags = (uint16_t)(kept ? tag->flags | LEAK_KEPT : tag->flags & ~LEAK_KEPT);
}

void leaks_keep(const void *memory)
{
    set_kept(memory, true);
}

void leaks_own(const void *memory)
{
    set_kept(memory, false);
}

/* ---- the accounts ------------------------------------------------------------------ */

static void note(uint32_t caller, uint32_t flags, uint64_t objects, uint64_t pages)
{
    uint32_t i = 0;

    if (!(flags & LEAK_PROGRAM))
        return;
    flags &= LEAK_KEPT;
    while (i < callers.count &&
           (callers.entry[i].caller != caller || callers.entry[i].flags != flags))
        i++;
    if (i == CALLERS_MAX)
        return;
    if (i == callers.count) {
        callers.count++;
        callers.entry[i].caller = caller;
        callers.entry[i].flags = flags;
        callers.entry[i].objects = callers.entry[i].pages = 0;
    }
    callers.entry[i].objects += objects;
    callers.entry[i].pages += pages;
}

static void note_object(void *raw)
{
    const struct slab_tag *tag = raw;

    if (tag->live == TAG_LIVE)
        note(tag->caller, tag->flags, 1, 0);
}

static void scan_region(struct region *r)
{
    for (uint32_t frame = r->start; frame < r->frontier;) {
        struct page *page = &r->pages[frame - r->start];

        if (page->state == PAGE_USED && (page->prev & LEAK_SLAB))
            slab_for_each_raw(phys_to_virt(PADDR((uint64_t)frame << PAGE_SHIFT)), note_object);
        else if (page->state == PAGE_USED)
            note(page->next, page->prev, 0, 1ul << page->order);
        frame += page->state == PAGE_UNUSED ? 1u : 1u << page->order;
    }
}

/* callers.lock is held.  Other CPUs may go on: then the figures are as of no moment. */
static void scan(void)
{
    callers.count = 0;
    spin_lock(&pa_state.lock);
    for (uint32_t i = 0; i < pa_state.region_count; i++)
        scan_region(&pa_state.regions[i]);
    spin_unlock(&pa_state.lock);
}

void leaks_count(struct leak_totals *totals)
{
    *totals = (struct leak_totals){0};
    mutex_lock(&callers.lock);
    scan();
    for (uint32_t i = 0; i < callers.count; i++) {
        if (callers.entry[i].flags & LEAK_KEPT)
            continue;
        totals->objects += callers.entry[i].objects;
        totals->pages += callers.entry[i].pages;
    }
    mutex_unlock(&callers.lock);
}

void leaks_list(bool all, void (*line)(void *arg, const char *text), void *arg)
{
    char text[128];
    unsigned long offset;

    mutex_lock(&callers.lock);
    scan();
    for (uint32_t i = 0; i < callers.count; i++) {
        const char *name = name_of(callers.entry[i].caller, &offset);

        if (!all && (callers.entry[i].flags & LEAK_KEPT))
            continue;
        snprintf(text, sizeof(text), "%8lu objects %8lu pages%s from %s+%#lx",
                 callers.entry[i].objects, callers.entry[i].pages,
                 callers.entry[i].flags & LEAK_KEPT ? " (kept)" : "", name, offset);
        line(arg, text);
    }
    mutex_unlock(&callers.lock);
}

#endif
