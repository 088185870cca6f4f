/* SPDX-License-Identifier: BSD-2-Clause */
/* See mm_fakes.h.  Physical addresses are host pointers seen through the direct map. */
#include "unit/mm_fakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/percpu.h"
#include "arch/trap.h"
#include "lib/mutex.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/page_table.h"

#define PAGES_MAX 4096u
#define BLOCK_MAX (PAGE_SIZE << PAGE_ORDER_MAX)

struct fake_page {
    uint8_t *data;
    unsigned int refs, order;
};
static struct fake_page pages[PAGES_MAX];
static unsigned int pages_high; /* slots behind it were never used */
static uint64_t in_use, allocations, fail_after;
static _Alignas(4096) uint8_t zero_page[PAGE_SIZE];
static uint8_t *static_pages[64];
static unsigned int static_count;

#define TLB_SIZE 4096u
static struct {
    struct mm *mm;
    uint64_t address, pte;
} tlb[TLB_SIZE];
static unsigned int tlb_count;
static struct percpu cpu0;

paddr_t virt_to_phys(const void *ptr)
{
    return PADDR((uint64_t)(uintptr_t)ptr - DIRECT_MAP_BASE);
}

static struct fake_page *find_page(paddr_t pa)
{
    uint8_t *data = phys_to_virt(pa);

    for (unsigned int i = 0; i < pages_high; i++) {
        if (pages[i].data && data >= pages[i].data &&
            data < pages[i].data + (PAGE_SIZE << pages[i].order))
            return &pages[i];
    }
    return NULL;
}

void fakes_reset(void)
{
    for (unsigned int i = 0; i < static_count; i++)
        free(static_pages[i]);
    static_count = tlb_count = 0;
    allocations = fail_after = 0;
    cpu0.self = &cpu0;
    cpu0.active_mm = NULL;
}

uint64_t fake_pages_in_use(void)
{
    return in_use;
}

uint64_t fake_allocations(void)
{
    return allocations;
}

bool page_should_fail(void)
{
    allocations++;
    return fail_after != 0 && --fail_after == 0;
}

void page_fault_injection(uint64_t nth)
{
    fail_after = nth;
}

bool page_alloc(unsigned int order, unsigned int flags, paddr_t *pa)
{
    size_t size = PAGE_SIZE << order;

    if (page_should_fail())
        return false;
    for (unsigned int i = 0; i < PAGES_MAX; i++) {
        if (pages[i].data)
            continue;
        pages[i] = (struct fake_page){aligned_alloc(size, size), 1, order};
        assert_non_null(pages[i].data);
        memset(pages[i].data, flags & PAGE_ZERO ? 0 : 0xa5, size);
        in_use += 1ul << order;
        pages_high = MAX(pages_high, i + 1);
        *pa = virt_to_phys(pages[i].data);
        return true;
    }
    return false;
}

void *page_alloc_virt(unsigned int flags)
{
    paddr_t pa;

    return page_alloc(0, flags, &pa) ? phys_to_virt(pa) : NULL;
}

void page_get(paddr_t pa)
{
    struct fake_page *page = find_page(pa);

    assert_non_null(page);
    page->refs++;
}

void page_put(paddr_t pa)
{
    struct fake_page *page = find_page(pa);

    assert_non_null(page);
    if (--page->refs > 0)
        return;
    /* Nobody's TLB may lead to it any more. */
    for (unsigned int i = 0; i < tlb_count; i++)
        assert_true((tlb[i].pte & PTE_ADDR) != pa.raw);
    in_use -= 1ul << page->order;
    free(page->data);
    page->data = NULL;
}

void page_free_virt(void *page)
{
    page_put(virt_to_phys(page));
}

unsigned int page_ref(paddr_t pa)
{
    struct fake_page *page = find_page(pa);

    return page ? page->refs : INT_MAX;
}

void page_split(paddr_t pa)
{
    struct fake_page *page = find_page(pa);

    /* Slots stay one block here: the pieces count on it together. */
    assert_non_null(page);
    assert_int_equal(page->refs, 1);
    page->refs = 1u << page->order;
}

uint64_t page_total(void)
{
    return 1u << 18;
}

void page_get_stats(struct page_stats *stats)
{
    *stats = (struct page_stats){.total = 1u << 18, .free = (1u << 18) - in_use};
}

paddr_t fake_static_page(uint8_t fill)
{
    uint8_t *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    memset(page, fill, PAGE_SIZE);
    static_pages[static_count++] = page;
    return virt_to_phys(page);
}

paddr_t paging_zero_page(void)
{
    return virt_to_phys(zero_page);
}

bool paging_new_root(paddr_t *root)
{
    return page_alloc(0, PAGE_ZERO, root);
}

