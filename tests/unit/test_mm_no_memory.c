/* SPDX-License-Identifier: BSD-2-Clause */
/* Whichever allocation fails, memory calls report it, stay consistent and leak nothing. */
/* links: guest/lib/rbtree.c guest/mm/slab.c guest/mm/page_table.c guest/mm/page_table_ops.c
 * guest/lib/settings.c guest/mm/vma.c guest/mm/vma_map.c guest/mm/fault.c guest/mm/gate.c
 * guest/mm/mm.c guest/mm/remap.c guest/mm/madvise.c guest/mm/mm_list.c guest/mm/shared_memory.c
 * tests/unit/mm_fakes.c tests/unit/mm_objects.c */
#include <stdlib.h>

#include "mm/page_table.h"
#include "unit/mm_objects.h"

/* Steps without a model: errors are expected, leaks and panics are not. */
static void blind_step(struct mm *mm)
{
    struct span span = random_span(), other = random_span();
    struct mmap_request request = {.address = address_of(span.first),
                                   .length = span.count * window_page,
                                   .vm_flags =
                                       VM_READ | VM_WRITE | (random() % 2 ? VM_HUGEPAGE : 0),
                                   .fixed = random() % 2,
                                   .populate = window_page == PAGE_SIZE && random() % 2};
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
        (void)mm_unmap(mm, address_of(span.first), span.count * window_page);
        break;
    case 2:
        (void)mm_protect(mm, address_of(span.first), span.count * window_page, random_rights());
        break;
    case 3:
        (void)mm_remap(mm, address_of(span.first), span.count * window_page,
                       other.count * window_page, true, random() % 2, false,
                       address_of(other.first));
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

static void fail_each(unsigned int count)
{
    for (unsigned int nth = 1; nth < count; nth++) {
        objects_setup();
        srandom(nth % 10);
        struct mm *mm = mm_create();
        assert_non_null(mm);
        mm->brk_start = mm->brk = address_of(64);
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
        objects_check_nothing_is_left();
    }
}

static void test_failing_allocations_leak_nothing(void **state)
{
    (void)state;
    fail_each(1500);
}

static void test_failing_allocations_with_large_pages_leak_nothing(void **state)
{
    (void)state;
    window_page = HUGE_SIZE / 4;
    fail_each(150);
    window_page = PAGE_SIZE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failing_allocations_leak_nothing),
        cmocka_unit_test(test_failing_allocations_with_large_pages_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
