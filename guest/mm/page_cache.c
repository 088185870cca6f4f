/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each CPU's stock of single free pages, a stack linked through their records, between
 * page_alloc() and the buddy lists: most pages come and go without the allocator's lock.
 * Locks: a cache's own first, then pa_state.lock; never two caches' at once.
 */
#include "arch/percpu.h"
#include "mm/page_record.h"

#define REFILL_ORDER_MAX 4u

static void push(struct percpu *cpu, uint32_t frame, struct page *page)
{
    page->state = PAGE_UNUSED;
    page->next = cpu->page_cache_head;
    cpu->page_cache_head = frame;
    cpu->page_cache_count++;
}

static uint32_t pop(struct percpu *cpu, struct page **page)
{
    uint32_t frame = cpu->page_cache_head;

    *page = page_of(frame);
    cpu->page_cache_head = (*page)->next;
    cpu->page_cache_count--;
    return frame;
}

/* A block in single pages, the lowest on top; the cache is locked and empty. */
static bool refill(struct percpu *cpu)
{
    struct page *first;
    uint32_t frame = NIL;
    bool zero;

    spin_lock(&pa_state.lock);
    page_note_use();
    unsigned int order = REFILL_ORDER_MAX + 1;
    while (frame == NIL && order-- > 0)
        frame = buddy_take(order, &first, &zero);
    spin_unlock(&pa_state.lock);
    if (frame == NIL)
        return false;
    for (uint32_t i = 1u << order; i-- > 0;) {
        first[i].order = 0;
        first[i].zero = zero;
        push(cpu, frame + i, &first[i]);
    }
    return true;
}

/* Gives pages back until at most keep are left; the cache is locked. */
static void drain(struct percpu *cpu, uint32_t keep)
{
    struct page *page;

    spin_lock(&pa_state.lock);
    while (cpu->page_cache_count > keep) {
        uint32_t frame = pop(cpu, &page);
        buddy_free(frame, page);
    }
    spin_unlock(&pa_state.lock);
}

static __attribute__((noinline)) uint32_t take_slow(struct percpu *cpu, struct page **page)
{
    for (;;) {
        spin_lock(&cpu->page_cache_lock);
        bool there = cpu->page_cache_count > 0 || refill(cpu);
        uint32_t frame = there ? pop(cpu, page) : NIL;
        spin_unlock(&cpu->page_cache_lock);
        if (frame != NIL || !page_cache_release()) /* what others have at hand */
            return frame;
    }
}

uint32_t page_cache_take(struct page **page)
{
    struct percpu *cpu = this_cpu();
    uint32_t frame = NIL;

    spin_lock(&cpu->page_cache_lock);
    if (LIKELY(cpu->page_cache_count > 0))
        frame = pop(cpu, page);
    spin_unlock(&cpu->page_cache_lock);
    if (UNLIKELY(frame == NIL))
        frame = take_slow(cpu, page);
    if (LIKELY(frame != NIL))
        (*page)->state = PAGE_USED;
    return frame;
}

void page_cache_put(uint32_t frame, struct page *page)
{
    struct percpu *cpu = this_cpu();

    page->zero = false;
    spin_lock(&cpu->page_cache_lock);
    push(cpu, frame, page);
    if (UNLIKELY(cpu->page_cache_count > pa_state.cache_max))
        drain(cpu, pa_state.cache_max / 2);
    spin_unlock(&cpu->page_cache_lock);
}

uint64_t page_cache_pages(void)
{
    uint64_t pages = 0;

    for (unsigned int i = 0; i < GUEST_CPUS_MAX && percpu_of[i]; i++)
        pages += *(volatile uint32_t *)&percpu_of[i]->page_cache_count;
    return pages;
}

bool page_cache_release(void)
{
    bool any = false;

    for (unsigned int i = 0; i < GUEST_CPUS_MAX && percpu_of[i]; i++) {
        struct percpu *cpu = percpu_of[i];

        spin_lock(&cpu->page_cache_lock);
        any |= cpu->page_cache_count > 0;
        drain(cpu, 0);
        spin_unlock(&cpu->page_cache_lock);
    }
    return any;
}
