/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Non-blocking access to descriptors that stay in blocking mode.  A pipe or
 * terminal that polls as writable takes at least PIPE_BUF bytes at once;
 * more goes with RWF_NOWAIT where the kernel knows it.
 */
#include "vmm/backend/stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
/* preadv2 and pwritev2: at the current position, halves of -1. */
#define CURRENT_POSITION (-1L), (-1L)

void stream_open(struct stream *stream, int fd)
{
    struct stat status;

    stream->fd = fd;
    stream->no_nowait = false;
    stream->always_ready = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static void take_back_sigpipe(void)
{
    static const struct timespec at_once;
    sigset_t pipe_signal;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR) {
    }
}

/* Cuts the list to at most limit bytes and returns the number of entries left. */
static int cut(struct iovec *iov, int count, size_t limit)
{
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len >= limit) {
            iov[i].iov_len = limit;
            return i + 1;
        }
        limit -= iov[i].iov_len;
    }
    return count;
}

static size_t total(const struct iovec *iov, int count)
{
    size_t bytes = 0;

    for (int i = 0; i < count; i++) {
        bytes += iov[i].iov_len;
    }
    return bytes;
}

static ssize_t write_some(struct stream *stream, struct iovec *iov, int count)
{
    struct pollfd wanted = {.fd = stream->fd, .events = POLLOUT};

    if (stream->always_ready) {
        return writev(stream->fd, iov, count);
    }
    if (poll(&wanted, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (total(iov, count) <= PIPE_BUF) {
        return writev(stream->fd, iov, count);
    }
    if (!stream->no_nowait) {
        ssize_t written =
            syscall(SYS_pwritev2, stream->fd, iov, count, CURRENT_POSITION, RWF_NOWAIT);

        if (written >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS)) {
            return written;
        }
        stream->no_nowait = true;
    }
    return writev(stream->fd, iov, cut(iov, count, PIPE_BUF));
}

ssize_t stream_write(struct stream *stream, struct iovec *iov, int count)
{
    ssize_t written = write_some(stream, iov, count);

    if (written >= 0) {
        return written;
    }
    switch (errno) {
    case EPIPE:
        take_back_sigpipe();
        return -EPIPE;
    case EINTR: /* the caller looks at its flags and comes again */
    case EAGAIN:
        return -EAGAIN;
    default:
        return -errno;
    }
}

ssize_t stream_read(struct stream *stream, const struct iovec *iov, int count)
{
    struct pollfd wanted = {.fd = stream->fd, .events = POLLIN};
    ssize_t got;

    if (!stream->always_ready && poll(&wanted, 1, 0) == 0) {
        return -EAGAIN;
    }
    got = readv(stream->fd, iov, count);
    if (got < 0) {
        return errno == EINTR ? -EAGAIN : -errno;
    }
    return got;
}

void stream_wait_writable(const struct stream *stream, int timeout_ms)
{
    struct pollfd wanted = {.fd = stream->fd, .events = POLLOUT};

    poll(&wanted, 1, timeout_ms);
}