void spin_lock_slow(struct spinlock *lock)
{
    (void)lock;
    fail_msg("a spinlock is taken twice");
}

/* Whether it is held stands where the waiters would: the rest is the scheduler's. */
void mutex_init(struct mutex *mutex)
{
    mutex->waiters.next = NULL;
}

void mutex_lock(struct mutex *mutex)
{
    assert_null(mutex->waiters.next);
    mutex->waiters.next = &mutex->waiters;
}

void mutex_unlock(struct mutex *mutex)
{
    assert_non_null(mutex->waiters.next);
    mutex->waiters.next = NULL;
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    abort();
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    return (size_t)snprintf(dst, size, "%s", src);
}

uint64_t random_u64(void)
{
    return (uint64_t)random() << 32 | (uint64_t)random();
}

struct percpu *this_cpu(void)
{
    return &cpu0;
}

struct mm *current_mm(void)
{
    return cpu0.active_mm;
}

void mm_activate(struct mm *mm)
{
    cpu0.active_mm = mm;
}

bool tlb_is_shared(const struct mm *mm)
{
    (void)mm;
    return true; /* as if others had it loaded: pages wait in batches */
}

void spin_poll(void) {}

void tlb_drop_lazy(struct mm *mm)
{
    (void)mm;
}

void tlb_flush_range(struct mm *mm, uint64_t start, uint64_t end)
{
    unsigned int kept = 0;

    for (unsigned int i = 0; i < tlb_count; i++) {
        if (tlb[i].mm == mm && tlb[i].address >= start && tlb[i].address < end)
            continue;
        tlb[kept++] = tlb[i];
    }
    tlb_count = kept;
}

/* What the page tables say for one page: a 4 KiB leaf, or 0. */
static uint64_t leaf_of(struct mm *mm, uint64_t page)
{
    struct pt_span span;

    if (!pt_walk(mm, page, page + PAGE_SIZE, &span))
        return 0;
    return span.huge ? *span.slot + (page & ~HUGE_MASK) : *span.slot;
}

static uint64_t translate(struct mm *mm, uint64_t page)
{
    for (unsigned int i = 0; i < tlb_count; i++) {
        if (tlb[i].mm == mm && tlb[i].address == page)
            return tlb[i].pte;
    }
    uint64_t pte = leaf_of(mm, page);
    if ((pte & PTE_P) && tlb_count < TLB_SIZE) {
        tlb[tlb_count].mm = mm;
        tlb[tlb_count].address = page;
        tlb[tlb_count++].pte = pte;
    }
    return pte;
}

static enum fault_result user_access(struct mm *mm, uint64_t address, bool write, uint8_t **data)
{
    uint64_t page = PAGE_ALIGN_DOWN(address);

    for (unsigned int tries = 0; tries < 3; tries++) {
        uint64_t pte = translate(mm, page);

        if ((pte & PTE_P) && (!write || (pte & PTE_W))) {
            *data = (uint8_t *)phys_to_virt(PADDR(pte & PTE_ADDR)) + (address - page);
            return FAULT_OK;
        }
        /* A fault makes the CPU forget the page. */
        struct mm *active = cpu0.active_mm;
        uint64_t error = PF_USER | (write ? PF_WRITE : 0) | (pte & PTE_P ? PF_PRESENT : 0);
        tlb_flush_range(mm, page, page + PAGE_SIZE);
        cpu0.active_mm = mm;
        atomic_store(&mm->cpu_mask, 1);
        enum fault_result result = mm_fault(mm, address, error, address);
        cpu0.active_mm = active;
        if (result != FAULT_OK)
            return result;
    }
    fail_msg("the fault at %#lx does not end", address);
    return FAULT_OOM;
}

enum fault_result user_read(struct mm *mm, uint64_t address, uint8_t *value)
{
    uint8_t *data;
    enum fault_result result = user_access(mm, address, false, &data);

    if (result == FAULT_OK)
        *value = *data;
    return result;
}

enum fault_result user_write(struct mm *mm, uint64_t address, uint8_t value)
{
    uint8_t *data;
    enum fault_result result = user_access(mm, address, true, &data);

    if (result == FAULT_OK)
        *data = value;
    return result;
}

void check_tlb(struct mm *mm)
{
    for (unsigned int i = 0; i < tlb_count; i++) {
        if (tlb[i].mm != mm)
            continue;
        uint64_t pte = leaf_of(mm, tlb[i].address), cached = tlb[i].pte;

        assert_true((pte & PTE_P) != 0);
        assert_int_equal(pte & PTE_ADDR, cached & PTE_ADDR);
        assert_false((cached & PTE_W) && !(pte & PTE_W));
    }
}
