/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where text goes on a machine without better: kernel messages, and what a program
 * writes where no virtio console is.  The serial port and the screen, or what words
 * "console=serial" and "console=screen" on the command line leave of them.
 */
#ifndef DRIVERS_TEXT_H
#define DRIVERS_TEXT_H

#include "lib/types.h"

/* Any context; bounded.  Before text_add_screen(): the serial port only. */
void text_write(const char *text, size_t length);
/* The boot information names a screen: from now on it is written to, too. */
void text_add_screen(void);

#endif
