/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/mem/guest_mem.c vmm/dev/virtio/queue.c */
/* The device's side of a split virtqueue against drivers that keep the rules, and others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/vmm_driver.h"
#include "vmm/dev/virtio/queue.h"

struct fixture {
    struct guest_mem mem;
    struct virtq queue;
    struct driver driver;
    struct virtq_chain chain;
};

static int enable(struct fixture *f, bool event_idx, bool indirect)
{
    virtq_reset(&f->queue);
    f->queue.size = DRIVER_SIZE;
    f->queue.desc_gpa = DRIVER_DESC;
    f->queue.avail_gpa = DRIVER_AVAIL;
    f->queue.used_gpa = DRIVER_USED;
    return virtq_enable(&f->queue, &f->mem, event_idx, indirect);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->queue.size_max = VIRTQ_SIZE_MAX;
    *state = f;
    if (guest_mem_create(&f->mem, DRIVER_RAM, 4096) != 0) {
        return -1;
    }
    f->driver.mem = &f->mem;
    return enable(f, false, true);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    guest_mem_destroy(&f->mem);
    free(f);
    return 0;
}

static int pop(struct fixture *f)
{
    return virtq_pop(&f->queue, &f->chain);
}

static void a_chain_comes_and_goes_back(void **state)
{
    struct fixture *f = *state;
    uint32_t id, length;

    assert_int_equal(pop(f), 0);
    driver_desc(&f->driver, 3, DRIVER_DATA, 10, VRING_DESC_F_NEXT, 5);
    driver_desc(&f->driver, 5, DRIVER_DATA + 100, 0, VRING_DESC_F_NEXT, 7);
    driver_desc(&f->driver, 7, DRIVER_DATA + 200, 30, VRING_DESC_F_WRITE, 0);
    driver_offer(&f->driver, 3);
    assert_int_equal(pop(f), 1);
    assert_int_equal(f->chain.head, 3);
    assert_int_equal(f->chain.readable, 1);
    assert_int_equal(f->chain.writable, 1);
    assert_int_equal(f->chain.readable_bytes, 10);
    assert_int_equal(f->chain.writable_bytes, 30);
    assert_int_equal(virtq_copy_out(&f->queue, &f->chain, 5, "hello", 5), 0);
    assert_memory_equal(driver_at(&f->driver, DRIVER_DATA + 205), "hello", 5);
    virtq_push(&f->queue, &f->chain, 10);
    assert_true(virtq_wants_interrupt(&f->queue));
    assert_int_equal(driver_take(&f->driver, &id, &length), 1);
    assert_int_equal(id, 3);
    assert_int_equal(length, 10);
    assert_int_equal(pop(f), 0);
}

static void an_indirect_table_is_walked(void **state)
{
    struct fixture *f = *state;
    struct vring_desc *table = driver_at(&f->driver, DRIVER_TABLE);
    struct iovec iov[VIRTQ_SEGMENTS_MAX];

    for (unsigned int i = 0; i < 40; i++) {
        table[i] = (struct vring_desc){.addr = DRIVER_DATA + i * 64,
                                       .len = 64,
                                       .flags = i < 39 ? VRING_DESC_F_NEXT : 0,
                                       .next = (uint16_t)(i + 1)};
    }
    driver_desc(&f->driver, 0, DRIVER_TABLE, 40 * 16, VRING_DESC_F_INDIRECT, 0);
    driver_offer(&f->driver, 0);
    assert_int_equal(pop(f), 1);
    assert_int_equal(f->chain.readable, 40);
    assert_int_equal(virtq_iov(&f->queue, &f->chain, false, 100, 100, iov), 3);
    assert_int_equal(iov[0].iov_len, 28);
    assert_int_equal(iov[1].iov_len, 64);
    assert_int_equal(iov[2].iov_len, 8);
}

/* After a broken chain the queue gives nothing any more, however often it is asked. */
static void expect_broken(struct fixture *f)
{
    assert_int_equal(pop(f), -EPROTO);
    assert_false(f->queue.ready);
    assert_int_equal(pop(f), 0);
    virtq_push(&f->queue, &f->chain, 1);
    assert_false(virtq_wants_interrupt(&f->queue));
    assert_false(virtq_enable_notify(&f->queue));
}

static void loops_end(void **state)
{
    struct fixture *f = *state;

    driver_desc(&f->driver, 0, DRIVER_DATA, 1, VRING_DESC_F_NEXT, 1);
    driver_desc(&f->driver, 1, DRIVER_DATA, 1, VRING_DESC_F_NEXT, 0);
    driver_offer(&f->driver, 0);
    expect_broken(f);
    /* The same without any bytes. */
    assert_int_equal(enable(f, false, true), 0);
    driver_desc(&f->driver, 0, DRIVER_DATA, 0, VRING_DESC_F_NEXT, 0);
    expect_broken(f);
}

static void indices_stay_in_the_table(void **state)
{
    struct fixture *f = *state;

    driver_offer(&f->driver, DRIVER_SIZE);
    expect_broken(f);
    assert_int_equal(enable(f, false, true), 0);
    *((uint16_t *)driver_at(&f->driver, DRIVER_AVAIL) + 2) = 0;
    driver_desc(&f->driver, 0, DRIVER_DATA, 1, VRING_DESC_F_NEXT, 0xffff);
    expect_broken(f);
}

