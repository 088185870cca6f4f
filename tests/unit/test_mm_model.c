/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random sequences of mmap, munmap, mprotect, mremap, madvise, fork, reads and
 * writes, compared after every step with a model of a few words per page.
 */
/* links: guest/lib/rbtree.c guest/mm/slab.c guest/mm/page_table.c guest/mm/page_table_ops.c
 * guest/mm/vma.c guest/mm/vma_map.c guest/mm/fault.c guest/mm/mm.c guest/mm/remap.c
 * guest/mm/madvise.c guest/mm/shared_memory.c tests/unit/mm_fakes.c */
#include "unit/mm_fakes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/madvise.h"
#include "mm/slab.h"

/* A window over two page tables, so that tables come and go as well. */
#define WINDOW_PAGES 48u
#define WINDOW_START (0x40000000ul - 24 * PAGE_SIZE)
#define FILE_PAGES 40u

enum kind { NOTHING, ANON, FILE_PRIVATE, FILE_SHARED, MEMORY_SHARED };

struct model_page {
    enum kind kind;
    uint32_t rights; /* VM_READ.. */
    unsigned int object_page;
    bool own; /* private page that was written */
    bool dont_fork, wipe_on_fork;
    uint8_t value;
};
struct model {
    struct model_page page[WINDOW_PAGES];
};

/* ---- a file: even pages static, odd ones counted ---- */

static paddr_t file_pages[FILE_PAGES];
static int file_refs;

static int file_get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    uint64_t index = offset / PAGE_SIZE;

    (void)object;
    assert_false(for_write);
    if (index >= FILE_PAGES)
        return -EFAULT;
    if (page_should_fail())
        return -ENOMEM;
    *page = (struct vm_page){file_pages[index], index < 16 || index % 2 == 0};
    if (!page->is_static)
        page_get(page->pa);
    return 0;
}

static void file_get(void *object)
{
    (void)object;
    file_refs++;
}

static void file_put(void *object)
{
    (void)object;
    file_refs--;
}

/* Pages 0..7 and 8..15 lie together; file_setup() makes it true. */
static uint64_t file_static_run(void *object, uint64_t offset, paddr_t *pa)
{
    uint64_t index = offset / PAGE_SIZE;

    (void)object;
    if (index >= FILE_PAGES || (index >= 16 && index % 2))
        return 0;
    *pa = file_pages[index];
    return 1;
}

static const struct vm_object_ops file_ops = {
    .get_page = file_get_page, .get = file_get, .put = file_put, .static_run = file_static_run};

static uint8_t file_byte(unsigned int index)
{
    return (uint8_t)(100 + index);
}

static void file_setup(void)
{
    for (unsigned int i = 0; i < FILE_PAGES; i++) {
        if (i < 16 || i % 2 == 0) {
            file_pages[i] = fake_static_page(file_byte(i));
        } else {
            assert_true(page_alloc(0, 0, &file_pages[i]));
            memset(phys_to_virt(file_pages[i]), file_byte(i), PAGE_SIZE);
        }
    }
}

static void file_teardown(void)
{
    for (unsigned int i = 17; i < FILE_PAGES; i += 2)
        page_put(file_pages[i]);
}

/* ---- shared memory: one object, what it holds ---- */

static struct mmap_request shared_request;
static uint8_t shared_byte[FILE_PAGES];

static uint64_t address_of(unsigned int page)
{
    return WINDOW_START + page * PAGE_SIZE;
}

static uint8_t expected_value(const struct model_page *page)
{
    switch (page->kind) {
    case ANON:
        return page->own ? page->value : 0;
    case FILE_PRIVATE:
        return page->own ? page->value : file_byte(page->object_page);
    case FILE_SHARED:
        return file_byte(page->object_page);
    default:
        return shared_byte[page->object_page];
    }
}

static void check_page(struct mm *mm, const struct model *model, unsigned int i)
{
    const struct model_page *page = &model->page[i];
    uint8_t value = 0;
    enum fault_result result = user_read(mm, address_of(i) + (uint64_t)(random() % 4096), &value);

    if (page->kind == NOTHING)
        assert_int_equal(result, FAULT_SEGV_MAPERR);
    else if (page->rights == 0)
        assert_int_equal(result, FAULT_SEGV_ACCERR);
    else if (page->kind != ANON && page->object_page >= FILE_PAGES && !page->own)
        assert_int_equal(result, FAULT_SIGBUS);
    else
        assert_int_equal(result, FAULT_OK);
}

