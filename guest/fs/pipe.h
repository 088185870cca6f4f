/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs, pipe(7).  Writing to a pipe without readers gives -EPIPE; the caller signals. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/vfs.h"

/* Both ends: [0] reads, [1] writes; flags: O_NONBLOCK, O_DIRECT is refused.  0 or errno. */
int pipe_create(uint32_t flags, struct file *ends[2]);
int fifo_open(struct inode *inode, struct file *file);
/* F_GETPIPE_SZ, F_SETPIPE_SZ: -EBADF when the file is no pipe. */
int64_t pipe_get_size(struct file *file);
/* /proc/sys/fs/pipe-max-size, bytes; -EINVAL: out of range. */
uint64_t pipe_max_size(void);
int pipe_set_max_size(uint64_t size);
int64_t pipe_set_size(struct file *file, uint64_t size);

#endif
