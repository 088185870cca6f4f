/* SPDX-License-Identifier: BSD-2-Clause */
/* links: boot/efi/memmap.c */
/* The firmware's memory map: against a model of pages, and what is absurd in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/memmap.h"

#define WB 8ull
#define PAGES 256u
#define STEP 48u /* as OVMF's: longer than the structure */
#define ENTRIES 64u

static struct memmap_scratch scratch;
static struct pvh_memmap_entry entries[512];
static uint8_t map[(MEMMAP_DESCRIPTORS_MAX + 1) * STEP];

static void set(unsigned int at, uint32_t type, uint64_t start, uint64_t pages, uint64_t attributes)
{
    struct memmap_descriptor d = {type, 0, start, 0, pages, attributes};
    memcpy(map + (size_t)at * STEP, &d, sizeof(d));
}

static unsigned int convert(unsigned int count)
{
    return memmap_convert(map, (uint64_t)count * STEP, STEP, entries, ENTRIES, &scratch);
}

static void expect(unsigned int at, uint64_t start, uint64_t size, uint32_t type)
{
    assert_int_equal(entries[at].addr, start);
    assert_int_equal(entries[at].size, size);
    assert_int_equal(entries[at].type, type);
}

static void types(void **state)
{
    static const uint32_t want[] = {2, 1, 1, 1, 1, 2, 2, 1, 5, 3, 4, 2, 2, 2, 2, 2};
    (void)state;
    for (uint32_t type = 0; type < 16; type++) {
        set(0, type, 0x1000, 1, WB);
        assert_int_equal(convert(1), 1);
        expect(0, 0x1000, 0x1000, want[type]);
    }
    /* Memory that is not write-back, or for special purposes, is not ours. */
    set(0, 7, 0x1000, 1, 1);
    convert(1);
    expect(0, 0x1000, 0x1000, PVH_MEM_RESERVED);
    set(0, 7, 0x1000, 1, WB | 0x40000);
    convert(1);
    expect(0, 0x1000, 0x1000, PVH_MEM_RESERVED);
}

static void neighbours_become_one(void **state)
{
    (void)state;
    set(0, 7, 0x200000, 0x100, WB);
    set(1, 1, 0, 0xa0, WB);
    set(2, 4, 0x300000, 0x10, WB);
    set(3, 9, 0x310000, 1, WB);
    assert_int_equal(convert(4), 3);
    expect(0, 0, 0xa0000, PVH_MEM_RAM);
    expect(1, 0x200000, 0x110000, PVH_MEM_RAM);
    expect(2, 0x310000, 0x1000, PVH_MEM_ACPI);
    assert_int_equal(memmap_ram(entries, 3), 0xa0000 + 0x110000);
}

static void absurd_descriptors(void **state)
{
    (void)state;
    set(0, 7, 0x1000, 0, WB); /* empty */
    set(1, 7, 0x1000, UINT64_MAX, WB); /* wraps around */
    set(2, 7, UINT64_MAX - 0xfff, 1, WB); /* beyond all memory */
    set(3, 7, 0x5800, 1, WB); /* not aligned, and no whole page */
    set(4, 0, 0x8800, UINT64_MAX / 2, WB); /* reserved to the end of all */
    set(5, 7, 0x2000, 2, WB);
    assert_int_equal(convert(6), 2);
    expect(0, 0x2000, 0x2000, PVH_MEM_RAM);
    expect(1, 0x8000, (1ull << 52) - 0x8000, PVH_MEM_RESERVED);
    assert_int_equal(convert(0), 0);
    /* Steps that no firmware has, more descriptors than fit, more entries than fit. */
    assert_int_equal(memmap_convert(map, 4096, 39, entries, ENTRIES, &scratch), 0);
    assert_int_equal(memmap_convert(map, 4096, 0, entries, ENTRIES, &scratch), 0);
    assert_int_equal(convert(MEMMAP_DESCRIPTORS_MAX + 1), 0);
    for (unsigned int i = 0; i <= ENTRIES; i++)
        set(i, 7 + i % 2 * 2, i * 0x1000ull, 1, WB);
    assert_int_equal(convert(ENTRIES + 1), 0);
}