static void check_value(struct mm *mm, const struct model *model, unsigned int i)
{
    const struct model_page *page = &model->page[i];
    uint8_t value = 0;

    if (user_read(mm, address_of(i), &value) == FAULT_OK)
        assert_int_equal(value, expected_value(page));
}

/* Areas are ordered, do not overlap, equal neighbours are merged, and sums are right. */
static void check_areas(struct mm *mm)
{
    uint64_t pages = 0, last_end = 0;
    uint32_t count = 0;

    for (struct rb_node *node = rb_first(&mm->vmas); node; node = rb_next(node)) {
        struct vma *vma = RB_ENTRY(node, struct vma, node);

        assert_true(vma->start < vma->end && vma->start >= last_end);
        last_end = vma->end;
        pages += (vma->end - vma->start) / PAGE_SIZE;
        count++;
    }
    assert_int_equal(pages, mm->total_pages);
    assert_int_equal(count, mm->vma_count);
    assert_true(atomic_load(&mm->rss_pages) >= 0);
}

/* ---- steps ---- */

struct span {
    unsigned int first, count;
};

static struct span random_span(void)
{
    struct span span = {(unsigned int)random() % WINDOW_PAGES, 0};

    span.count = 1 + (unsigned int)random() % MIN(12u, WINDOW_PAGES - span.first);
    return span;
}

static uint32_t random_rights(void)
{
    return (uint32_t)random() & (VM_READ | VM_WRITE);
}

static void step_map(struct mm *mm, struct model *model)
{
    struct span span = random_span();
    enum kind kind = (enum kind)(1 + random() % 4);
    unsigned int object_page = (unsigned int)random() % FILE_PAGES;
    struct mmap_request request = {.address = address_of(span.first),
                                   .length = span.count * PAGE_SIZE,
                                   .vm_flags = random_rights(),
                                   .fixed = true,
                                   .populate = random() % 4 == 0};

    if (kind == FILE_SHARED)
        request.vm_flags = (request.vm_flags & ~VM_WRITE) | VM_SHARED;
    if (kind == MEMORY_SHARED)
        request.vm_flags |= VM_SHARED | VM_MAYWRITE;
    if (kind != ANON) {
        request.ops = kind == MEMORY_SHARED ? shared_request.ops : &file_ops;
        request.object = shared_request.object;
        request.offset = object_page * PAGE_SIZE;
    }
    assert_int_equal(mm_map(mm, &request), request.address);
    for (unsigned int i = 0; i < span.count; i++)
        model->page[span.first + i] =
            (struct model_page){.kind = kind,
                                .rights = request.vm_flags & (VM_READ | VM_WRITE),
                                .object_page = object_page + i};
}

static void step_unmap(struct mm *mm, struct model *model)
{
    struct span span = random_span();

    assert_int_equal(mm_unmap(mm, address_of(span.first), span.count * PAGE_SIZE), 0);
    memset(&model->page[span.first], 0, span.count * sizeof(struct model_page));
}

static void step_protect(struct mm *mm, struct model *model)
{
    struct span span = random_span();
    uint32_t rights = random_rights();
    int expected = 0;

    int error = mm_protect(mm, address_of(span.first), span.count * PAGE_SIZE, rights);
    for (unsigned int i = 0; i < span.count && !expected; i++) {
        struct model_page *page = &model->page[span.first + i];

        if (page->kind == NOTHING)
            expected = -ENOMEM;
        else if (page->kind == FILE_SHARED && (rights & VM_WRITE))
            expected = -EACCES;
        else
            page->rights = rights;
    }
    assert_int_equal(error, expected);
}

