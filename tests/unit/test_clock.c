/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/arch/clock.c guest/arch/calibrate.c guest/arch/rtc.c
 * guest/arch/vdso_page.c guest/arch/spinlock.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "arch/apic_internal.h"
#include "arch/boot_info.h"
#include "arch/calibrate.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/rtc.h"
#include "arch/vdso.h"
#include "arch/vdso/vvar.h"
#include "lib/panic.h"
#include "lib/printf.h"

struct cpu_features cpu_features;
struct boot_info boot_info;
static uint64_t armed_tsc;

void apic_timer_arm(uint64_t tsc)
{
    armed_tsc = tsc;
}
void apic_timer_disarm(void)
{
    armed_tsc = 0;
}

static const uint64_t frequencies_khz[] = {100, 1000000, 1999999, 2394560, 3999000, 10000000};

static void set_frequency(uint64_t khz)
{
    clock_params = (struct clock_params){.tsc_base = 1000, .tsc_khz = khz, .shift = 32};
    while ((1000000ul << clock_params.shift) / khz > UINT32_MAX)
        clock_params.shift--;
    clock_params.mult = (uint32_t)((1000000ul << clock_params.shift) / khz);
}

/* The base, to a nanosecond: rounding goes either way. */
static void the_time_that_the_monitor_tells_is_used(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof(frequencies_khz) / sizeof(*frequencies_khz); f++) {
        uint64_t khz = frequencies_khz[f];
        set_frequency(khz);
        struct clock_params expected = clock_params;
        clock_params = (struct clock_params){.tsc_base = 0};
        boot_info.cpu = (struct guest_cpu){.version = GUEST_CPU_VERSION,
                                           .tsc_khz = (uint32_t)khz,
                                           .wall_ns = 7000000000ul,
                                           .wall_tsc = 10 * khz};
        clock_init(5 * khz); /* 5 ms before */
        assert_int_equal(clock_params.mult, expected.mult);
        assert_int_equal(clock_params.shift, expected.shift);
        assert_int_equal(clock_params.tsc_khz, khz);
        assert_in_range(clock_params.wall_base_ns, 6995000000ul - 1, 6995000000ul + 1);
        clock_init(11 * khz); /* a millisecond after */
        assert_in_range(clock_params.wall_base_ns, 7001000000ul - 1, 7001000000ul + 1);
    }
    boot_info.cpu = (struct guest_cpu){0};
}

static void mul_div_is_exact_and_saturates(void **state)
{
    (void)state;
    srand(2);
    for (int i = 0; i < 100000; i++) {
        uint64_t a = ((uint64_t)rand() << 31) ^ (uint64_t)rand(), b = (uint64_t)rand() << (i % 33);
        uint64_t c = ((uint64_t)rand() << (i % 20)) + 1;
        unsigned __int128 exact = (unsigned __int128)a * b / c;
        uint64_t expected = exact > UINT64_MAX ? UINT64_MAX : (uint64_t)exact;
        assert_true(mul_div(a, b, c) == expected);
    }
}

/* A timer armed for a time must find that the clock has reached it. */
static void timers_are_never_early(void **state)
{
    (void)state;
    srand(3);
    for (size_t f = 0; f < sizeof(frequencies_khz) / sizeof(*frequencies_khz); f++) {
        set_frequency(frequencies_khz[f]);
        for (int i = 0; i < 100000; i++) {
            uint64_t ns = ((uint64_t)rand() << 20 ^ (uint64_t)rand()) >> (rand() % 40);
            uint64_t tsc = clock_ns_to_tsc(ns);
            assert_true(clock_tsc_to_ns(tsc) >= ns);
            /* and not late by more than the ticks around it */
            assert_true(clock_tsc_to_ns(tsc) - ns <= 2 * (1000000 / frequencies_khz[f] + 1));
        }
    }
}

static void extremes_do_not_wrap(void **state)
{
    (void)state;
    set_frequency(3000000);
    assert_true(clock_ns_to_tsc(UINT64_MAX) == UINT64_MAX);
    assert_true(clock_ns_to_tsc(INT64_MAX) > clock_ns_to_tsc(1ul << 60));
    assert_int_equal(clock_tsc_to_ns(0), 0); /* before boot: another CPU's TSC, a moment behind */
    clock_arm((uint64_t)INT64_MAX);
    assert_true(armed_tsc > 1ul << 60);
}

static void a_year_is_a_year(void **state)
{
    const uint64_t year_ns = 365ul * 86400 * 1000000000;

    (void)state;
    set_frequency(2000000);
    uint64_t ns = clock_tsc_to_ns(clock_params.tsc_base + year_ns * 2);
    assert_true(ns > year_ns - year_ns / 1000000000 && ns <= year_ns);
}