static void readable_behind_writable_is_refused(void **state)
{
    struct fixture *f = *state;

    driver_desc(&f->driver, 0, DRIVER_DATA, 1, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
    driver_desc(&f->driver, 1, DRIVER_DATA, 1, 0, 0);
    driver_offer(&f->driver, 0);
    expect_broken(f);
}

static void bad_indirect_tables_are_refused(void **state)
{
    static const struct {
        uint64_t gpa;
        uint32_t length;
        uint16_t flags;
    } cases[] = {
        {DRIVER_TABLE, 0, VRING_DESC_F_INDIRECT},
        {DRIVER_TABLE, 15, VRING_DESC_F_INDIRECT},
        {DRIVER_TABLE, 17, VRING_DESC_F_INDIRECT},
        {DRIVER_TABLE, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT},
        {DRIVER_TABLE, 16 * (VIRTQ_SEGMENTS_MAX + 1), VRING_DESC_F_INDIRECT},
        {DRIVER_TABLE, 0xfffffff0u, VRING_DESC_F_INDIRECT},
        {DRIVER_RAM - 8, 16, VRING_DESC_F_INDIRECT},
        {UINT64_MAX - 7, 16, VRING_DESC_F_INDIRECT},
        {0xd0000000u, 16, VRING_DESC_F_INDIRECT},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(driver_at(&f->driver, DRIVER_AVAIL), 0, 64);
        f->driver.avail = 0;
        assert_int_equal(enable(f, false, true), 0);
        driver_desc(&f->driver, 0, cases[i].gpa, cases[i].length, cases[i].flags, 0);
        driver_offer(&f->driver, 0);
        expect_broken(f);
    }
}

static void tables_do_not_nest_and_need_the_feature(void **state)
{
    struct fixture *f = *state;
    struct vring_desc *table = driver_at(&f->driver, DRIVER_TABLE);

    table[0] = (struct vring_desc){.addr = DRIVER_TABLE, .len = 16, .flags = VRING_DESC_F_INDIRECT};
    driver_desc(&f->driver, 0, DRIVER_TABLE, 16, VRING_DESC_F_INDIRECT, 0);
    driver_offer(&f->driver, 0);
    expect_broken(f);
    assert_int_equal(enable(f, false, false), 0);
    table[0].flags = 0;
    expect_broken(f);
}

static void sums_of_lengths_are_bounded(void **state)
{
    struct fixture *f = *state;

    driver_desc(&f->driver, 0, 0, VIRTQ_CHAIN_BYTES_MAX, VRING_DESC_F_NEXT, 1);
    driver_desc(&f->driver, 1, 0, 1, 0, 0);
    driver_offer(&f->driver, 0);
    expect_broken(f);
}

static void segments_outside_memory_are_refused(void **state)
{
    static const uint64_t where[] = {DRIVER_RAM - 1, DRIVER_RAM, 0xd0000000, UINT64_MAX,
                                     UINT64_MAX - 1};
    struct fixture *f = *state;
    struct iovec iov[VIRTQ_SEGMENTS_MAX];
    char bytes[2];

    for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
        driver_desc(&f->driver, 0, where[i], 2, VRING_DESC_F_NEXT, 1);
        driver_desc(&f->driver, 1, where[i], 2, VRING_DESC_F_WRITE, 0);
        driver_offer(&f->driver, 0);
        assert_int_equal(pop(f), 1);
        if (where[i] != DRIVER_RAM) { /* the gap before the archive may be read by system calls */
            assert_int_equal(virtq_iov(&f->queue, &f->chain, false, 0, 2, iov),
                             where[i] == DRIVER_RAM - 1 ? 1 : -EFAULT);
        }
        assert_int_equal(virtq_iov(&f->queue, &f->chain, true, 0, 2, iov), -EFAULT);
        assert_int_equal(virtq_copy_in(&f->queue, &f->chain, 0, bytes, 2), -EFAULT);
        assert_int_equal(virtq_copy_out(&f->queue, &f->chain, 0, bytes, 2), -EFAULT);
    }
    assert_int_equal(virtq_copy_in(&f->queue, &f->chain, 1, bytes, 2), -EFAULT);
}

static void more_available_than_the_ring_holds_is_refused(void **state)
{
    struct fixture *f = *state;

    *((uint16_t *)driver_at(&f->driver, DRIVER_AVAIL) + 1) = DRIVER_SIZE + 1;
    expect_broken(f);
}

