/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's descriptors may be shared with other processes, so they are never
 * made non-blocking: a write takes no more than poll() promises.
 */
#include "vmm/qemu/relay.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void relay_init(struct relay *relay, int from, int to, uint8_t *buffer)
{
    struct stat status;
    *relay = (struct relay){.from = from, .to = to, .buffer = buffer};
    relay->to_gone = to < 0;
    relay->small_writes = to >= 0 && (fstat(to, &status) != 0 || !S_ISREG(status.st_mode));
}

void relay_prepare(const struct relay *relay, struct pollfd *poll)
{
    poll->revents = 0;
    if (relay->start < relay->end) {
        poll->fd = relay->to;
        poll->events = POLLOUT;
    } else {
        poll->fd = relay->from_done ? -1 : relay->from;
        poll->events = POLLIN;
    }
}

bool relay_finished(const struct relay *relay)
{
    return relay->from_done && relay->start == relay->end;
}

void tail_add(struct tail *tail, const uint8_t *bytes, size_t length)
{
    if (length >= TAIL_BYTES) {
        bytes += length - TAIL_BYTES;
        length = TAIL_BYTES;
    }
    size_t keep = TAIL_BYTES - length < tail->length ? TAIL_BYTES - length : tail->length;
    memmove(tail->bytes, tail->bytes + tail->length - keep, keep);
    memcpy(tail->bytes + keep, bytes, length);
    tail->length = keep + length;
}

static void read_some(struct relay *relay, struct tail *tail)
{
    ssize_t got = read(relay->from, relay->buffer, RELAY_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        relay->from_done = true;
        return;
    }
    relay->taken += (uint64_t)got;
    if (tail)
        tail_add(tail, relay->buffer, (size_t)got);
    relay->start = 0;
    relay->end = relay->to_gone ? 0 : (size_t)got;
}

static void write_some(struct relay *relay)
{
    size_t length = relay->end - relay->start;
    if (relay->small_writes && length > PIPE_BUF)
        length = PIPE_BUF;
    ssize_t done = write(relay->to, relay->buffer + relay->start, length);
    if (done < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (done < 0) {
        relay->to_gone = true;
        relay->start = relay->end = 0;
        return;
    }
    relay->start += (size_t)done;
}

void relay_step(struct relay *relay, const struct pollfd *poll, struct tail *tail)
{
    if (poll->fd < 0 || poll->revents == 0)
        return;
    if (relay->start < relay->end)
        write_some(relay);
    else
        read_some(relay, tail);
}