static void dates_agree_with_the_c_library(void **state)
{
    (void)state;
    for (time_t day = 0; day < 366 * 200; day++) {
        time_t seconds = day * 86400;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        assert_int_equal(rtc_days_from_date((uint32_t)tm.tm_year + 1900, (uint32_t)tm.tm_mon + 1,
                                            (uint32_t)tm.tm_mday),
                         day);
    }
}

static void setting_the_wall_clock_reaches_programs(void **state)
{
    (void)state;
    set_frequency(1000000);
    clock_params.tsc_base = rdtsc();
    const struct vvar *vvar = vdso_vvar_page();
    assert_int_equal(vvar->sequence % 2, 0);
    uint32_t before = vvar->sequence;
    clock_set_wall(1700000000123456789ul);
    assert_int_equal(vvar->sequence, before + 2);
    assert_true(clock_wall_ns() >= 1700000000123456789ul);
    assert_int_equal(vvar->wall_seconds * 1000000000 + vvar->wall_ns, clock_params.wall_base_ns);
    assert_true(vvar->wall_ns < 1000000000);
}

static void programs_count_as_the_kernel_does(void **state)
{
    const struct vvar *vvar = vdso_vvar_page();

    (void)state;
    for (size_t f = 0; f < sizeof(frequencies_khz) / sizeof(*frequencies_khz); f++) {
        set_frequency(frequencies_khz[f]);
        vdso_update_clock();
        for (uint64_t ticks = 1; ticks < 1ul << 61; ticks = ticks * 3 + 1) {
            unsigned __int128 part = (unsigned __int128)ticks * vvar->ns_part;
            assert_int_equal(ticks * vvar->ns_whole + (uint64_t)(part >> 64),
                             clock_tsc_to_ns(clock_params.tsc_base + ticks));
        }
    }
}

/* ---- calibration: the clocks are made of the TSC itself, a thousand times slower -------- */

#define SLOWER 1000u
#define FAKE_KHZ 2000000u /* what the TSC's rate is taken to be */

static unsigned int fake_log_lines;

void klog(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
    fake_log_lines++;
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

static uint32_t read_good(void)
{
    return (uint32_t)(rdtsc() / SLOWER) + 0xffffff00u; /* wraps soon */
}

static uint32_t read_still(void)
{
    return 7;
}

/* Once in a millisecond it leaves 0.3 out. */
static uint32_t read_jumping(void)
{
    uint64_t now = rdtsc();
    return (uint32_t)((now + now / FAKE_KHZ * (FAKE_KHZ * 3 / 10)) / SLOWER);
}

static uint32_t (*fake_first)(void);

static bool find_reference(unsigned int index, struct clock_reference *out)
{
    *out = (struct clock_reference){.name = index == 0 ? "first" : "second",
                                    .read = index == 0 ? fake_first : read_good,
                                    .hz = FAKE_KHZ * 1000ul / SLOWER,
                                    .mask = 0xffffff};
    return index != 0 || fake_first != NULL;
}

static const char *calibrate(uint32_t (*first)(void))
{
    const char *source = NULL;
    fake_first = first;
    fake_log_lines = 0;
    clock_set_references(find_reference);
    uint64_t khz = calibrate_tsc_khz(&source);
    assert_in_range(khz, FAKE_KHZ - FAKE_KHZ / 50, FAKE_KHZ + FAKE_KHZ / 50);
    return source;
}

static void the_tsc_is_measured_and_bad_clocks_are_passed_over(void **state)
{
    (void)state;
    assert_string_equal(calibrate(read_good), "first");
    assert_int_equal(fake_log_lines, 0);
    assert_string_equal(calibrate(NULL), "second");
    assert_int_equal(fake_log_lines, 0);
    assert_string_equal(calibrate(read_still), "second");
    assert_int_equal(fake_log_lines, 1);
    assert_string_equal(calibrate(read_jumping), "second");
    assert_int_equal(fake_log_lines, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_that_the_monitor_tells_is_used),
        cmocka_unit_test(the_tsc_is_measured_and_bad_clocks_are_passed_over),
        cmocka_unit_test(mul_div_is_exact_and_saturates),
        cmocka_unit_test(timers_are_never_early),
        cmocka_unit_test(extremes_do_not_wrap),
        cmocka_unit_test(a_year_is_a_year),
        cmocka_unit_test(dates_agree_with_the_c_library),
        cmocka_unit_test(setting_the_wall_clock_reaches_programs),
        cmocka_unit_test(programs_count_as_the_kernel_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
