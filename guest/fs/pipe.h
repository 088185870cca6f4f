/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs, pipe(7).  Writing to a pipe without readers gives -EPIPE; the caller signals. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/vfs.h"

/* Both ends: [0] reads, [1] writes; flags: O_NONBLOCK, O_DIRECT (packets).  0 or errno. */
int pipe_create(uint32_t flags, struct file *ends[2]);
bool is_pipe(const struct file *file);
/* The pipe behind an end: both ends have the same. */
const void *pipe_identity(const struct file *file);
/* read and write that wait as told, whatever the file's flags say; for splice(2). */
enum pipe_wait { PIPE_WAIT, PIPE_NOWAIT, PIPE_WAIT_ONCE }; /* once: until the first byte fits */
ssize_t pipe_take(struct file *file, struct iobuf *buf, bool nonblocking);
ssize_t pipe_give(struct file *file, struct iobuf *buf, enum pipe_wait wait);
/* Bytes that fit, having waited for one; 0 is possible with PIPE_NOWAIT only.  -EPIPE: no reader.
 */
ssize_t pipe_room(struct file *file, enum pipe_wait wait);
ssize_t pipe_peek(struct file *file, struct iobuf *buf, bool nonblocking); /* the bytes stay */
int fifo_open(struct inode *inode, struct file *file);
/* F_GETPIPE_SZ, F_SETPIPE_SZ: -EBADF when the file is no pipe. */
int64_t pipe_get_size(struct file *file);
/* /proc/sys/fs/pipe-max-size, bytes; -EINVAL: out of range. */
uint64_t pipe_max_size(void);
int pipe_set_max_size(uint64_t size);
int64_t pipe_set_size(struct file *file, uint64_t size);

#endif
