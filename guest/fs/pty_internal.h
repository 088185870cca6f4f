/* SPDX-License-Identifier: BSD-2-Clause */
/* Between pty.c (pairs, the slave's side) and pty_master.c (the master's file). */
#ifndef FS_PTY_INTERNAL_H
#define FS_PTY_INTERNAL_H

#include "fs/pty.h"

#define PTY_RING_SIZE 8192u /* power of two */

/* The first byte that the master reads in packet mode, ioctl_tty(2). */
#define TIOCPKT_FLUSHREAD 1u
#define TIOCPKT_FLUSHWRITE 2u
#define TIOCPKT_STOP 4u
#define TIOCPKT_START 8u
#define TIOCPKT_NOSTOP 16u
#define TIOCPKT_DOSTOP 32u

struct pty {
    struct tty tty; /* the slave; its lock guards what follows, where nothing else is said */
    uint32_t index;
    atomic_bool locked; /* slaves cannot be opened: TIOCSPTLCK */
    atomic_bool exclusive; /* TIOCEXCL at the master, which nobody can open again */
    bool master_closed, slave_closed; /* slave_closed: it has been open, and is not */
    bool packet; /* TIOCPKT */
    uint8_t status; /* TIOCPKT_* that the master has not read */
    uint32_t ring_read, ring_write; /* free-running */
    struct wait_queue master_readable, master_writable;
    struct mutex write_lock; /* of the master's writers: room is looked at, then used */
    struct inode *inode; /* of /dev/pts/index, guarded by table_lock; NULL: no name (yet) */
    uint8_t ring[PTY_RING_SIZE];
};

extern const struct file_ops pty_master_ops;

int pty_open_master(struct inode *node, struct file *file);
void pty_close_master(struct pty *pty); /* takes the master's reference */

static inline struct pty *pty_of_tty(struct tty *tty)
{
    return CONTAINER_OF(tty, struct pty, tty);
}

#endif
