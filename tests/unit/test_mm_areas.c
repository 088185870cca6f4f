/* SPDX-License-Identifier: BSD-2-Clause */
/* Placement, limits, stacks, heap and the errors of memory calls, one property each. */
/* links: guest/lib/rbtree.c guest/mm/slab.c guest/mm/page_table.c guest/mm/page_table_ops.c
 * guest/lib/settings.c guest/mm/vma.c guest/mm/vma_map.c guest/mm/fault.c guest/mm/gate.c
 * guest/mm/mm.c guest/mm/remap.c guest/mm/madvise.c guest/mm/mm_list.c guest/mm/shared_memory.c
 * tests/unit/mm_fakes.c tests/unit/mm_objects.c */
#include <stdlib.h>

#include "lib/errno.h"
#include "mm/madvise.h"
#include "unit/mm_objects.h"

#define RW (VM_READ | VM_WRITE)
#define BASE 0x7f0000000000ul

static struct mm *mm;

static int setup(void **state)
{
    (void)state;
    objects_setup();
    mm = mm_create();
    mm->mmap_base = BASE;
    return mm == NULL;
}

static int teardown(void **state)
{
    (void)state;
    mm_put(mm);
    objects_check_nothing_is_left();
    return 0;
}

static int64_t map(uint64_t address, uint64_t pages, uint32_t flags)
{
    struct mmap_request request = {
        .address = address, .length = pages * PAGE_SIZE, .vm_flags = flags, .fixed = address != 0};

    return mm_map(mm, &request);
}

static void test_mappings_go_top_down_and_fill_holes(void **state)
{
    (void)state;
    uint64_t a = (uint64_t)map(0, 4, RW), b = (uint64_t)map(0, 2, VM_READ);

    assert_int_equal(a, BASE - 4 * PAGE_SIZE);
    assert_int_equal(b, a - 2 * PAGE_SIZE);
    uint64_t c = (uint64_t)map(0, 8, RW);
    assert_int_equal(mm_unmap(mm, b, 2 * PAGE_SIZE), 0);
    assert_int_equal(map(0, 3, RW), c - 3 * PAGE_SIZE); /* does not fit the hole */
    assert_int_equal(map(0, 2, VM_READ), b); /* fits */
}

static void test_random_placement_never_overlaps(void **state)
{
    static uint64_t start[200], pages[200];

    (void)state;
    srandom(3);
    for (int step = 0; step < 5000; step++) {
        int i = (int)(random() % 200);

        if (start[i]) {
            assert_int_equal(mm_unmap(mm, start[i], pages[i] * PAGE_SIZE), 0);
            start[i] = 0;
            continue;
        }
        pages[i] = 1 + (uint64_t)random() % 20;
        start[i] = (uint64_t)map(0, pages[i], random() % 2 ? RW : VM_READ);
        for (int k = 0; k < 200; k++) {
            if (k == i || !start[k])
                continue;
            assert_true(start[i] + pages[i] * PAGE_SIZE <= start[k] ||
                        start[k] + pages[k] * PAGE_SIZE <= start[i]);
        }
        check_areas(mm);
    }
    for (int i = 0; i < 200; i++)
        start[i] = 0;
    /* All of it fits into what it needs: holes were used again. */
    assert_true(vma_find(mm, 0)->start > BASE - 200ul * 20 * 2 * PAGE_SIZE);
}

static void test_hints_are_taken_when_free(void **state)
{
    struct mmap_request request = {.address = 0x10000123, .length = PAGE_SIZE, .vm_flags = VM_READ};

    (void)state;
    assert_int_equal(mm_map(mm, &request), 0x10001000);
    assert_int_equal(mm_map(mm, &request), BASE - PAGE_SIZE);
    request.below_4g = true;
    assert_in_range(mm_map(mm, &request), 0x40000000, 0x80000000);
}

static void test_equal_neighbours_become_one_area(void **state)
{
    (void)state;
    map(0x10000000, 2, RW);
    map(0x10004000, 2, RW);
    map(0x10002000, 2, RW);
    assert_int_equal(mm->vma_count, 1);
    assert_int_equal(mm_protect(mm, 0x10002000, PAGE_SIZE, VM_READ), 0);
    assert_int_equal(mm->vma_count, 3);
    assert_int_equal(mm_protect(mm, 0x10002000, PAGE_SIZE, RW), 0);
    assert_int_equal(mm->vma_count, 1);
}

