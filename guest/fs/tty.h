/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals as files: a line discipline over a character device, with job
 * control.  Knows processes by numbers and through struct tty_process_ops only.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "fs/ldisc.h"
#include "fs/vfs.h"
#include "iface/chardev.h"

/* What a terminal asks of proc/; all of the calling process unless a number is given. */
struct tty_process_ops {
    int (*pgid)(void);
    int (*sid)(void);
    bool (*is_session_leader)(void);
    bool (*signal_ignored)(int signo); /* ignored or blocked by the calling task */
    bool (*group_orphaned)(int pgid);
    bool (*group_in_session)(int pgid, int sid); /* does the group exist there? */
    void (*signal_group)(int pgid, int signo); /* from interrupt context, too */
};
void tty_set_process_ops(const struct tty_process_ops *ops);

struct tty {
    struct ldisc ldisc;
    /*
     * Process control: guarded by job_lock.  Signals are sent without it.
     */
    struct spinlock job_lock;
    int sid, pgid; /* session it controls, its foreground group; 0: none */
    struct winsize size;
    struct chardev *dev; /* NULL: a pseudo terminal */
    atomic_uint pumping; /* somebody moves input; bit 1: look again */
    bool size_known;
    struct list link; /* in the list of all terminals */
};

/* For terminals of other kinds (pseudo terminals): a tty without a device. */
void tty_init_common(struct tty *tty, const struct ldisc_ops *ops);
void tty_remove(struct tty *tty);
void tty_raise(struct tty *tty, int signo); /* to the foreground group */
/* Sets the size; SIGWINCH if it changed. */
void tty_resize(struct tty *tty, const struct winsize *size);
/* File operations on file->private_data = struct tty. */
extern const struct file_ops tty_file_ops;

/*
 * Boot: /dev/tty and /dev/console (major 5).  terminal: /dev/console is a
 * terminal on the device, else a plain stream.  Touches no device.
 */
void tty_init(struct chardev *console, bool terminal);
/* The console terminal, if there is one, becomes the controlling one of a session. */
void tty_console_set_session(int sid, int pgid);
/*
 * It listens to its device from now on, so that keys raise signals without a
 * reader.  Brings the device up; from interrupt context, too.
 */
void tty_console_listen(void);
/* A session leader has ended: its terminal is free, the foreground group is told. */
void tty_session_ended(int sid);
/* Device number of a session's controlling terminal (/proc/PID/stat), 0: none. */
uint64_t tty_device_of_session(int sid);

#endif
