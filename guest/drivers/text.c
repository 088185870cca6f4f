/* SPDX-License-Identifier: BSD-2-Clause */
/* See text.h.  The command line is looked at when there is something to write. */
#include "drivers/text.h"

#include "arch/boot_info.h"
#include "drivers/screen.h"
#include "drivers/uart.h"
#include "lib/string.h"

enum { TO_SERIAL = 1, TO_SCREEN = 2, CHOSEN = 4 };

static atomic_uint choice;
static bool has_screen;

static unsigned int choose(void)
{
    const char *position = NULL;
    unsigned int chosen = CHOSEN;
    char name[16];

    while (cmdline_get("console", name, sizeof(name), &position) >= 0) {
        if (strcmp(name, "serial") == 0)
            chosen |= TO_SERIAL;
        else if (strcmp(name, "screen") == 0)
            chosen |= TO_SCREEN;
    }
    if (chosen == CHOSEN) /* no such word: everywhere */
        chosen |= TO_SERIAL | TO_SCREEN;
    return chosen;
}

void text_add_screen(void)
{
    has_screen = screen_init();
}

void text_write(const char *text, size_t length)
{
    unsigned int to = atomic_load_explicit(&choice, memory_order_relaxed);

    if (!to && boot_info.cmdline[0]) {
        to = choose();
        atomic_store_explicit(&choice, to, memory_order_relaxed);
    }
    if (!to || (to & TO_SERIAL))
        uart_write(text, length);
    if (has_screen && (!to || (to & TO_SCREEN)))
        screen_write(text, length);
}
