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
    void (*signal_process)(int pid, int signo);
};
void tty_set_process_ops(const struct tty_process_ops *ops);

struct tty;

/* What pseudo-terminals are told; called without locks.  The console has none of it. */
struct tty_ops {
    void (*input_taken)(struct tty *tty); /* a reader made room */
    void (*first_open)(struct tty *tty);
    void (*last_close)(struct tty *tty);
    void (*event)(struct tty *tty, uint8_t packet_status); /* TIOCPKT_* of ioctl_tty(2) */
    void (*free)(struct tty *tty); /* the last reference has gone */
};

struct tty {
    struct ldisc ldisc;
    const struct tty_ops *ops; /* NULL: the console */
    struct refcount refs;
    uint64_t device; /* number */
    /*
     * Process control and opens: guarded by job_lock.  Signals are sent without it.
     */
    struct spinlock job_lock;
    int sid, pgid; /* session it controls, its foreground group; 0: none */
    uint32_t opens; /* files open on it, dead ones too */
    atomic_uint hangups; /* files that were opened before one are dead */
    struct winsize size;
    struct termios locked; /* TIOCSLCKTRMIOS: what no request changes; words without a lock */
    atomic_bool exclusive; /* TIOCEXCL: only the privileged open it */
    struct chardev *dev; /* NULL: a pseudo-terminal */
    atomic_uint pumping; /* somebody moves input; bit 1: look again */
    bool size_known;
    struct list link; /* in the list of all terminals */
};

/* In the list of terminals from now on, with one reference. */
void tty_init_common(struct tty *tty, const struct ldisc_ops *ldisc_ops, const struct tty_ops *ops,
                     uint64_t device);
struct tty *tty_get(struct tty *tty);
void tty_put(struct tty *tty);
/* Makes file one that is open on the terminal, with a reference: 0, -ENOMEM or -EBUSY. */
int tty_open(struct tty *tty, struct file *file);
/*
 * As vhangup(2): open files are dead (reads end, writes fail with EIO), the session loses the
 * terminal, and its leader is told by SIGHUP and SIGCONT.
 */
void tty_hang_up(struct tty *tty);
void tty_raise(struct tty *tty, int signo); /* to the foreground group */
/* Sets the size; SIGWINCH if it changed. */
void tty_resize(struct tty *tty, const struct winsize *size);
/* The ioctls that a master answers as its slave would, without job control; exclusive is its own.
 */
int64_t tty_ioctl_of_master(struct tty *tty, atomic_bool *exclusive, unsigned int request,
                            uint64_t arg);

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
/* vhangup(2): of a session's controlling terminal, if it has one. */
void tty_hang_up_session(int sid);
/*
 * A session's controlling terminal (/proc/PID/stat): its device number and, in *pgid, its
 * foreground group; 0 and -1: it has none.
 */
uint64_t tty_device_of_session(int sid, int *pgid);

#endif