static void step_advise(struct mm *mm, struct model *model)
{
    static const int advices[] = {MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK,    MADV_WIPEONFORK,
                                  MADV_FREE,     MADV_WILLNEED, MADV_KEEPONFORK};
    struct span span = random_span();
    int advice = advices[(size_t)random() % ARRAY_SIZE(advices)], expected = 0;

    int error = mm_advise(mm, address_of(span.first), span.count * PAGE_SIZE, advice);
    for (unsigned int i = 0; i < span.count; i++) {
        struct model_page *page = &model->page[span.first + i];

        if (page->kind == NOTHING) {
            expected = -ENOMEM;
            continue;
        }
        if ((advice == MADV_FREE || advice == MADV_WIPEONFORK) && page->kind != ANON) {
            expected = -EINVAL;
            break;
        }
        if (advice == MADV_DONTNEED || advice == MADV_FREE)
            page->own = false;
        if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
            page->dont_fork = advice == MADV_DONTFORK;
        if (advice == MADV_WIPEONFORK || advice == MADV_KEEPONFORK)
            page->wipe_on_fork = advice == MADV_WIPEONFORK;
    }
    assert_int_equal(error, expected);
}

static void step_write(struct mm *mm, struct model *model)
{
    unsigned int i = (unsigned int)random() % WINDOW_PAGES;
    struct model_page *page = &model->page[i];
    uint8_t value = (uint8_t)random();
    enum fault_result result = user_write(mm, address_of(i), value), expected = FAULT_OK;

    if (page->kind == NOTHING)
        expected = FAULT_SEGV_MAPERR;
    else if (!(page->rights & VM_WRITE))
        expected = FAULT_SEGV_ACCERR;
    else if (page->kind != ANON && page->object_page >= FILE_PAGES && !page->own)
        expected = FAULT_SIGBUS;
    assert_int_equal(result, expected);
    if (result != FAULT_OK)
        return;
    if (page->kind == MEMORY_SHARED) {
        shared_byte[page->object_page] = value;
    } else {
        page->own = true;
        page->value = value;
    }
}

/* One area, or a move that fails, onto other pages of the window. */
static void step_remap(struct mm *mm, struct model *model)
{
    struct span from = random_span(), to = random_span();
    struct model_page moved[WINDOW_PAGES];

    if (from.first < to.first + to.count && to.first < from.first + from.count)
        return;
    struct vma *vma = vma_find(mm, address_of(from.first));
    uint64_t end = address_of(from.first + from.count);
    bool whole = vma && vma->start <= address_of(from.first) && vma->end >= end;
    bool fits = vma && vma->start <= address_of(from.first) &&
                vma->end >= address_of(from.first + MIN(from.count, to.count));
    int64_t result = mm_remap(mm, address_of(from.first), from.count * PAGE_SIZE,
                              to.count * PAGE_SIZE, true, true, false, address_of(to.first));
    /* The target is unmapped, and a tail that shrinks away, before anything can fail. */
    memcpy(moved, model->page, sizeof(moved));
    memset(&model->page[to.first], 0, to.count * sizeof(struct model_page));
    for (unsigned int i = to.count; i < from.count; i++)
        model->page[from.first + i] = (struct model_page){0};
    if (from.count > to.count ? !fits : !whole) {
        assert_int_equal(result, -EFAULT);
        return;
    }
    assert_int_equal(result, address_of(to.first));
    struct model_page last = moved[from.first];
    for (unsigned int i = 0; i < to.count; i++) {
        struct model_page *page = &model->page[to.first + i];

        if (i < from.count) {
            *page = last = moved[from.first + i];
            model->page[from.first + i] = (struct model_page){0};
        } else {
            last.object_page++;
            last.own = false;
            *page = last;
        }
    }
}

static void check_all(struct mm *mm, const struct model *model)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
        if (model->page[i].kind != NOTHING && model->page[i].rights)
            check_value(mm, model, i);
    }
}

/* The child sees the parent's pages, and neither sees what the other writes. */
static void step_fork(struct mm *mm, struct model *model)
{
    struct model child_model = *model;
    int error;
    struct mm *child = mm_fork(mm, &error);

    assert_non_null(child);
    check_tlb(mm);
    for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
        struct model_page *page = &child_model.page[i];

        if (page->dont_fork)
            *page = (struct model_page){0};
        else if (page->wipe_on_fork)
            page->own = false;
    }
    for (int i = 0; i < 10; i++) {
        step_write(child, &child_model);
        step_write(mm, model);
    }
    check_all(child, &child_model);
    check_areas(child);
    mm_put(child);
    check_tlb(mm);
}