static void no_more_ram_than_the_kernel_takes(void **state)
{
    (void)state;
    set(0, 7, 0x1000, 1, WB); /* low memory stays, however small: other CPUs begin there */
    for (unsigned int i = 0; i < 40; i++)
        set(i + 1, 7, 0x100000 + i * 0x100000ull, 1 + (i * 7) % 40, WB);
    unsigned int count = convert(41);
    assert_int_equal(count, MEMMAP_RAM_MAX);
    expect(0, 0x1000, 0x1000, PVH_MEM_RAM);
    for (unsigned int i = 1; i < count; i++)
        assert_true(entries[i].size >= 10 * 0x1000);
}

static void where_the_kernel_goes(void **state)
{
    uint32_t type;
    uint64_t at;
    (void)state;
    set(0, 7, 0x100000, 0x200, WB);
    set(1, 10, 0x300000, 1, WB);
    set(2, 7, 0x301000, 0x10, WB);
    unsigned int count = convert(3);
    assert_true(memmap_is_ram(entries, count, 0x200000, 0x300000, &type, &at));
    assert_false(memmap_is_ram(entries, count, 0x200000, 0x302000, &type, &at));
    assert_int_equal(type, PVH_MEM_NVS);
    assert_int_equal(at, 0x300000);
    assert_false(memmap_is_ram(entries, count, 0x310000, 0x312000, &type, &at));
    assert_int_equal(type, 0);
    assert_int_equal(at, 0x311000);
    assert_false(memmap_is_ram(entries, count, 0, 0x1000, &type, &at));
}

static unsigned int rank(uint32_t type)
{
    static const uint8_t ranks[] = {0, 1, 4, 2, 3, 5};
    return ranks[type];
}

/* Any descriptors, overlapping at will: page by page the strictest one counts. */
static void against_a_model(void **state)
{
    static const uint32_t from[] = {7, 0, 9, 10, 8, 4}, to[] = {1, 2, 3, 4, 5, 1};
    (void)state;
    srandom(1);
    for (unsigned int round = 0; round < 3000; round++) {
        uint32_t model[PAGES] = {0};
        unsigned int count = 1 + (unsigned int)random() % 24;
        for (unsigned int i = 0; i < count; i++) {
            unsigned int kind = (unsigned int)random() % 6;
            unsigned int start = (unsigned int)random() % PAGES;
            unsigned int pages = (unsigned int)random() % 40;
            if (start + pages > PAGES)
                pages = PAGES - start;
            set(i, from[kind], start * 4096ull, pages, WB);
            for (unsigned int p = start; p < start + pages; p++)
                if (rank(to[kind]) > rank(model[p]))
                    model[p] = to[kind];
        }
        unsigned int found = convert(count);
        for (unsigned int i = 0; i < found; i++) {
            if (i > 0)
                assert_true(entries[i - 1].addr + entries[i - 1].size < entries[i].addr ||
                            (entries[i - 1].addr + entries[i - 1].size == entries[i].addr &&
                             entries[i - 1].type != entries[i].type));
            for (uint64_t p = entries[i].addr >> 12; p < (entries[i].addr + entries[i].size) >> 12;
                 p++) {
                assert_int_equal(model[p], entries[i].type);
                model[p] = 0;
            }
        }
        for (unsigned int p = 0; p < PAGES; p++)
            assert_int_equal(model[p], 0); /* all of it was told */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),
        cmocka_unit_test(neighbours_become_one),
        cmocka_unit_test(absurd_descriptors),
        cmocka_unit_test(no_more_ram_than_the_kernel_takes),
        cmocka_unit_test(where_the_kernel_goes),
        cmocka_unit_test(against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
