/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buddy allocator fed by a frontier.  Each RAM region has a dense array of page
 * records, placed in the first region that can hold them all; a record is
 * written when its page first leaves the frontier, so boot cost does not grow
 * with RAM.  Single pages go through the CPUs' caches (page_cache.c).
 *
 *   region:  | used blocks and free blocks of the buddy lists | frontier ... end |
 *             records valid                                    records untouched
 */
#include "mm/page_alloc.h"

#include "lib/panic.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_record.h"
#include "mm/paging.h"

/* 1 MiB: its records fill one page. */
#define REFILL_ORDER 8u
#define REFILL_PAGES (1u << REFILL_ORDER)
/*
 * What a boot touches stays close together, however much RAM there is: the first pages
 * behind the kernel are a region whose records fill its first page, and what follows up to
 * SECOND_REGION_END is another when there is much more.
 */
#define FIRST_REGION_PAGES (PAGE_SIZE / sizeof(struct page))
#define FIRST_REGION_PAGES_MIN 64u
#define FIRST_REFILL_ORDER 4u /* GUEST_HOT_RAM_SIZE */
#define SECOND_REGION_END (32ul << 20)

/* A CPU's cache holds at most so much of all memory, within bounds. */
#define CACHE_SHARE 128u
#define CACHE_MIN 16u /* pages */
#define CACHE_MAX 512u

struct page_allocator pa_state __attribute__((section(".bss.hot.pages")));

static struct region *region_of(uint32_t frame)
{
    for (uint32_t i = 0; i < pa_state.region_count; i++) {
        struct region *r = &pa_state.regions[i];
        if (frame >= r->start && frame < r->frontier)
            return r;
    }
    return NULL;
}

static void list_add(uint32_t frame, struct page *page, unsigned int order, bool zero)
{
    uint32_t head = pa_state.free_head[order];

    page->state = PAGE_FREE;
    page->order = (uint8_t)order;
    page->zero = zero;
    page->prev = NIL;
    page->next = head;
    if (head != NIL)
        page_of(head)->prev = frame;
    pa_state.free_head[order] = frame;
    pa_state.free_listed += 1ul << order;
}

static void list_del(uint32_t frame, struct page *page)
{
    if (page->prev != NIL)
        page_of(page->prev)->next = page->next;
    else
        pa_state.free_head[page->order] = page->next;
    if (page->next != NIL)
        page_of(page->next)->prev = page->prev;
    pa_state.free_listed -= 1ul << page->order;
    page->state = PAGE_USED;
    (void)frame;
}

/* Puts [frame, end) into the lists as naturally aligned blocks. */
static void list_add_range(struct region *r, uint32_t frame, uint32_t end, bool zero)
{
    while (frame < end) {
        unsigned int order = 0;
        while (order < PAGE_ORDER_MAX && (frame & ((2u << order) - 1)) == 0 &&
               frame + (2u << order) <= end)
            order++;
        list_add(frame, &r->pages[frame - r->start], order, zero);
        frame += 1u << order;
    }
}

/* Moves a frontier on so that a block of this order becomes free.  Lock held. */
static bool refill(unsigned int order)
{
    for (uint32_t i = 0; i < pa_state.region_count; i++) {
        struct region *r = &pa_state.regions[i];
        if (r->frontier >= r->end)
            continue;
        uint32_t from = r->frontier;
        uint32_t step = 1u << MAX(order, r->group == 0 ? FIRST_REFILL_ORDER : REFILL_ORDER);
        uint32_t to = MIN(ALIGN_UP(from + 1, step), r->end);
        direct_map_add(PADDR((uint64_t)from << PAGE_SHIFT), (uint64_t)(to - from) << PAGE_SHIFT);
        if (!boot_info.zeroed)
            memset(&r->pages[from - r->start], 0, (to - from) * sizeof(struct page));
        r->frontier = to;
        pa_state.beyond -= to - from;
        list_add_range(r, from, to, boot_info.zeroed);
        return true;
    }
    return false;
}

/* Takes a block of exactly this order off the lists, splitting a larger one. */
static uint32_t take_listed(unsigned int order, struct page **out, bool *zero)
{
    unsigned int have = order;

    while (have <= PAGE_ORDER_MAX && pa_state.free_head[have] == NIL)
        have++;
    if (have > PAGE_ORDER_MAX)
        return NIL;
    uint32_t frame = pa_state.free_head[have];
    struct page *page = page_of(frame);
    list_del(frame, page);
    *zero = page->zero;
    while (have > order) { /* the upper halves stay free */
        have--;
        list_add(frame + (1u << have), page + (1ul << have), have, *zero);
    }
    *out = page;
    return frame;
}

