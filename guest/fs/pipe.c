/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs over a ring of bytes, 64 KiB by default.  Writes of at most PIPE_BUF bytes are
 * not torn.  pipe(7), fifo(7).
 *
 * pipe->lock is held while bytes are copied from or to the program.
 *
 * Those who sleep queue up, and one is woken: a reader when bytes come, a writer when PIPE_BUF
 * bytes have room, so that none is woken in vain.  What a woken one leaves is for the next.
 */
#include "fs/pipe_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"

#define PIPE_BUF 4096u
#define READ_EVENTS (POLL_IN | POLL_RDNORM)
#define WRITE_EVENTS (POLL_OUT | POLL_WRNORM)

/* Each packet takes a page's place, however short it is. */
static uint64_t room_in(const struct pipe *pipe)
{
    if (UNLIKELY(pipe->packets.count >= pipe->ring.page_count))
        return 0;
    return pipe_ring_capacity(&pipe->ring) - pipe_ring_filled(&pipe->ring);
}

int pipe_wait_unlocked(struct pipe *pipe, struct wait_queue *queue, struct wait_entry *entry)
{
    int error;

    mutex_unlock(&pipe->lock);
    error = wait_sleep(WAIT_FOREVER);
    wait_end(queue, entry);
    mutex_lock(&pipe->lock);
    return error;
}

/* Until there are bytes or no writers; pipe->lock is held.  *slept: leave_readers() is to follow.
 */
static int wait_filled(struct pipe *pipe, bool nonblocking, bool *slept)
{
    struct wait_entry entry;
    int error = 0;

    while (!pipe_ring_filled(&pipe->ring) && pipe->writers && !error) {
        if (nonblocking)
            return -EAGAIN;
        *slept = true;
        wait_begin_exclusive(&pipe->readable, &entry);
        error = pipe_wait_unlocked(pipe, &pipe->readable, &entry);
    }
    return error;
}

/* A reader that was woken has done with the pipe. */
static void leave_readers(struct pipe *pipe)
{
    if (pipe_ring_filled(&pipe->ring))
        wake_next(&pipe->readable, READ_EVENTS);
}

static void limit_to_packet(struct pipe *pipe, struct iobuf *buf)
{
    if (UNLIKELY(pipe->packets.count))
        buf->remaining = MIN(buf->remaining, pipe_packets_limit(&pipe->packets, &pipe->ring));
}

ssize_t pipe_take(struct file *file, struct iobuf *buf, bool nonblocking)
{
    struct pipe *pipe = pipe_of(file);
    ssize_t done = 0;
    bool slept = false;
    int error = 0;

    if (!buf->remaining)
        return 0;
    mutex_lock(&pipe->lock);
    if (!pipe_ring_filled(&pipe->ring))
        error = wait_filled(pipe, nonblocking, &slept);
    if (pipe_ring_filled(&pipe->ring)) {
        uint64_t tail = pipe->ring.tail;
        bool was_full = room_in(pipe) < PIPE_BUF;

        if (LIKELY(!pipe->packets.count))
            done = pipe_ring_take_small(&pipe->ring, buf);
        if (!done) {
            limit_to_packet(pipe, buf);
            done = pipe_ring_take(&pipe->ring, buf);
            if (done > 0)
                pipe_packets_finish(&pipe->packets, &pipe->ring, tail);
        }
        if (UNLIKELY(was_full) && room_in(pipe) >= PIPE_BUF)
            wake_one(&pipe->writable, WRITE_EVENTS);
    }
    if (slept)
        leave_readers(pipe);
    mutex_unlock(&pipe->lock);
    return done ? done : error;
}

static bool is_nonblocking(struct file *file)
{
    return atomic_load(&file->flags) & O_NONBLOCK;
}

static ssize_t pipe_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    (void)pos;
    return pipe_take(file, buf, is_nonblocking(file));
}

ssize_t pipe_peek(struct file *file, struct iobuf *buf, bool nonblocking)
{
    struct pipe *pipe = pipe_of(file);
    bool slept = false;
    ssize_t done;

    mutex_lock(&pipe->lock);
    done = wait_filled(pipe, nonblocking, &slept);
    if (pipe_ring_filled(&pipe->ring)) {
        limit_to_packet(pipe, buf);
        done = pipe_ring_peek(&pipe->ring, buf);
    }
    if (slept)
        leave_readers(pipe);
    mutex_unlock(&pipe->lock);
    return done;
}

bool is_pipe(const struct file *file)
{
    return file->ops == &pipe_ops;
}

const void *pipe_identity(const struct file *file)
{
    return file->private_data;
}

/* A packet of its own from the next size bytes of buf. */
static ssize_t give_packet(struct pipe *pipe, struct iobuf *buf, size_t size)
{
    size_t rest = buf->remaining - size;
    ssize_t done;

    if (!pipe_packets_reserve(&pipe->packets))
        return -ENOMEM;
    buf->remaining = size;
    done = pipe_ring_give(&pipe->ring, buf);
    buf->remaining += rest;
    if (done > 0)
        pipe_packets_add(&pipe->packets, pipe->ring.head - (uint64_t)done, pipe->ring.head);
    return done;
}

