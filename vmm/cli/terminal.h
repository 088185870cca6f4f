/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's terminal in raw mode while a program in a VM owns it.  There is
 * one controlling terminal per process, so this has file-scope state.
 */
#ifndef VMM_CLI_TERMINAL_H
#define VMM_CLI_TERMINAL_H

#include <stdbool.h>

bool terminal_is(int fd);
/* Raw mode, and the old mode back at the end however this process ends (but
 * SIGKILL).  Negative errno. */
int terminal_enter_raw(int fd);
void terminal_restore(void); /* async-signal-safe; harmless when not raw */
bool terminal_size(int fd, unsigned int *rows, unsigned int *columns);

#endif