static void random_step(struct mm *mm, struct model *model)
{
    long choice = random() % 100;

    if (choice < 15)
        step_map(mm, model);
    else if (choice < 22)
        step_unmap(mm, model);
    else if (choice < 35)
        step_protect(mm, model);
    else if (choice < 45)
        step_advise(mm, model);
    else if (choice < 52)
        step_remap(mm, model);
    else if (choice < 56)
        step_fork(mm, model);
    else
        step_write(mm, model);
    for (int i = 0; i < 3; i++)
        check_page(mm, model, (unsigned int)random() % WINDOW_PAGES);
}

static void setup(void)
{
    fakes_reset();
    file_setup();
    memset(shared_byte, 0, sizeof(shared_byte));
    file_refs = 0;
    shared_request = (struct mmap_request){0};
    assert_int_equal(shared_memory_create(FILE_PAGES * PAGE_SIZE, &shared_request), 0);
}

static void check_nothing_is_left(uint64_t objects)
{
    shared_request.ops->put(shared_request.object);
    file_teardown();
    assert_int_equal(file_refs, 0);
    assert_int_equal(slab_objects_in_use(), objects);
    /* What small objects' pages stay for the next ones. */
    assert_in_range(fake_pages_in_use(), 0, 2);
}

static void test_random_sequences_match_the_model(void **state)
{
    (void)state;
    for (unsigned int seed = 0; seed < 400; seed++) {
        struct model model = {0};
        uint64_t objects = slab_objects_in_use();

        setup();
        srandom(seed);
        struct mm *mm = mm_create();
        assert_non_null(mm);
        for (int step = 0; step < 400; step++) {
            random_step(mm, &model);
            check_areas(mm);
            check_tlb(mm);
            if (step % 20 == 0)
                check_all(mm, &model);
        }
        mm_put(mm);
        check_nothing_is_left(objects);
    }
}

/* Steps without a model: errors are expected, leaks and panics are not. */
static void blind_step(struct mm *mm)
{
    struct span span = random_span(), other = random_span();
    struct mmap_request request = {.address = address_of(span.first),
                                   .length = span.count * PAGE_SIZE,
                                   .vm_flags = VM_READ | VM_WRITE,
                                   .fixed = random() % 2,
                                   .populate = random() % 2};
    struct mm *child;
    int error;

    switch (random() % 7) {
    case 0:
        if (random() % 2) {
            request.ops = random() % 2 ? &file_ops : shared_request.ops;
            request.object = shared_request.object;
            if (request.ops != &file_ops)
                request.vm_flags |= VM_SHARED | VM_MAYWRITE;
        }
        (void)mm_map(mm, &request);
        break;
    case 1:
        (void)mm_unmap(mm, address_of(span.first), span.count * PAGE_SIZE);
        break;
    case 2:
        (void)mm_protect(mm, address_of(span.first), span.count * PAGE_SIZE, random_rights());
        break;
    case 3:
        (void)mm_remap(mm, address_of(span.first), span.count * PAGE_SIZE, other.count * PAGE_SIZE,
                       true, random() % 2, false, address_of(other.first));
        break;
    case 4:
        child = mm_fork(mm, &error);
        if (child)
            mm_put(child);
        break;
    case 5:
        (void)mm_set_brk(mm, mm->brk + (uint64_t)(random() % 64) * PAGE_SIZE / 2);
        break;
    default:
        (void)user_write(mm, address_of(span.first), 1);
        break;
    }
}

static void test_failing_allocations_leak_nothing(void **state)
{
    (void)state;
    for (unsigned int nth = 1; nth < 1500; nth++) {
        uint64_t objects = slab_objects_in_use();

        setup();
        srandom(nth % 10);
        struct mm *mm = mm_create();
        assert_non_null(mm);
        mm->brk_start = mm->brk = WINDOW_START + 64 * PAGE_SIZE;
        page_fault_injection(nth);
        for (int step = 0; step < 80; step++) {
            blind_step(mm);
            if (step % 7 == 0)
                page_fault_injection(nth);
            check_areas(mm);
            check_tlb(mm);
        }
        page_fault_injection(0);
        mm_put(mm);
        check_nothing_is_left(objects);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_sequences_match_the_model),
        cmocka_unit_test(test_failing_allocations_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
