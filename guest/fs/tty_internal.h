/* SPDX-License-Identifier: BSD-2-Clause */
/* Between tty.c (devices, sessions) and tty_file.c (file operations, job control). */
#ifndef FS_TTY_INTERNAL_H
#define FS_TTY_INTERNAL_H

#include "fs/tty.h"

extern const struct tty_process_ops *tty_process; /* NULL: no job control (yet) */

extern const struct file_ops tty_file_ops; /* of files that tty_open() made */

struct tty_handle { /* file->private_data */
    struct tty *tty; /* a reference */
    uint32_t hangups; /* of the terminal when it was opened */
};

struct tty *tty_of_file(struct file *file);
bool tty_is_dead(struct file *file); /* was the terminal hung up since the file was opened? */
int64_t tty_ioctl(struct file *file, unsigned int request, uint64_t arg);
/* tty_control.c: rarer requests, -ENOTTY for others; exclusive: of the side that is asked. */
int64_t tty_control(struct tty *tty, atomic_bool *exclusive, unsigned int request, uaddr_t arg);
/* What is locked stays as it was. */
void tty_keep_locked(struct tty *tty, const struct termios *old, struct termios *fresh);
void tty_input_taken(struct tty *tty); /* room for the device's input, or a master's */
void tty_pump_input(struct tty *tty);
/* Is the terminal the controlling one of the calling process? */
bool tty_is_mine(struct tty *tty);
/*
 * A background process of the session that reads, or changes settings, is stopped.
 * 0: go on; -EIO: it cannot be stopped; -ERESTARTSYS: the signal is on its way.
 */
int tty_check_background(struct tty *tty, int signo);
/*
 * With no lock held: the session takes the terminal if nobody has it or, to steal, from whoever
 * has it, who is not told.  0 or -EPERM.
 */
int tty_acquire(struct tty *tty, bool steal);
void tty_close(struct tty_handle *handle); /* the file has gone */
void tty_get_size(struct tty *tty, struct winsize *size);
struct tty *tty_of_session(int sid); /* a reference; NULL: it has no terminal */
/* An open for reading without O_NOCTTY: a session leader without a terminal gets this one. */
void tty_open_acquires(struct tty *tty, struct file *file);
/* The session gives the terminal back: SIGHUP and SIGCONT to the foreground group. */
void tty_release_session(struct tty *tty);

#endif