static ssize_t write_locked(struct pipe *pipe, struct iobuf *buf, enum pipe_wait wait, bool packets,
                            bool *slept)
{
    size_t whole = buf->remaining <= PIPE_BUF ? buf->remaining : 1; /* room to wait for */
    struct wait_entry entry;
    ssize_t total = 0, done;
    int error = 0;

    while (buf->remaining) {
        if (!pipe->readers)
            return total ? total : -EPIPE;
        if (UNLIKELY(packets))
            whole = MIN(buf->remaining, PIPE_BUF);
        if (room_in(pipe) >= whole) {
            done = packets ? give_packet(pipe, buf, whole) : pipe_ring_give(&pipe->ring, buf);
            if (done < 0)
                return total ? total : done;
            total += done;
            whole = 1;
            wake_one(&pipe->readable, READ_EVENTS);
            if (done > 0)
                continue;
            break;
        }
        if (wait == PIPE_NOWAIT || (wait == PIPE_WAIT_ONCE && total))
            return total ? total : -EAGAIN;
        if (error)
            return total ? total : error;
        *slept = true;
        wait_begin_exclusive(&pipe->writable, &entry);
        error = pipe_wait_unlocked(pipe, &pipe->writable, &entry);
    }
    return total;
}

ssize_t pipe_give(struct file *file, struct iobuf *buf, enum pipe_wait wait)
{
    struct pipe *pipe = pipe_of(file);
    bool packets = atomic_load(&file->flags) & O_DIRECT, slept = false;
    ssize_t done = 0;

    mutex_lock(&pipe->lock);
    if (LIKELY(pipe->readers && !packets))
        done = pipe_ring_give_small(&pipe->ring, buf);
    if (done > 0)
        wake_one(&pipe->readable, READ_EVENTS);
    else if (!done)
        done = write_locked(pipe, buf, wait, packets, &slept);
    if (slept && room_in(pipe) >= PIPE_BUF)
        wake_next(&pipe->writable, WRITE_EVENTS);
    mutex_unlock(&pipe->lock);
    return done;
}

ssize_t pipe_room(struct file *file, enum pipe_wait wait)
{
    struct pipe *pipe = pipe_of(file);
    struct wait_entry entry;
    uint64_t room;
    int error = 0;

    mutex_lock(&pipe->lock);
    while ((room = room_in(pipe)) == 0 && pipe->readers && wait == PIPE_WAIT && !error) {
        wait_begin(&pipe->writable, &entry);
        error = pipe_wait_unlocked(pipe, &pipe->writable, &entry);
    }
    if (!pipe->readers)
        error = -EPIPE;
    else if (room)
        error = 0;
    mutex_unlock(&pipe->lock);
    return error ? error : (ssize_t)room;
}

static ssize_t pipe_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    (void)pos;
    return pipe_give(file, buf, is_nonblocking(file) ? PIPE_NOWAIT : PIPE_WAIT);
}

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = pipe_of(file);
    uint32_t ready = 0;

    if (table && (file->mode & FMODE_READ))
        table->add(table, &pipe->readable);
    if (table && (file->mode & FMODE_WRITE))
        table->add(table, &pipe->writable);
    /* Without the lock: each field is one word, and a change wakes the queue. */
    if (file->mode & FMODE_READ) {
        if (pipe_ring_filled(&pipe->ring))
            ready |= READ_EVENTS;
        if (!pipe->writers && pipe->writer_opens)
            ready |= POLL_HUP;
    }
    if (file->mode & FMODE_WRITE) {
        if (room_in(pipe) >= PIPE_BUF)
            ready |= WRITE_EVENTS;
        if (!pipe->readers)
            ready |= POLL_ERR;
    }
    return ready;
}

static void close_end(struct pipe *pipe, uint32_t mode)
{
    mutex_lock(&pipe->lock);
    if (mode & FMODE_READ)
        pipe->readers--;
    if (mode & FMODE_WRITE)
        pipe->writers--;
    wake_all(&pipe->readable, READ_EVENTS | POLL_HUP);
    wake_all(&pipe->writable, WRITE_EVENTS | POLL_ERR);
    mutex_unlock(&pipe->lock);
}

void pipe_release(struct file *file)
{
    struct pipe *pipe = pipe_of(file);

    close_end(pipe, file->mode);
    pipe_put(pipe);
}

static int64_t pipe_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    if (request != 0x541b) /* FIONREAD */
        return -ENOTTY;
    return put_user_u32(UADDR(arg), (uint32_t)pipe_ring_filled(&pipe_of(file)->ring));
}

const struct file_ops pipe_ops = {.read = pipe_read,
                                  .write = pipe_write,
                                  .poll = pipe_poll,
                                  .ioctl = pipe_ioctl,
                                  .release = pipe_release};