uint32_t buddy_take(unsigned int order, struct page **page, bool *zero)
{
    uint32_t frame = take_listed(order, page, zero);

    while (frame == NIL && refill(order))
        frame = take_listed(order, page, zero);
    return frame;
}

void buddy_free(uint32_t frame, struct page *page)
{
    struct region *r = region_of(frame);
    unsigned int order = page->order;

    while (order < PAGE_ORDER_MAX) {
        uint32_t buddy = frame ^ (1u << order);
        if (buddy < r->start || buddy + (1u << order) > r->frontier)
            break;
        struct page *other = &r->pages[buddy - r->start];
        if (other->state != PAGE_FREE || other->order != order)
            break;
        list_del(buddy, other);
        other->state = PAGE_UNUSED;
        r->pages[frame - r->start].state = PAGE_UNUSED;
        frame = MIN(frame, buddy);
        order++;
    }
    list_add(frame, &r->pages[frame - r->start], order, false);
}

void page_note_use(void)
{
    uint64_t used = pa_state.total - pa_state.free_listed - pa_state.beyond - page_cache_pages();

    if (used > pa_state.used_max)
        pa_state.used_max = used;
}

static uint32_t take_block(unsigned int order, struct page **page, bool *zero)
{
    uint32_t frame;

    do {
        spin_lock(&pa_state.lock);
        frame = buddy_take(order, page, zero);
        if (frame != NIL) {
            (*page)->state = PAGE_USED;
            (*page)->order = (uint8_t)order;
            page_note_use();
        }
        spin_unlock(&pa_state.lock);
    } while (frame == NIL && page_cache_release()); /* larger blocks may come of them */
    return frame;
}

__attribute__((hot)) bool page_alloc(unsigned int order, unsigned int flags, paddr_t *pa)
{
    struct page *page;
    uint32_t frame;
    bool zero;

    ASSERT(order <= PAGE_ORDER_MAX);
    if (page_should_fail())
        return false;
    if (LIKELY(order == 0)) {
        frame = page_cache_take(&page);
        zero = frame != NIL && page->zero;
    } else {
        frame = take_block(order, &page, &zero);
    }
    if (UNLIKELY(frame == NIL))
        return false;
    atomic_store_explicit(&page->refs, 1, memory_order_relaxed);
    *pa = PADDR((uint64_t)frame << PAGE_SHIFT);
    leaks_page_born(*pa, __builtin_return_address(0));

    if (!(flags & PAGE_ZERO))
        return true;
    if (!zero)
        memset(phys_to_virt(*pa), 0, PAGE_SIZE << order);
    else if (order == 0) /* the first touch is a write: a host maps it once, not twice */
        *(volatile uint64_t *)phys_to_virt(*pa) = 0;
    return true;
}

void page_get(paddr_t pa)
{
    struct page *page = page_of((uint32_t)(pa.raw >> PAGE_SHIFT));

    if (page) {
        unsigned int old = atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);
        ASSERT(old > 0 && old < UINT32_MAX - 1);
    }
}

void page_put(paddr_t pa)
{
    uint32_t frame = (uint32_t)(pa.raw >> PAGE_SHIFT);
    struct page *page = page_of(frame);

    if (!page)
        return;
    unsigned int old = atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel);
    ASSERT(old > 0); /* more than one: from here on another CPU may free it */
    if (old == 1) {
        ASSERT(page->state == PAGE_USED);
        leaks_page_died(pa, page->order);
        if (LIKELY(page->order == 0)) {
            page_cache_put(frame, page);
            return;
        }
        spin_lock(&pa_state.lock);
        buddy_free(frame, page);
        spin_unlock(&pa_state.lock);
    }
}

void page_split(paddr_t pa)
{
    struct page *page = page_of((uint32_t)(pa.raw >> PAGE_SHIFT));
    unsigned int order = page->order;

    ASSERT(atomic_load_explicit(&page->refs, memory_order_relaxed) == 1);
    leaks_page_split(pa, order);
    for (unsigned int i = 0; i < 1u << order; i++) {
        page[i].state = PAGE_USED;
        page[i].order = 0;
        atomic_store_explicit(&page[i].refs, 1, memory_order_relaxed);
    }
}

unsigned int page_ref(paddr_t pa)
{
    struct page *page = page_of((uint32_t)(pa.raw >> PAGE_SHIFT));

    return page ? atomic_load_explicit(&page->refs, memory_order_relaxed) : INT_MAX;
}