static void test_fixed_addresses_are_checked(void **state)
{
    struct mmap_request request = {
        .address = 0x10000000, .length = PAGE_SIZE, .vm_flags = RW, .fixed = true};

    (void)state;
    assert_int_equal(mm_map(mm, &request), 0x10000000);
    request.no_replace = true;
    assert_int_equal(mm_map(mm, &request), -EEXIST);
    request.no_replace = false;
    request.address = 0x10000001;
    assert_int_equal(mm_map(mm, &request), -EINVAL);
    request.address = USER_END;
    assert_int_equal(mm_map(mm, &request), -ENOMEM);
    request.address = 0;
    assert_int_equal(mm_map(mm, &request), -EPERM);
    request.address = 0x10000000;
    request.length = 0;
    assert_int_equal(mm_map(mm, &request), -EINVAL);
    request.length = UINT64_MAX;
    assert_int_equal(mm_map(mm, &request), -ENOMEM);
    assert_int_equal(mm_unmap(mm, 0x10000001, PAGE_SIZE), -EINVAL);
    assert_int_equal(mm_unmap(mm, 0x10000000, 0), -EINVAL);
    assert_int_equal(mm_unmap(mm, USER_END, PAGE_SIZE), -EINVAL);
    assert_int_equal(mm_unmap(mm, PAGE_SIZE, UINT64_MAX - 4096), -EINVAL);
}

static void test_limits_hold(void **state)
{
    (void)state;
    mm->limit_as = 10 * PAGE_SIZE;
    assert_true(map(0x10000000, 10, VM_READ) > 0);
    assert_int_equal(map(0x20000000, 1, VM_READ), -ENOMEM);
    assert_true(map(0x10000000, 10, RW) > 0); /* in place of the old one */
    mm->limit_as = UINT64_MAX;
    mm->limit_data = 12 * PAGE_SIZE;
    assert_int_equal(map(0x20000000, 3, RW), -ENOMEM);
    assert_true(map(0x20000000, 3, VM_READ) > 0);
    mm->limit_data = UINT64_MAX;
    assert_int_equal(map(0x100000000, 1ul << 30, RW), -ENOMEM); /* absurd */
    assert_true(map(0x100000000, 1ul << 30, 0) > 0); /* only reserved */
}

static void test_the_stack_grows_to_its_limit_and_keeps_its_distance(void **state)
{
    uint64_t top = 0x7ff000000000;
    uint8_t value;

    (void)state;
    map(top - 4 * PAGE_SIZE, 4, RW | VM_GROWSDOWN);
    mm->limit_stack = 64 * PAGE_SIZE;
    assert_int_equal(user_write(mm, top - 10 * PAGE_SIZE, 1), FAULT_OK);
    assert_int_equal(user_write(mm, top - 64 * PAGE_SIZE, 1), FAULT_OK);
    assert_int_equal(user_write(mm, top - 65 * PAGE_SIZE, 1), FAULT_SEGV_MAPERR);
    mm->limit_stack = UINT64_MAX;
    map(top - 600 * PAGE_SIZE, 100, VM_READ);
    assert_int_equal(user_write(mm, top - 240 * PAGE_SIZE, 1), FAULT_OK);
    assert_int_equal(user_write(mm, top - 250 * PAGE_SIZE, 1), FAULT_SEGV_MAPERR);
    assert_int_equal(user_read(mm, top, &value), FAULT_SEGV_MAPERR);
}

static void test_the_heap_grows_shrinks_and_meets_neighbours(void **state)
{
    uint64_t start = 0x20000100;

    (void)state;
    mm->brk_start = mm->brk = start;
    assert_int_equal(mm_set_brk(mm, 0), start);
    assert_int_equal(mm_set_brk(mm, start + 0x5000), start + 0x5000);
    assert_int_equal(user_write(mm, start + 0x4fff, 7), FAULT_OK);
    assert_int_equal(mm_set_brk(mm, start + 0x9000), start + 0x9000);
    assert_int_equal(mm->vma_count, 1);
    map(0x20010000, 1, VM_READ);
    assert_int_equal(mm_set_brk(mm, 0x20010000), start + 0x9000);
    assert_int_equal(mm_set_brk(mm, start), start);
    assert_int_equal(user_write(mm, start + 0x1000, 7), FAULT_SEGV_MAPERR);
    mm->limit_data = 0x2000;
    assert_int_equal(mm_set_brk(mm, start + 0x3000), start);
}

