/* SPDX-License-Identifier: BSD-2-Clause */
/* ChaCha20 as RFC 8439 says; the generator: seeded, different, erased, evenly spread. */
/* links: guest/lib/chacha20.c guest/arch/random.c tests/unit/driver_fakes.c */
#include "unit/driver_fakes.h"

#include <string.h>

#include "arch/cpu.h"
#include "lib/chacha20.h"
#include "lib/random.h"

struct cpu_features cpu_features; /* neither RDRAND nor RDSEED */

/* RFC 8439, 2.3.2 */
static void test_block_function(void **state)
{
    static const uint8_t expected[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    uint8_t key[32], out[64];
    (void)state;
    for (unsigned int i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, expected, sizeof(out));
}

static unsigned int source_calls;

static void source(void)
{
    static const uint8_t seed[32] = {1, 2, 3};
    source_calls++;
    random_seed_add(seed, sizeof(seed));
}

/* Runs first: the generator has no seed then. */
static void test_source_is_asked_once(void **state)
{
    (void)state;
    assert_false(random_is_seeded());
    (void)random_u64(); /* works all the same */
    assert_false(random_is_seeded());
    random_wait_seeded(); /* no source yet */
    random_set_source(source);
    random_wait_seeded();
    assert_true(random_is_seeded());
    random_wait_seeded();
    assert_int_equal(source_calls, 1);
}

static void test_all_sizes_differ_and_stay_inside(void **state)
{
    uint8_t a[600], b[600];
    (void)state;
    for (size_t size = 16; size <= 500; size += 7) {
        memset(a, 0xee, sizeof(a));
        random_bytes(a, size);
        random_bytes(b, size);
        assert_memory_not_equal(a, b, size);
        for (size_t i = size; i < sizeof(a); i++)
            assert_int_equal(a[i], 0xee);
        static const uint8_t untouched[4] = {0xee, 0xee, 0xee, 0xee};
        assert_memory_not_equal(a + size - 4, untouched, 4);
    }
}

static void test_bits_are_balanced(void **state)
{
    unsigned int ones = 0;
    (void)state;
    for (unsigned int i = 0; i < 10000; i++)
        ones += (unsigned int)__builtin_popcountll(random_u64());
    assert_in_range(ones, 318000, 322000); /* 5 standard deviations of 640,000 bits */
}

static void test_below_is_even_and_bounded(void **state)
{
    unsigned int counts[6] = {0};
    (void)state;
    for (unsigned int i = 0; i < 60000; i++) {
        uint64_t value = random_below(6);
        assert_true(value < 6);
        counts[value]++;
    }
    for (unsigned int i = 0; i < 6; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_int_equal(random_below(1), 0);
    assert_true(random_below((1ull << 63) + 1) <= 1ull << 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_function),
        cmocka_unit_test(test_source_is_asked_once),
        cmocka_unit_test(test_all_sizes_differ_and_stay_inside),
        cmocka_unit_test(test_bits_are_balanced),
        cmocka_unit_test(test_below_is_even_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
