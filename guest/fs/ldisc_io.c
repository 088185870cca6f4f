/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Line discipline, the program's side: reading lines or bytes (VMIN, VTIME),
 * output processing, changes of the settings.
 */
#include "arch/clock.h"
#include "fs/ldisc.h"
#include "iface/file.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sched/thread.h"

#define BOUNCE_SIZE 256u
#define TENTH_NS 100000000ull
#define TAB_WIDTH 8u

/* ---- input ---------------------------------------------------------------- */

void ldisc_flush_input(struct ldisc *ldisc)
{
    ldisc->read_at = ldisc->line_start = ldisc->write_at;
    ldisc->lines = 0;
    ldisc->literal_next = false;
    memset(ldisc->line_end, 0, sizeof(ldisc->line_end));
}

static bool canonical(const struct ldisc *ldisc)
{
    return (ldisc->termios.lflag & ICANON) != 0;
}

/* Up to size bytes, in canonical mode of one line; *line_done: its end was reached. */
static size_t take_input(struct ldisc *ldisc, uint8_t *data, size_t size, bool *line_done)
{
    bool lines = canonical(ldisc);
    size_t done = 0;
    *line_done = false;
    while (!*line_done && ldisc->read_at != ldisc->write_at && (!lines || ldisc->lines != 0)) {
        uint8_t c = ldisc_input_at(ldisc, ldisc->read_at);
        bool end = ldisc_is_line_end(ldisc, ldisc->read_at);
        /* The end-of-file character ends a line without being part of it. */
        bool invisible = end && c == 0;
        if (done == size && !(invisible && lines && size != 0))
            break;
        if (!invisible)
            data[done++] = c;
        if (end) {
            ldisc_mark_line_end(ldisc, ldisc->read_at, false);
            ldisc->lines--;
            *line_done = lines;
        }
        ldisc->read_at++;
        if ((int32_t)(ldisc->line_start - ldisc->read_at) < 0)
            ldisc->line_start = ldisc->read_at;
    }
    return done;
}

/* With the lock held: would a read that wants size bytes return now? */
static bool input_ready(const struct ldisc *ldisc, size_t size)
{
    if (ldisc->hung_up)
        return true;
    if (canonical(ldisc))
        return ldisc->lines != 0;
    size_t wanted = MAX(MIN((size_t)ldisc->termios.cc[VMIN], size), (size_t)1);
    return ldisc->write_at - ldisc->read_at >= wanted;
}

struct read_wait {
    size_t wanted;
    uint64_t deadline_ns; /* WAIT_FOREVER: none */
    uint32_t seen; /* write_at at the last look: a byte restarts the inter-byte timer */
    uint32_t hangups; /* at the first look */
};

/* With the lock held.  True: the read returns with what is there, be it nothing. */
static bool read_done(struct ldisc *ldisc, struct read_wait *wait, bool first)
{
    if (first)
        wait->hangups = ldisc->hangups;
    if (input_ready(ldisc, wait->wanted) || wait->hangups != ldisc->hangups)
        return true;
    if (canonical(ldisc))
        return false;
    uint8_t min = ldisc->termios.cc[VMIN], time = ldisc->termios.cc[VTIME];
    bool any = ldisc->write_at != ldisc->read_at;
    if (min == 0 && time == 0)
        return true;
    if (time == 0)
        return false;
    bool starts = min == 0 ? first : any && (first || wait->seen != ldisc->write_at);
    if (starts)
        wait->deadline_ns = clock_ns() + time * TENTH_NS;
    wait->seen = ldisc->write_at;
    return wait->deadline_ns != WAIT_FOREVER && clock_ns() >= wait->deadline_ns;
}

static bool look(struct ldisc *ldisc, struct read_wait *wait, bool first)
{
    spin_lock(&ldisc->lock);
    bool done = read_done(ldisc, wait, first);
    spin_unlock(&ldisc->lock);
    return done;
}

static int wait_input(struct ldisc *ldisc, size_t size, bool nonblock)
{
    struct read_wait wait = {.wanted = size, .deadline_ns = WAIT_FOREVER};
    struct wait_entry entry;
    int error = 0;
    if (nonblock) {
        spin_lock(&ldisc->lock);
        bool some = canonical(ldisc) ? ldisc->lines != 0 : ldisc->read_at != ldisc->write_at;
        bool done = some || read_done(ldisc, &wait, true);
        spin_unlock(&ldisc->lock);
        return done ? 0 : -EAGAIN;
    }
    wait_begin(&ldisc->readable, &entry);
    bool done = look(ldisc, &wait, true);
    while (!done) {
        error = wait_sleep(wait.deadline_ns);
        if (error == -ERESTARTSYS)
            break;
        wait_again(&ldisc->readable, &entry);
        done = look(ldisc, &wait, false);
    }
    wait_end(&ldisc->readable, &entry);
    return error == -ERESTARTSYS ? error : 0;
}

