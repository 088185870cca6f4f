/* SPDX-License-Identifier: BSD-2-Clause */
/* Between tty.c (devices, sessions) and tty_file.c (file operations, job control). */
#ifndef FS_TTY_INTERNAL_H
#define FS_TTY_INTERNAL_H

#include "fs/tty.h"

extern const struct tty_process_ops *tty_process; /* NULL: no job control (yet) */

void tty_pump_input(struct tty *tty);
void tty_get_size(struct tty *tty, struct winsize *size);
struct tty *tty_of_session(int sid); /* NULL: it has no terminal */
/* An open without O_NOCTTY: a session leader without a terminal gets this one. */
void tty_open_acquires(struct tty *tty);
/* The session gives the terminal back: SIGHUP and SIGCONT to the foreground group. */
void tty_release_session(struct tty *tty);

#endif
