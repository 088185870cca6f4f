/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases, fcntl(2)'s F_SETLEASE: the holder of one hears by signal when somebody else opens
 * or truncates the file, who waits until the lease is given up, or some time has passed.
 * One mutex guards all: innermost of the mutexes, signals are sent under it.
 */
#ifndef FS_LEASE_H
#define FS_LEASE_H

#include "fs/file_lock.h"

/* 0; -EAGAIN: open in a way that the lease forbids, or none to give up; -EACCES, -EINVAL, -ENOMEM.
 */
int lease_set(struct file *file, enum file_lock_type type, int fd);
enum file_lock_type
lease_get(struct file *file); /* while it is being broken: what it must become */
/* Before an open or truncation: 0, -EAGAIN (nonblocking), -ERESTARTSYS. */
int lease_break(struct inode *inode, bool write, bool nonblocking);
void lease_release(struct file *file); /* the open file ends */

#endif