static void test_shared_memory_is_seen_by_the_child(void **state)
{
    struct mmap_request request = {.length = 600 * PAGE_SIZE,
                                   .vm_flags = RW | VM_SHARED | VM_MAYWRITE};
    uint8_t value = 0;
    int error;

    (void)state;
    assert_int_equal(shared_memory_create(request.length, &request), 0);
    uint64_t at = (uint64_t)mm_map(mm, &request);
    request.ops->put(request.object);
    assert_int_equal(user_write(mm, at, 1), FAULT_OK);
    struct mm *child = mm_fork(mm, &error);
    assert_int_equal(user_write(child, at + 599 * PAGE_SIZE, 2), FAULT_OK);
    assert_int_equal(user_write(child, at, 3), FAULT_OK);
    assert_int_equal(user_read(mm, at + 599 * PAGE_SIZE, &value), FAULT_OK);
    assert_int_equal(value, 2);
    assert_int_equal(user_read(mm, at, &value), FAULT_OK);
    assert_int_equal(value, 3);
    assert_int_equal(mm_advise(mm, at, PAGE_SIZE, MADV_REMOVE), 0);
    assert_int_equal(user_read(mm, at, &value), FAULT_OK);
    assert_int_equal(value, 0);
    mm_put(child);
}

static void test_advice_is_checked_as_linux_does(void **state)
{
    (void)state;
    map(0x10000000, 2, RW);
    map(0x10003000, 1, RW);
    assert_int_equal(mm_advise(mm, 0x10000001, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
    assert_int_equal(mm_advise(mm, 0x10000000, PAGE_SIZE, 5), -EINVAL);
    assert_int_equal(mm_advise(mm, 0x10000000, 0, MADV_DONTNEED), 0);
    assert_int_equal(mm_advise(mm, 0x10000000, 4 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
    assert_int_equal(mm_advise(mm, 0x10000000, PAGE_SIZE, MADV_REMOVE), -EINVAL);
    assert_int_equal(mm_lock(mm, 0x10000000, PAGE_SIZE, false, UINT64_MAX), 0);
    assert_int_equal(mm_advise(mm, 0x10000000, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
    assert_int_equal(mm->locked_pages, 1);
    assert_int_equal(mm_lock(mm, 0x10000000, 2 * PAGE_SIZE, false, 2 * PAGE_SIZE), -ENOMEM);
    assert_int_equal(mm_unlock(mm, 0x10000000, 2 * PAGE_SIZE), 0);
    assert_int_equal(mm->locked_pages, 0);
}

static void test_remap_grows_in_place_or_moves(void **state)
{
    uint8_t value = 0;

    (void)state;
    map(0x10000000, 2, RW);
    user_write(mm, 0x10001000, 9);
    assert_int_equal(mm_remap(mm, 0x10000000, 2 * PAGE_SIZE, 4 * PAGE_SIZE, false, false, false, 0),
                     0x10000000);
    map(0x10004000, 1, VM_READ);
    assert_int_equal(mm_remap(mm, 0x10000000, 4 * PAGE_SIZE, 5 * PAGE_SIZE, false, false, false, 0),
                     -ENOMEM);
    int64_t moved = mm_remap(mm, 0x10000000, 4 * PAGE_SIZE, 5 * PAGE_SIZE, true, false, false, 0);
    assert_int_equal(moved, BASE - 5 * PAGE_SIZE);
    assert_int_equal(user_read(mm, (uint64_t)moved + PAGE_SIZE, &value), FAULT_OK);
    assert_int_equal(value, 9);
    assert_int_equal(user_read(mm, 0x10001000, &value), FAULT_SEGV_MAPERR);
    int64_t second =
        mm_remap(mm, (uint64_t)moved, 5 * PAGE_SIZE, 5 * PAGE_SIZE, true, false, true, 0);
    assert_true(second > 0 && second != moved);
    assert_int_equal(user_read(mm, (uint64_t)moved + PAGE_SIZE, &value), FAULT_OK);
    assert_int_equal(value, 0); /* MREMAP_DONTUNMAP leaves it empty */
    assert_int_equal(user_read(mm, (uint64_t)second + PAGE_SIZE, &value), FAULT_OK);
    assert_int_equal(value, 9);
    assert_int_equal(
        mm_remap(mm, (uint64_t)second, PAGE_SIZE, PAGE_SIZE, true, true, false, (uint64_t)second),
        -EINVAL);
    assert_int_equal(mm_remap(mm, (uint64_t)second, 0, PAGE_SIZE, true, false, false, 0), -EINVAL);
}

static void test_remote_access_crosses_pages_and_breaks_sharing(void **state)
{
    char text[] = "across the border", back[sizeof(text)] = "";
    uint8_t value;
    int error;

    (void)state;
    map(0x10000000, 2, RW);
    user_write(mm, 0x10000ff8, 'x');
    struct mm *child = mm_fork(mm, &error);
    assert_int_equal(mm_write_remote(child, 0x10000ff8, text, sizeof(text)), sizeof(text));
    assert_int_equal(mm_read_remote(child, 0x10000ff8, back, sizeof(back)), sizeof(back));
    assert_string_equal(back, text);
    assert_int_equal(user_read(mm, 0x10000ff8, &value), FAULT_OK);
    assert_int_equal(value, 'x');
    assert_int_equal(mm_read_remote(child, 0x10001ff8, back, sizeof(back)), 8);
    assert_int_equal(mm_read_remote(child, 0x30000000, back, sizeof(back)), -EFAULT);
    assert_int_equal(mm_write_remote(child, UINT64_MAX - 3, text, 8), -EFAULT);
    mm_put(child);
}

static bool is_file(void *object, void *arg)
{
    return object == arg;
}

static void test_an_object_takes_its_pages_back_everywhere(void **state)
{
    struct mmap_request request = {
        .address = 0x10000000, .length = 8 * PAGE_SIZE, .vm_flags = RW, .fixed = true};
    struct vm_range range = {
        .ops = &file_ops, .match = is_file, .start = 6 * PAGE_SIZE, .end = 100 * PAGE_SIZE};
    uint8_t value = 0;
    int error;

    (void)state;
    request.ops = &file_ops;
    request.object = shared_request.object; /* any pointer */
    request.offset = 4 * PAGE_SIZE;
    range.arg = request.object;
    assert_int_equal(mm_map(mm, &request), request.address);
    for (uint64_t page = 0; page < 4; page++)
        assert_int_equal(user_write(mm, request.address + page * PAGE_SIZE, 1), FAULT_OK);
    struct mm *child = mm_fork(mm, &error);
    mm_drop_object_pages(&range);
    check_tlb(mm);
    for (struct mm *each = mm; each; each = each == mm ? child : NULL) {
        assert_int_equal(user_read(each, request.address + PAGE_SIZE, &value), FAULT_OK);
        assert_int_equal(value, 1); /* before the range */
        assert_int_equal(user_read(each, request.address + 2 * PAGE_SIZE, &value), FAULT_OK);
        assert_int_equal(value, file_byte(6)); /* the private copy is gone */
    }
    range.static_only = true;
    user_write(mm, request.address + 3 * PAGE_SIZE, 2);
    mm_drop_object_pages(&range);
    assert_int_equal(user_read(mm, request.address + 3 * PAGE_SIZE, &value), FAULT_OK);
    assert_int_equal(value, 2);
    mm_put(child);
}

int main(void)
{
#define AREA_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        AREA_TEST(test_mappings_go_top_down_and_fill_holes),
        AREA_TEST(test_random_placement_never_overlaps),
        AREA_TEST(test_hints_are_taken_when_free),
        AREA_TEST(test_equal_neighbours_become_one_area),
        AREA_TEST(test_fixed_addresses_are_checked),
        AREA_TEST(test_limits_hold),
        AREA_TEST(test_the_stack_grows_to_its_limit_and_keeps_its_distance),
        AREA_TEST(test_the_heap_grows_shrinks_and_meets_neighbours),
        AREA_TEST(test_shared_memory_is_seen_by_the_child),
        AREA_TEST(test_advice_is_checked_as_linux_does),
        AREA_TEST(test_remap_grows_in_place_or_moves),
        AREA_TEST(test_an_object_takes_its_pages_back_everywhere),
        AREA_TEST(test_remote_access_crosses_pages_and_breaks_sharing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
