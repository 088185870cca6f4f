/* SPDX-License-Identifier: BSD-2-Clause */
/* kmalloc(): objects do not overlap, sizes hold, pages come back, failure is NULL. */
/* links: guest/lib/rbtree.c guest/mm/slab.c guest/mm/page_table.c guest/mm/page_table_ops.c
 * guest/lib/settings.c guest/mm/vma.c guest/mm/vma_map.c guest/mm/fault.c guest/mm/gate.c
 * guest/mm/mm.c guest/mm/remap.c guest/mm/madvise.c guest/mm/mm_list.c guest/mm/shared_memory.c
 * tests/unit/mm_fakes.c */
#include "unit/mm_fakes.h"

#include <stdlib.h>
#include <string.h>

#include "mm/slab.h"

#define OBJECTS 400

static struct {
    uint8_t *data;
    size_t size;
    uint8_t fill;
} objects[OBJECTS];

static void check_fill(int i)
{
    for (size_t at = 0; at < objects[i].size; at++)
        assert_int_equal(objects[i].data[at], objects[i].fill);
}

static void test_random_objects_keep_their_contents(void **state)
{
    static const size_t sizes[] = {1,   8,   16,  17,  64,   90,   128,  200,
                                   300, 500, 700, 900, 1500, 1920, 1921, 5000};

    (void)state;
    srandom(2);
    for (int step = 0; step < 40000; step++) {
        int i = (int)(random() % OBJECTS);

        if (objects[i].data) {
            check_fill(i);
            kfree(objects[i].data);
            objects[i].data = NULL;
            continue;
        }
        objects[i].size = sizes[(size_t)random() % ARRAY_SIZE(sizes)];
        objects[i].fill = (uint8_t)random();
        objects[i].data = kmalloc(objects[i].size);
        assert_non_null(objects[i].data);
        assert_int_equal((uintptr_t)objects[i].data % 16, 0);
        memset(objects[i].data, objects[i].fill, objects[i].size);
    }
    for (int i = 0; i < OBJECTS; i++) {
        if (objects[i].data)
            check_fill(i);
        kfree(objects[i].data);
        objects[i].data = NULL;
    }
    assert_int_equal(slab_objects_in_use(), 0);
    /* The page being carved stays, and one whose objects went while it was carved. */
    assert_in_range(fake_pages_in_use(), 0, 4);
}

static void test_a_few_objects_of_all_sizes_share_few_pages(void **state)
{
    void *held[12];
    uint64_t before = fake_pages_in_use();

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(held); i++) {
        held[i] = kmalloc(16u << (i % 6));
        assert_non_null(held[i]);
    }
    assert_in_range(fake_pages_in_use() - before, 0, 2);
    for (unsigned int i = 0; i < ARRAY_SIZE(held); i++)
        kfree(held[i]);
}

static void test_zeroed_memory_is_zero_after_reuse(void **state)
{
    (void)state;
    uint8_t *object = kmalloc(100);
    memset(object, 0xff, 100);
    kfree(object);
    object = kzalloc(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(object[i], 0);
    kfree(object);
}

static void test_overflow_and_huge_sizes_are_refused(void **state)
{
    (void)state;
    assert_null(kcalloc(SIZE_MAX / 2, 3));
    assert_null(kmalloc((PAGE_SIZE << PAGE_ORDER_MAX) + 1));
    assert_null(kmalloc(SIZE_MAX));
    kfree(NULL);
}

static void test_failure_is_null_and_changes_nothing(void **state)
{
    (void)state;
    uint64_t objects_before = slab_objects_in_use();
    page_fault_injection(1);
    assert_null(kmalloc(64));
    page_fault_injection(1);
    assert_null(kmalloc(3000));
    assert_int_equal(slab_objects_in_use(), objects_before);
}

static void test_realloc_keeps_contents(void **state)
{
    (void)state;
    char *text = kstrdup("twelve chars");
    text = krealloc(text, 13, 4000);
    assert_string_equal(text, "twelve chars");
    text = krealloc(text, 4000, 5);
    assert_memory_equal(text, "twelv", 5);
    kfree(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_few_objects_of_all_sizes_share_few_pages),
        cmocka_unit_test(test_random_objects_keep_their_contents),
        cmocka_unit_test(test_zeroed_memory_is_zero_after_reuse),
        cmocka_unit_test(test_overflow_and_huge_sizes_are_refused),
        cmocka_unit_test(test_failure_is_null_and_changes_nothing),
        cmocka_unit_test(test_realloc_keeps_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