ssize_t ldisc_read(struct ldisc *ldisc, struct iobuf *buf, bool nonblock)
{
    uint8_t bounce[BOUNCE_SIZE];
    ssize_t done = 0;
    bool line_done = false;
    if (buf->remaining == 0)
        return 0;
    int error = wait_input(ldisc, buf->remaining, nonblock);
    if (error != 0)
        return error;
    while (buf->remaining != 0 && !line_done) {
        spin_lock(&ldisc->lock);
        size_t count = take_input(ldisc, bounce, MIN(buf->remaining, sizeof(bounce)), &line_done);
        spin_unlock(&ldisc->lock);
        if (count == 0)
            break;
        ssize_t copied = iobuf_put(buf, bounce, count);
        if (copied < 0)
            return done != 0 ? done : copied;
        done += copied;
    }
    return done;
}

bool ldisc_can_read(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    size_t wanted = ldisc->termios.cc[VTIME] == 0 ? ldisc->termios.cc[VMIN] : 1;
    bool ready = input_ready(ldisc, wanted);
    spin_unlock(&ldisc->lock);
    return ready;
}

uint32_t ldisc_input_count(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    uint32_t count = 0, end = canonical(ldisc) ? ldisc->line_start : ldisc->write_at;
    for (uint32_t at = ldisc->read_at; at != end; at++)
        count += !(ldisc_is_line_end(ldisc, at) && ldisc_input_at(ldisc, at) == 0);
    spin_unlock(&ldisc->lock);
    return count;
}

/* ---- output --------------------------------------------------------------- */

static uint32_t output_room(const struct ldisc *ldisc)
{
    return LDISC_OUTPUT_SIZE - (ldisc->out_write - ldisc->out_read);
}

static void queue_byte(struct ldisc *ldisc, uint8_t c)
{
    ldisc->output[ldisc->out_write++ % LDISC_OUTPUT_SIZE] = c;
}

static void queue_tab(struct ldisc *ldisc)
{
    uint32_t next = (ldisc->column / TAB_WIDTH + 1) * TAB_WIDTH;
    if ((ldisc->termios.oflag & TABDLY) != XTABS)
        queue_byte(ldisc, '\t');
    else
        for (uint32_t i = ldisc->column; i < next; i++)
            queue_byte(ldisc, ' ');
    ldisc->column = next;
}

bool ldisc_put_output(struct ldisc *ldisc, uint8_t c, uint32_t room)
{
    uint32_t oflag = ldisc->termios.oflag;
    if (output_room(ldisc) < room + TAB_WIDTH)
        return false;
    if (!(oflag & OPOST)) {
        queue_byte(ldisc, c);
        return true;
    }
    if (c == '\r' && (oflag & OCRNL))
        c = '\n';
    else if (c == '\r' && (oflag & ONOCR) && ldisc->column == 0)
        return true;
    switch (c) {
    case '\n':
        if (oflag & ONLCR)
            queue_byte(ldisc, '\r');
        if (oflag & (ONLCR | ONLRET))
            ldisc->column = 0;
        break;
    case '\r':
        ldisc->column = 0;
        break;
    case '\t':
        queue_tab(ldisc);
        return true;
    case '\b':
        ldisc->column -= ldisc->column != 0;
        break;
    default:
        if ((oflag & OLCUC) && c >= 'a' && c <= 'z')
            c = (uint8_t)(c - ('a' - 'A'));
        /* Continuation bytes of UTF-8 take no column. */
        if (c >= ' ' && c != 0x7f && !((ldisc->termios.iflag & IUTF8) && (c & 0xc0) == 0x80))
            ldisc->column++;
        break;
    }
    queue_byte(ldisc, c);
    return true;
}

void ldisc_push_output(struct ldisc *ldisc)
{
    while (ldisc->out_read != ldisc->out_write && !ldisc->output_stopped) {
        uint32_t at = ldisc->out_read % LDISC_OUTPUT_SIZE;
        uint32_t part = MIN(ldisc->out_write - ldisc->out_read, LDISC_OUTPUT_SIZE - at);
        size_t taken = ldisc->ops->output(ldisc, ldisc->output + at, part);
        ldisc->out_read += (uint32_t)taken;
        if (taken < part)
            break;
    }
}

