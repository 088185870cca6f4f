/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo-terminals, pty(7): a terminal whose device is a file that a program holds,
 * the master.  The slave is a struct tty like any other (tty.h, ldisc.h).
 *
 *   master --write--> ldisc --read--> slave
 *   master <--read-- [ring] <--output-- ldisc <--write-- slave
 *
 * Locks: the ring and the flags that the master reads are guarded by the slave's
 * ldisc.lock, under which the line discipline hands its output over.  table_lock
 * (LOCK_RANK_FS, never with another of that rank) guards the numbers.  The master's
 * file and each open slave hold a reference of the tty; a number is free again when
 * the last is gone.
 */
#ifndef FS_PTY_H
#define FS_PTY_H

#include "fs/tty.h"

#define PTYS_MAX 4096u /* kernel.pty.max */

/* Boot: the majors of masters and slaves; makes nothing. */
void pty_init(void);

/* ---- for devpts.c ---- */

/* The inode of /dev/pts/index, with a reference; NULL: there is no such terminal. */
struct inode *pty_inode(uint32_t index);
/* The lowest number >= from that is in use, or -1. */
int pty_next(uint32_t from);
/* A slave's inode, with a reference, owned by the caller of open(2); NULL: out of memory. */
struct inode *devpts_new_inode(uint32_t index);
/* /dev/pts: a reference to the root inode, or NULL. */
struct inode *devpts_mount(void);

#endif
