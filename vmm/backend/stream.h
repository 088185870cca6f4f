/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A standard stream of the host: writing and reading that does not block.
 * The descriptor belongs to the embedder and is shared with other processes,
 * so O_NONBLOCK is never set on it.
 *
 * SIGPIPE: callers have it blocked in their thread; what a write raised is
 * taken back here, so that nobody is hit by it later.
 */
#ifndef VMM_BACKEND_STREAM_H
#define VMM_BACKEND_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct stream {
    int fd;
    bool always_ready; /* a regular file: never makes anybody wait */
    bool no_nowait; /* the kernel does not know RWF_NOWAIT for it */
};

void stream_open(struct stream *stream, int fd);
/*
 * Bytes written (at least 1), -EAGAIN when it would block, -EPIPE when the
 * reader has gone, or another negative errno.  Modifies iov.
 */
ssize_t stream_write(struct stream *stream, struct iovec *iov, int count);
/* Bytes read, 0 at the end, -EAGAIN, or another negative errno. */
ssize_t stream_read(struct stream *stream, const struct iovec *iov, int count);
/* Waits until writing does not block, at most timeout_ms. */
void stream_wait_writable(const struct stream *stream, int timeout_ms);

#endif