/* As much as the queue takes; how many bytes of data. */
static size_t queue_output(struct ldisc *ldisc, const uint8_t *data, size_t size)
{
    size_t done = 0;
    spin_lock(&ldisc->lock);
    for (;;) {
        size_t before = done;
        while (done < size && ldisc_put_output(ldisc, data[done], LDISC_ECHO_RESERVE))
            done++;
        ldisc_push_output(ldisc);
        if (done == size || done == before)
            break;
    }
    spin_unlock(&ldisc->lock);
    return done;
}

bool ldisc_can_write(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    ldisc_push_output(ldisc);
    bool ready = output_room(ldisc) > LDISC_ECHO_RESERVE + TAB_WIDTH;
    spin_unlock(&ldisc->lock);
    return ready;
}

static int wait_writable(struct ldisc *ldisc)
{
    struct wait_entry entry;
    int error = 0;
    wait_begin(&ldisc->writable, &entry);
    while (!ldisc_can_write(ldisc) && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&ldisc->writable, &entry);
    wait_end(&ldisc->writable, &entry);
    return error;
}

/* All of data, or an error when none of it went out. */
static ssize_t write_piece(struct ldisc *ldisc, const uint8_t *data, size_t size, bool nonblock)
{
    size_t done = 0;
    while ((done += queue_output(ldisc, data + done, size - done)) < size) {
        int error = nonblock ? -EAGAIN : wait_writable(ldisc);
        if (error != 0)
            return done != 0 ? (ssize_t)done : error;
    }
    return (ssize_t)done;
}

ssize_t ldisc_write(struct ldisc *ldisc, struct iobuf *buf, bool nonblock)
{
    uint8_t bounce[BOUNCE_SIZE];
    ssize_t done = 0;
    while (buf->remaining != 0) {
        ssize_t part = iobuf_get(buf, bounce, MIN(buf->remaining, sizeof(bounce)));
        ssize_t count = part <= 0 ? part : write_piece(ldisc, bounce, (size_t)part, nonblock);
        if (count <= 0)
            return done != 0 ? done : count;
        done += count;
        if (count < part || (buf->remaining && sched_checkpoint()))
            break;
    }
    return done;
}

uint32_t ldisc_output_count(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    uint32_t count = ldisc->out_write - ldisc->out_read;
    spin_unlock(&ldisc->lock);
    return count;
}

int ldisc_wait_output(struct ldisc *ldisc)
{
    struct wait_entry entry;
    int error = 0;
    wait_begin(&ldisc->writable, &entry);
    while (ldisc_output_count(ldisc) != 0 && (error = wait_sleep(WAIT_FOREVER)) == 0) {
        ldisc_pump_output(ldisc);
        wait_again(&ldisc->writable, &entry);
    }
    wait_end(&ldisc->writable, &entry);
    return error;
}

/* ---- settings ------------------------------------------------------------- */

void ldisc_get_termios(struct ldisc *ldisc, struct termios *termios)
{
    spin_lock(&ldisc->lock);
    *termios = ldisc->termios;
    spin_unlock(&ldisc->lock);
}

void ldisc_set_termios(struct ldisc *ldisc, const struct termios *termios)
{
    spin_lock(&ldisc->lock);
    bool was_canonical = canonical(ldisc);
    ldisc->termios = *termios;
    if (!(termios->iflag & IXON))
        ldisc->output_stopped = false;
    if (was_canonical != canonical(ldisc)) {
        /* What was typed before the change stays readable, as one line. */
        memset(ldisc->line_end, 0, sizeof(ldisc->line_end));
        ldisc->lines = 0;
        ldisc->line_start = ldisc->write_at;
        ldisc->literal_next = false;
        if (canonical(ldisc) && ldisc->read_at != ldisc->write_at) {
            ldisc_mark_line_end(ldisc, ldisc->write_at - 1, true);
            ldisc->lines = 1;
        }
    }
    ldisc_push_output(ldisc);
    spin_unlock(&ldisc->lock);
    wake_all(&ldisc->readable, POLL_IN | POLL_RDNORM | POLL_QUIET);
    wake_all(&ldisc->writable, POLL_OUT | POLL_WRNORM | POLL_QUIET);
}

void ldisc_flush(struct ldisc *ldisc, bool input, bool output)
{
    spin_lock(&ldisc->lock);
    if (input)
        ldisc_flush_input(ldisc);
    if (output)
        ldisc->out_read = ldisc->out_write;
    spin_unlock(&ldisc->lock);
    if (output)
        wake_all(&ldisc->writable, POLL_OUT | POLL_WRNORM);
}

void ldisc_stop_output(struct ldisc *ldisc, bool stop)
{
    spin_lock(&ldisc->lock);
    ldisc->output_stopped = stop;
    ldisc_push_output(ldisc);
    spin_unlock(&ldisc->lock);
    if (!stop)
        wake_all(&ldisc->writable, POLL_OUT | POLL_WRNORM);
}
