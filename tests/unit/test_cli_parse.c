/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/cli/parse.c vmm/cli/stats.c vmm/cli/output.c */
/*
 * Sizes, durations and numbers as users type them; statistics as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/cli/stats.h"

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"1k", 1024},
        {"16M", 16 << 20},
        {"16MiB", 16 << 20},
        {"2G", 2ull << 30},
        {"2GB", 2ull << 30},
        {"17179869183G", 17179869183ull << 30},
    };
    static const char *const bad[] = {"",
                                      "M",
                                      "1X",
                                      "-1",
                                      "+1",
                                      "1 M",
                                      " 1",
                                      "1.5G",
                                      "1MM",
                                      "0x10",
                                      "1GBs",
                                      "18446744073709551616",
                                      "17179869184G"};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(parse_size(good[i].text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parse_size(bad[i], &bytes));
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t milliseconds;
    } good[] = {
        {"0", 0},      {"1", 1000},    {"1s", 1000},   {"250ms", 250},
        {"1.5", 1500}, {"1.5s", 1500}, {"2m", 120000}, {"1h", 3600000},
        {"0.001", 1},  {"0.0001", 1},  {"1.25ms", 2},  {"0.5m", 30000},
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "1d",
                                      "-1",
                                      "1.",
                                      ".5",
                                      "1,5",
                                      "1.5.5",
                                      "1e3",
                                      "18446744073709551615h",
                                      "1.12345678901s",
                                      "never"};
    uint64_t milliseconds;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(parse_duration(good[i].text, &milliseconds));
        assert_int_equal(milliseconds, good[i].milliseconds);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parse_duration(bad[i], &milliseconds));
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t number;
    assert_true(parse_number("64", 64, &number));
    assert_false(parse_number("65", 64, &number));
    assert_false(parse_number("", 64, &number));
    assert_false(parse_number("6 ", 64, &number));
}

static void test_statistics_name_calls(void **state)
{
    (void)state;
    struct vmm_stats stats = {.size = sizeof(stats), .engine = VMM_ENGINE_QEMU};
    struct vmm_result result = {.outcome = VMM_KILLED, .value = 9};
    struct text text = {0};
    stats.syscalls[0] = 3;
    stats.syscalls[231] = 1;
    stats.syscalls[334] = 4;
    stats.syscalls[400] = 5;
    stats.syscalls[435] = 6;
    stats.syscalls[511] = 7;
    stats_format(&text, &stats, &result, 137);
    assert_false(text.failed);
    assert_non_null(strstr(text.bytes, "\"outcome\": \"killed\""));
    assert_non_null(strstr(text.bytes, "\"status\": 137"));
    assert_non_null(strstr(text.bytes, "{\"read\": 3, \"exit_group\": 1, \"rseq\": 4, \"400\": 5, "
                                       "\"clone3\": 6, \"511\": 7}"));
    free(text.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_statistics_name_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
