/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See call_channel.h.  Two records are on their way in at most: a request into `in`, an answer
 * of the host's into `host`.  Of each, a piece is
 *
 *     expected  the host has been asked: bytes go into the buffer, until it is full or the
 *               record's last message has come
 *     given     the program reads it, and asks for the next one
 *
 * Bytes that nobody expects are dropped.  Buffers are written by who reads the channel, while
 * a piece is expected; `expected` is what hands them over, in both directions.
 */
#include "drivers/call_channel.h"

#include "drivers/control.h"
#include "sched/wait_queue.h"

struct incoming {
    uint8_t *data;
    uint32_t size, fill;
    bool first; /* piece of its record */
    atomic_bool expected;
};

static struct {
    struct call_port *_Atomic port;
    struct incoming request, answer;
    struct wait_queue given; /* for those who asked for a piece */
    atomic_bool said_wait;
} channel = {.given = {SPINLOCK_INIT(LOCK_RANK_WAIT), LIST_INIT(channel.given.entries)}};

/* ---- in ------------------------------------------------------------------- */

static void expect(struct incoming *record, bool first)
{
    record->fill = 0;
    record->first = first;
    atomic_store(&record->expected, true);
}

static void give(struct incoming *record, bool more)
{
    struct call_port *port = atomic_load(&channel.port);
    struct guest_call_area *area = port->area;
    bool is_request = record == &channel.request, first = record->first;

    if (is_request) {
        area->in_length = record->fill;
        area->in_more = more;
    } else {
        area->host_length = record->fill;
        area->host_more = more;
    }
    atomic_store(&record->expected, false);
    wake_all(&channel.given, 0);
    if (is_request && first) {
        __atomic_store_n(&area->request, area->request + 1, __ATOMIC_RELEASE);
        if (port->on_request != NULL)
            port->on_request();
    }
}

static struct incoming *record_of(uint32_t value)
{
    uint32_t op = value & ~(uint32_t)GUEST_CALL_PIECE;

    if (atomic_load(&channel.port) == NULL)
        return NULL;
    return op == GUEST_CALL_WAIT   ? &channel.request
           : op == GUEST_CALL_HOST ? &channel.answer
                                   : NULL;
}

ssize_t call_channel_receive(struct chardev *dev, uint32_t value, uint32_t left)
{
    struct incoming *record = record_of(value);
    uint8_t dropped[64];

    if (record == NULL || !atomic_load(&record->expected) || record->fill == record->size)
        return dev->ops->read(dev, dropped, MIN(left, sizeof(dropped)));
    ssize_t count =
        dev->ops->read(dev, record->data + record->fill, MIN(left, record->size - record->fill));
    record->fill += count > 0 ? (uint32_t)count : 0;
    return count;
}

void call_channel_end(uint32_t value)
{
    struct incoming *record = record_of(value);
    bool more = value & GUEST_CALL_PIECE;

    if (record != NULL && atomic_load(&record->expected) && (!more || record->fill == record->size))
        give(record, more);
}

/* ---- out ------------------------------------------------------------------ */

static void say(enum guest_call_op op, uint32_t flag, const uint8_t *data, uint32_t length)
{
    control_send(GUEST_CTL_WORD(GUEST_CTL_CALL, (uint32_t)op | flag), data, length);
}

/* A piece of the area in as many messages as it takes. */
static void send_piece(enum guest_call_op op, const uint8_t *data, uint32_t length, bool more)
{
    uint32_t done = 0, part;

    do {
        part = MIN(length - done, GUEST_HOST_MSG_BYTES_MAX);
        bool last = !more && done + part == length;
        say(op, last ? 0 : GUEST_CALL_PIECE, data + done, part);
        done += part;
    } while (done < length);
}

/*
 * The same for a record of which `sent` bytes have gone.  What could not be read whole, is void:
 * false.
 */
static bool send_record(enum guest_call_op op, uint64_t *sent, uint64_t total, const uint8_t *data,
                        uint32_t length, bool more)
{
    uint64_t all = *sent + length;

    *sent = more ? all : 0;
    if (more || all == total)
        send_piece(op, data, length, more);
    else
        say(op, GUEST_CALL_VOID, NULL, 0);
    return more || all == total;
}

/* Until the piece is there.  The host may take its time, as it may in an OUT. */
static void wait_for(struct incoming *record)
{
    struct wait_entry entry;

    wait_begin(&channel.given, &entry);
    while (atomic_load(&record->expected)) {
        wait_sleep_uninterruptible(WAIT_FOREVER);
        wait_again(&channel.given, &entry);
    }
    wait_end(&channel.given, &entry);
}

static void next_piece(enum guest_call_op op, struct incoming *record)
{
    expect(record, false);
    say(op, 0, NULL, 0);
    wait_for(record);
}

static void call_host(struct guest_call_area *area)
{
    static uint64_t sent; /* one call at a time */
    bool last = !area->host_more;

    if (last)
        expect(&channel.answer, true);
    bool whole =
        send_record(GUEST_CALL_HOST, &sent, area->host_total, area->host, area->host_length, !last);
    if (last && whole)
        wait_for(&channel.answer);
}

static void reply(struct guest_call_area *area)
{
    static uint64_t sent; /* one reply at a time */
    bool last = !area->out_more;

    if (last)
        expect(&channel.request, true);
    send_record(GUEST_CALL_REPLY, &sent, area->out_total, area->out, area->out_length, !last);
}

int call_channel_op(enum guest_call_op op)
{
    struct guest_call_area *area = atomic_load(&channel.port)->area;

    switch (op) {
    case GUEST_CALL_WAIT: /* once: a reply says the same */
        if (!atomic_exchange(&channel.said_wait, true))
            say(op, 0, NULL, 0);
        break;
    case GUEST_CALL_MORE:
        next_piece(op, &channel.request);
        break;
    case GUEST_CALL_REPLY:
        reply(area);
        break;
    case GUEST_CALL_HOST:
        call_host(area);
        break;
    case GUEST_CALL_HOST_MORE:
        next_piece(op, &channel.answer);
        break;
    default:
        break;
    }
    return 0;
}

void call_channel_start(struct call_port *port)
{
    struct guest_call_area *area = port->area;

    channel.request = (struct incoming){.data = area->in, .size = sizeof(area->in)};
    channel.answer = (struct incoming){.data = area->host, .size = sizeof(area->host)};
    expect(&channel.request, true);
    atomic_store(&channel.port, port);
}
