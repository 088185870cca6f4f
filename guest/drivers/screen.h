/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on the firmware's framebuffer (struct guest_screen): letters, lines that scroll.
 * Output only; colours and escape sequences are left out.
 *
 * Locking: one lock inside (LOCK_RANK_ANY); writing allocates nothing and may be done from
 * any context, after screen_init().
 */
#ifndef DRIVERS_SCREEN_H
#define DRIVERS_SCREEN_H

#include "lib/types.h"

/*
 * Maps the screen that the boot information names.  Nothing is drawn before the first
 * write.  False: there is none, or not one that text could be drawn on.
 */
bool screen_init(void);
void screen_write(const char *text, size_t length);

#endif