static void bad_ring_addresses_are_refused(void **state)
{
    struct fixture *f = *state;
    static const uint64_t bad[] = {DRIVER_RAM - 8, DRIVER_RAM, UINT64_MAX & ~15ull, 0xd0000000};

    for (size_t i = 0; i < 3 * sizeof(bad) / sizeof(bad[0]); i++) {
        virtq_reset(&f->queue);
        f->queue.size = DRIVER_SIZE;
        f->queue.desc_gpa = i % 3 == 0 ? bad[i / 3] & ~15ull : DRIVER_DESC;
        f->queue.avail_gpa = i % 3 == 1 ? bad[i / 3] : DRIVER_AVAIL;
        f->queue.used_gpa = i % 3 == 2 ? bad[i / 3] : DRIVER_USED;
        assert_int_equal(virtq_enable(&f->queue, &f->mem, true, true), -EPROTO);
    }
    f->queue.desc_gpa = DRIVER_DESC + 8; /* alignment, 2.7 */
    f->queue.avail_gpa = DRIVER_AVAIL;
    f->queue.used_gpa = DRIVER_USED;
    assert_int_equal(virtq_enable(&f->queue, &f->mem, true, true), -EPROTO);
    for (uint16_t size = 0; size < 300; size++) {
        f->queue.desc_gpa = DRIVER_DESC;
        f->queue.size = size;
        assert_int_equal(virtq_enable(&f->queue, &f->mem, true, true) == 0,
                         size != 0 && size <= VIRTQ_SIZE_MAX && (size & (size - 1)) == 0);
    }
}

static void the_event_index_says_when(void **state)
{
    struct fixture *f = *state;
    uint16_t *avail = driver_at(&f->driver, DRIVER_AVAIL);
    uint8_t *used = driver_at(&f->driver, DRIVER_USED);
    uint16_t event;

    assert_int_equal(enable(f, true, true), 0);
    driver_desc(&f->driver, 0, DRIVER_DATA, 1, 0, 0);
    for (unsigned int i = 0; i < 3; i++) {
        driver_offer(&f->driver, 0);
    }
    avail[2 + DRIVER_SIZE] = 1; /* interrupt me for the second */
    assert_int_equal(pop(f), 1);
    virtq_push(&f->queue, &f->chain, 0);
    assert_false(virtq_wants_interrupt(&f->queue));
    assert_int_equal(pop(f), 1);
    virtq_push(&f->queue, &f->chain, 0);
    assert_true(virtq_wants_interrupt(&f->queue));
    assert_false(virtq_wants_interrupt(&f->queue));
    assert_true(virtq_enable_notify(&f->queue)); /* one more is there */
    assert_int_equal(pop(f), 1);
    assert_false(virtq_enable_notify(&f->queue));
    memcpy(&event, used + 4 + 8 * DRIVER_SIZE, sizeof(event));
    assert_int_equal(event, 3);
}

static void a_chain_can_be_put_back(void **state)
{
    struct fixture *f = *state;

    driver_desc(&f->driver, 0, DRIVER_DATA, 1, 0, 0);
    driver_offer(&f->driver, 0);
    assert_int_equal(pop(f), 1);
    virtq_unpop(&f->queue);
    assert_int_equal(pop(f), 1);
    assert_int_equal(pop(f), 0);
}

/* Random rings: every pop ends, and nothing outside memory is ever handed out (ASan watches). */
static void random_rings_do_no_harm(void **state)
{
    struct fixture *f = *state;
    struct iovec iov[VIRTQ_SEGMENTS_MAX];
    unsigned int popped = 0;

    srand(1);
    for (unsigned int round = 0; round < 20000; round++) {
        uint16_t *avail = driver_at(&f->driver, DRIVER_AVAIL);

        assert_int_equal(enable(f, rand() & 1, true), 0);
        for (unsigned int i = 0; i < DRIVER_SIZE; i++) {
            uint64_t gpa = rand() % 4 != 0 ? (uint64_t)rand() % DRIVER_RAM : (uint64_t)rand() << 33;

            driver_desc(&f->driver, i, gpa, (uint32_t)rand() % 70000u, (uint16_t)(rand() % 8),
                        (uint16_t)(rand() % (DRIVER_SIZE + 1)));
            avail[2 + i] = (uint16_t)(rand() % (DRIVER_SIZE + 1));
        }
        avail[1] = (uint16_t)(rand() % (DRIVER_SIZE + 2));
        while (pop(f) == 1) {
            popped++;
            for (int writable = 0; writable < 2; writable++) {
                int count = virtq_iov(&f->queue, &f->chain, writable, (uint32_t)rand() % 100u,
                                      UINT32_MAX, iov);

                for (int i = 0; i < count; i++) {
                    if (writable) {
                        *(volatile uint8_t *)iov[i].iov_base = 1;
                    }
                }
            }
            virtq_push(&f->queue, &f->chain, 0);
            virtq_wants_interrupt(&f->queue);
        }
    }
    assert_true(popped > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain_comes_and_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(an_indirect_table_is_walked, setup, teardown),
        cmocka_unit_test_setup_teardown(loops_end, setup, teardown),
        cmocka_unit_test_setup_teardown(indices_stay_in_the_table, setup, teardown),
        cmocka_unit_test_setup_teardown(readable_behind_writable_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_indirect_tables_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_do_not_nest_and_need_the_feature, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_of_lengths_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(segments_outside_memory_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(more_available_than_the_ring_holds_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bad_ring_addresses_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_event_index_says_when, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chain_can_be_put_back, setup, teardown),
        cmocka_unit_test_setup_teardown(random_rings_do_no_harm, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
