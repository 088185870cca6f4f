/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/drivers/screen.c guest/drivers/font.c tests/unit/driver_fakes.c */
/* Text on a framebuffer: where letters are, how lines scroll, what screens are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch/boot_info.h"
#include "drivers/font.h"
#include "drivers/screen.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"

#define WIDTH 200u /* 25 columns */
#define HEIGHT 104u /* 6 rows, and half a one */
#define STRIDE 832u
#define GUARD 0x5a

struct boot_info boot_info;
static uint8_t frame[STRIDE * HEIGHT + 64];

/* ---- what screen.c calls -------------------------------------------------------- */

bool page_alloc(unsigned int order, unsigned int flags, paddr_t *pa)
{
    static uint8_t pages[2 * PAGE_SIZE];
    (void)flags;
    assert_true(PAGE_SIZE << order <= sizeof(pages));
    *pa = PADDR((uint64_t)pages - DIRECT_MAP_BASE); /* phys_to_virt() finds it */
    return true;
}

void *paging_map_device(paddr_t pa, uint64_t size)
{
    (void)pa;
    assert_int_equal(size, boot_info.screen.stride * boot_info.screen.height);
    return frame;
}

/* ---- */

static void set_screen(uint32_t pixel_bytes)
{
    memset(frame, GUARD, sizeof(frame));
    boot_info.screen = (struct guest_screen){GUEST_SCREEN_VERSION, WIDTH,  HEIGHT, STRIDE, 0x1000,
                                             pixel_bytes,          0xf800, 0x7e0,  0x1f};
}

static bool lit(uint32_t x, uint32_t y)
{
    uint32_t pixel = 0;
    memcpy(&pixel, frame + y * STRIDE + x * boot_info.screen.pixel_bytes,
           boot_info.screen.pixel_bytes);
    return pixel != 0;
}

/* The letter of a cell, as the font has it; '?' stands for none. */
static char letter(uint32_t row, uint32_t column)
{
    for (uint8_t c = FONT_FIRST; c <= FONT_LAST; c++) {
        bool same = true;
        for (uint32_t r = 0; r < FONT_ROWS; r++)
            for (uint32_t x = 0; x < FONT_COLUMNS; x++)
                same = same && lit(column * 8 + 1 + x, row * 16 + 1 + 2 * r) ==
                                   (font_rows[c - FONT_FIRST][r] >> (4 - x) & 1);
        if (same)
            return (char)c;
    }
    return '\0';
}

static void expect_row(uint32_t row, const char *text)
{
    for (uint32_t column = 0; column < 25; column++) {
        char want = *text ? *text++ : ' ';
        if (letter(row, column) != want)
            fail_msg("row %u column %u: '%c', not '%c'", row, column, letter(row, column), want);
    }
}

static void say(const char *text)
{
    screen_write(text, strlen(text));
}

static void refused_screens(void **state)
{
    (void)state;
    screen_write("nothing", 7); /* no screen yet */
    set_screen(4);
    boot_info.screen.version = 2;
    assert_false(screen_init());
    set_screen(3);
    assert_false(screen_init());
    set_screen(4);
    boot_info.screen.stride = WIDTH * 4 - 1;
    assert_false(screen_init());
    set_screen(4);
    boot_info.screen.width = 100;
    assert_false(screen_init());
    set_screen(4);
    boot_info.screen.height = 40;
    assert_false(screen_init());
    set_screen(4);
    boot_info.screen.height = boot_info.screen.width = UINT32_MAX;
    assert_false(screen_init());
    set_screen(4);
    boot_info.screen.address = UINT64_MAX - 100;
    assert_false(screen_init());
}

static void letters_and_lines(void **state)
{
    (void)state;
    set_screen(4);
    assert_true(screen_init());
    assert_int_equal(frame[0], GUARD); /* the firmware's picture stays until there is text */
    say("Hello, World! {g}\n\tat 8\rX\b\bY\n");
    expect_row(0, "Hello, World! {g}");
    expect_row(1, "Y       at 8");
    expect_row(2, "");
    for (uint32_t y = 0; y < HEIGHT; y++)
        assert_int_equal(frame[y * STRIDE + WIDTH * 4], GUARD); /* what is beyond the line */
    say("\033[1;31mred\033[0m caf\xc3\xa9\001\n");
    expect_row(2, "red caf?");
    say("abcdefghijklmnopqrstuvwxyz12\n"); /* longer than a line */
    expect_row(3, "abcdefghijklmnopqrstuvwxy");
    expect_row(4, "z12");
    say("six\nseven");
    expect_row(0, "Y       at 8"); /* one line further */
    expect_row(4, "six");
    expect_row(5, "seven");
    say("\n\n\n\n\n\n\n");
    for (uint32_t row = 0; row < 6; row++)
        expect_row(row, "");
}

static void small_pixels(void **state)
{
    (void)state;
    set_screen(2);
    assert_true(screen_init());
    memset(frame, 0, sizeof(frame)); /* as it was drawn before */
    say("\r~16 bits~");
    expect_row(5, "~16 bits~");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_screens),
        cmocka_unit_test(letters_and_lines),
        cmocka_unit_test(small_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
