/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See screen.h.  A framebuffer is slow to write and slower to read: what is on it is
 * remembered, and scrolling draws only the cells that change.
 */
#include "drivers/screen.h"

#include "arch/boot_info.h"
#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "drivers/font.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"

#define CELL_WIDTH 8u
#define CELL_HEIGHT 16u
#define LETTER_LEFT 1u /* where its columns begin in the cell */
#define COLUMNS_MAX 256u
#define ROWS_MAX 128u
#define COLUMNS_MIN 20u
#define ROWS_MIN 5u
#define LARGE_WIDTH 2560u /* from here on letters are twice as large */
#define SIDE_MAX 16384u
#define TAB 8u
#define ESCAPE 0x1b
#define LOCK_TRIES 100000000u /* more than a whole screen takes */

enum escape_state { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_SEQUENCE };

static struct {
    struct spinlock lock;
    uint8_t *pixels; /* NULL: no screen */
    uint8_t *cells; /* what is drawn: rows of columns, blank as a space */
    uint32_t stride, pixel_bytes, foreground, scale;
    uint32_t columns, rows, column, row;
    enum escape_state escape;
    bool drawn; /* the firmware's picture has gone */
} screen = {.lock = SPINLOCK_INIT(LOCK_RANK_ANY)};

static uint32_t three_quarters(uint32_t mask)
{
    return mask & (mask - (mask >> 2));
}

bool screen_init(void)
{
    const struct guest_screen *s = &boot_info.screen;

    if (s->version != GUEST_SCREEN_VERSION || (s->pixel_bytes != 2 && s->pixel_bytes != 4) ||
        s->width > SIDE_MAX || s->height > SIDE_MAX || s->stride > SIDE_MAX * 4 ||
        s->stride < s->width * s->pixel_bytes)
        return false;
    uint64_t size = (uint64_t)s->stride * s->height;
    screen.scale = s->width >= LARGE_WIDTH ? 2 : 1;
    screen.columns = MIN(s->width / (CELL_WIDTH * screen.scale), COLUMNS_MAX);
    screen.rows = MIN(s->height / (CELL_HEIGHT * screen.scale), ROWS_MAX);
    if (screen.columns < COLUMNS_MIN || screen.rows < ROWS_MIN || s->address + size < s->address)
        return false;
    unsigned int order = 0;
    while ((PAGE_SIZE << order) < screen.columns * screen.rows)
        order++;
    paddr_t cells;
    if (!page_alloc(order, 0, &cells))
        return false;
    screen.cells = phys_to_virt(cells);
    leaks_keep(screen.cells);
    screen.stride = s->stride;
    screen.pixel_bytes = s->pixel_bytes;
    screen.foreground =
        three_quarters(s->red_mask) | three_quarters(s->green_mask) | three_quarters(s->blue_mask);
    screen.pixels = paging_map_device(PADDR(s->address), size);
    return screen.pixels != NULL;
}

/* ---- drawing, with the lock held ---------------------------------------------- */

static void put_pixels(uint8_t *line, uint32_t x, uint32_t count, uint32_t value)
{
    for (uint32_t i = x; i < x + count; i++) {
        if (screen.pixel_bytes == 4)
            ((volatile uint32_t *)(void *)line)[i] = value;
        else
            ((volatile uint16_t *)(void *)line)[i] = (uint16_t)value;
    }
}

/* One line of pixels of a letter: each row of the font is two lines, the last one a half. */
static uint32_t letter_bits(uint8_t letter, uint32_t line)
{
    uint32_t row = line == 0 ? 0 : (line - 1) / 2;

    if (line == 0 || letter < FONT_FIRST || letter > FONT_LAST)
        return 0;
    return font_rows[letter - FONT_FIRST][MIN(row, FONT_ROWS - 1)];
}

static void draw_cell(uint32_t row, uint32_t column)
{
    uint8_t letter = screen.cells[row * screen.columns + column];
    uint32_t scale = screen.scale;
    uint8_t *line = screen.pixels + (uint64_t)row * CELL_HEIGHT * scale * screen.stride;

    for (uint32_t y = 0; y < CELL_HEIGHT * scale; y++, line += screen.stride) {
        uint32_t bits = letter_bits(letter, y / scale);
        for (uint32_t x = 0; x < CELL_WIDTH; x++) {
            bool set = x >= LETTER_LEFT && x < LETTER_LEFT + FONT_COLUMNS &&
                       (bits >> (FONT_COLUMNS - 1 - (x - LETTER_LEFT)) & 1);
            put_pixels(line, (column * CELL_WIDTH + x) * scale, scale, set ? screen.foreground : 0);
        }
    }
}

static void set_cell(uint32_t row, uint32_t column, uint8_t letter)
{
    uint8_t *cell = &screen.cells[row * screen.columns + column];

    if (*cell == letter)
        return;
    *cell = letter;
    draw_cell(row, column);
}

static void clear(void)
{
    const struct guest_screen *s = &boot_info.screen;

    memset(screen.cells, ' ', (size_t)screen.columns * screen.rows);
    for (uint32_t y = 0; y < s->height; y++)
        put_pixels(screen.pixels + (uint64_t)y * s->stride, 0, s->width, 0);
    screen.drawn = true;
}

static void new_line(void)
{
    screen.column = 0;
    if (++screen.row < screen.rows)
        return;
    screen.row = screen.rows - 1;
    for (uint32_t row = 0; row < screen.rows; row++) {
        for (uint32_t column = 0; column < screen.columns; column++)
            set_cell(row, column,
                     row + 1 < screen.rows ? screen.cells[(row + 1) * screen.columns + column]
                                           : ' ');
    }
}

/* Sequences that move the cursor or set colours are swallowed; true: c was part of one. */
static bool in_escape(uint8_t c)
{
    switch (screen.escape) {
    case ESCAPE_NONE:
        screen.escape = c == ESCAPE ? ESCAPE_BEGUN : ESCAPE_NONE;
        return c == ESCAPE;
    case ESCAPE_BEGUN:
        screen.escape = c == '[' ? ESCAPE_SEQUENCE : ESCAPE_NONE;
        return true;
    case ESCAPE_SEQUENCE:
        if (c >= 0x40 && c <= 0x7e)
            screen.escape = ESCAPE_NONE;
        return true;
    }
    return false;
}

static void put(uint8_t c)
{
    if (in_escape(c))
        return;
    switch (c) {
    case '\n':
        new_line();
        return;
    case '\r':
        screen.column = 0;
        return;
    case '\b':
        screen.column -= screen.column > 0;
        return;
    case '\t':
        screen.column = MIN(ALIGN_UP(screen.column + 1, TAB), screen.columns - 1);
        return;
    default:
        break;
    }
    /* Of a character beyond ASCII its first byte stands for all. */
    if (c < FONT_FIRST || c == 0x7f || (c >= 0x80 && c < 0xc0))
        return;
    if (screen.column == screen.columns)
        new_line();
    set_cell(screen.row, screen.column++, c > FONT_LAST ? '?' : c);
}

void screen_write(const char *text, size_t length)
{
    unsigned int tries = 0;

    if (!screen.pixels)
        return;
    /* Bounded: a fault in here speaks on the serial port, and the machine ends. */
    while (!spin_trylock(&screen.lock)) {
        if (++tries == LOCK_TRIES)
            return;
        cpu_pause();
    }
    if (!screen.drawn)
        clear();
    for (size_t i = 0; i < length; i++)
        put((uint8_t)text[i]);
    spin_unlock(&screen.lock);
}
