/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random sequences of mmap, munmap, mprotect, mremap, madvise, fork, reads and
 * writes, compared after every step with a model of a few words per page.
 */
/* links: guest/lib/rbtree.c guest/mm/slab.c guest/mm/page_table.c guest/mm/page_table_ops.c
 * guest/lib/settings.c guest/mm/vma.c guest/mm/vma_map.c guest/mm/fault.c guest/mm/gate.c
 * guest/mm/mm.c guest/mm/remap.c guest/mm/madvise.c guest/mm/mm_list.c guest/mm/shared_memory.c
 * tests/unit/mm_fakes.c tests/unit/mm_objects.c */
#include "unit/mm_objects.h"

#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/madvise.h"
#include "mm/page_table.h"

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
    enum fault_result result =
        user_read(mm, address_of(i) + (uint64_t)random() % window_page, &value);

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

/* ---- steps ---- */

static void step_map(struct mm *mm, struct model *model)
{
    struct span span = random_span();
    bool large = window_page > PAGE_SIZE;
    enum kind kind = large ? ANON : (enum kind)(1 + random() % 4);
    unsigned int object_page = (unsigned int)random() % FILE_PAGES;
    struct mmap_request request = {.address = address_of(span.first),
                                   .length = span.count * window_page,
                                   .vm_flags = random_rights(),
                                   .fixed = true,
                                   .populate = !large && random() % 4 == 0};

    if (large && random() % 4)
        request.vm_flags |= VM_HUGEPAGE;
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

    assert_int_equal(mm_unmap(mm, address_of(span.first), span.count * window_page), 0);
    memset(&model->page[span.first], 0, span.count * sizeof(struct model_page));
}

static void step_protect(struct mm *mm, struct model *model)
{
    struct span span = random_span();
    uint32_t rights = random_rights();
    int expected = 0;

    int error = mm_protect(mm, address_of(span.first), span.count * window_page, rights);
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

    int error = mm_advise(mm, address_of(span.first), span.count * window_page, advice);
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
    int64_t result = mm_remap(mm, address_of(from.first), from.count * window_page,
                              to.count * window_page, true, true, false, address_of(to.first));
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

static void compare_with_the_model(unsigned int seeds)
{
    for (unsigned int seed = 0; seed < seeds; seed++) {
        struct model model = {0};
        objects_setup();
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
        objects_check_nothing_is_left();
    }
}

static void test_random_sequences_match_the_model(void **state)
{
    (void)state;
    compare_with_the_model(400);
}

static void test_random_sequences_with_large_pages_match_the_model(void **state)
{
    (void)state;
    window_page = HUGE_SIZE / 4;
    compare_with_the_model(40);
    window_page = PAGE_SIZE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_sequences_match_the_model),
        cmocka_unit_test(test_random_sequences_with_large_pages_match_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
