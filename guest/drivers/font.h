/* SPDX-License-Identifier: BSD-2-Clause */
/* The letters of the screen: printable ASCII, five columns by eight rows, drawn for this. */
#ifndef DRIVERS_FONT_H
#define DRIVERS_FONT_H

#include "lib/types.h"

#define FONT_FIRST 0x20u
#define FONT_LAST 0x7eu
#define FONT_COLUMNS 5u
#define FONT_ROWS 8u /* the last one is for what goes below the line */

/* A row's bits: bit 4 is the leftmost column. */
extern const uint8_t font_rows[FONT_LAST - FONT_FIRST + 1][FONT_ROWS];

#endif