bool page_is_static(paddr_t pa)
{
    return page_of((uint32_t)(pa.raw >> PAGE_SHIFT)) == NULL;
}

void *page_alloc_virt(unsigned int flags)
{
    paddr_t pa;

    if (!page_alloc(0, flags, &pa))
        return NULL;
    leaks_page_born(pa, __builtin_return_address(0));
    return phys_to_virt(pa);
}

void page_free_virt(void *page)
{
    if (page)
        page_put(virt_to_phys(page));
}

uint64_t page_total(void)
{
    return pa_state.total;
}

void page_get_stats(struct page_stats *stats)
{
    spin_lock(&pa_state.lock);
    page_note_use();
    stats->total = pa_state.total;
    stats->free = pa_state.free_listed + pa_state.beyond + page_cache_pages();
    stats->used_max = pa_state.used_max;
    spin_unlock(&pa_state.lock);
}

/* ---- boot ----------------------------------------------------------------- */

static void push_region(uint64_t start, uint64_t end, uint32_t group)
{
    struct region *r = &pa_state.regions[pa_state.region_count++];

    r->start = r->frontier = (uint32_t)(start >> PAGE_SHIFT);
    r->end = (uint32_t)(end >> PAGE_SHIFT);
    r->group = group;
    pa_state.total += r->end - r->start;
}

/* Adds RAM [start, end) less the taken range; what is below the kernel's end stays unused. */
static void add_region(uint64_t start, uint64_t end, struct boot_region taken)
{
    uint64_t first = paging_image_end().raw, first_end = first + FIRST_REGION_PAGES * PAGE_SIZE;

    start = MAX(start, first);
    end = MIN(end, DIRECT_MAP_SIZE);
    if (start >= end)
        return;
    if (taken.start < taken.end && taken.start < end && taken.end > start) {
        struct boot_region none = {0, 0};
        add_region(start, PAGE_ALIGN_DOWN(taken.start), none);
        add_region(PAGE_ALIGN_UP(taken.end), end, none);
        return;
    }
    if (start == first && end - start >= FIRST_REGION_PAGES_MIN * PAGE_SIZE) {
        push_region(start, MIN(end, first_end), 0);
        start = MIN(end, first_end);
        if (start == end)
            return;
    }
    if (start < SECOND_REGION_END && end > SECOND_REGION_END + SECOND_REGION_END) {
        push_region(start, SECOND_REGION_END, 1);
        start = SECOND_REGION_END;
    }
    push_region(start, end, start < SECOND_REGION_END ? 1 : 2);
}

/*
 * Places the records of regions [first, last), a group, at the start of the first of them
 * that has room.  False: none has.
 */
static bool place_records(uint32_t first, uint32_t last)
{
    uint64_t frames = 0;
    struct region *home = NULL;

    for (uint32_t i = first; i < last; i++)
        frames += pa_state.regions[i].end - pa_state.regions[i].start;
    uint64_t record_pages = PAGE_ALIGN_UP(frames * sizeof(struct page)) >> PAGE_SHIFT;
    for (uint32_t i = first; i < last && !home; i++)
        if (pa_state.regions[i].end - pa_state.regions[i].start >=
            record_pages + MIN(frames - record_pages, REFILL_PAGES))
            home = &pa_state.regions[i];
    if (!home)
        return false;

    uint64_t base = (uint64_t)home->start << PAGE_SHIFT;
    direct_map_add(PADDR(base), record_pages << PAGE_SHIFT);
    home->start += (uint32_t)record_pages;
    home->frontier = home->start;
    pa_state.total -= record_pages;
    struct page *records = phys_to_virt(PADDR(base));
    for (uint32_t i = first; i < last; i++) {
        pa_state.regions[i].pages = records;
        records += pa_state.regions[i].end - pa_state.regions[i].start;
    }
    return true;
}

bool page_alloc_init(void)
{
    spin_init(&pa_state.lock, LOCK_RANK_PAGES);
    for (uint32_t i = 0; i < boot_info.ram_count; i++)
        add_region(boot_info.ram[i].start, boot_info.ram[i].end, boot_info.archive);
    for (uint32_t first = 0, last = 0; first < pa_state.region_count; first = last) {
        while (last < pa_state.region_count &&
               pa_state.regions[last].group == pa_state.regions[first].group)
            last++;
        if (!place_records(first, last))
            return false;
    }
    pa_state.beyond = pa_state.total;
    pa_state.cache_max = (uint32_t)MAX(MIN(pa_state.total / CACHE_SHARE, CACHE_MAX), CACHE_MIN);
    return pa_state.region_count > 0;
}
