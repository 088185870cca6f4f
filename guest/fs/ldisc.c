/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Line discipline, the device's side: input processing, line editing, echo and
 * signals.  The line being edited lies between line_start and write_at; it can
 * be read when its end has been marked (in canonical mode), or at once.
 */
#include "fs/ldisc.h"

#include "iface/file.h"
#include "lib/string.h"

#define TAB_WIDTH 8u
#define DEL 0x7fu
#define CONTROL(c) ((uint8_t)((c)&0x1f))

static const uint8_t default_cc[TERMIOS_CC_COUNT] = {
    [VINTR] = CONTROL('C'),    [VQUIT] = CONTROL('\\'),   [VERASE] = DEL,
    [VKILL] = CONTROL('U'),    [VEOF] = CONTROL('D'),     [VMIN] = 1,
    [VSTART] = CONTROL('Q'),   [VSTOP] = CONTROL('S'),    [VSUSP] = CONTROL('Z'),
    [VREPRINT] = CONTROL('R'), [VDISCARD] = CONTROL('O'), [VWERASE] = CONTROL('W'),
    [VLNEXT] = CONTROL('V'),
};

void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops)
{
    memset(ldisc, 0, sizeof(*ldisc));
    ldisc->ops = ops;
    spin_init(&ldisc->lock, LOCK_RANK_FS);
    wait_queue_init(&ldisc->readable);
    wait_queue_init(&ldisc->writable);
    ldisc->termios = (struct termios){
        .iflag = ICRNL | IXON,
        .oflag = OPOST | ONLCR,
        .cflag = TERMIOS_CFLAG_DEFAULT,
        .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .ispeed = TERMIOS_SPEED_DEFAULT,
        .ospeed = TERMIOS_SPEED_DEFAULT,
    };
    memcpy(ldisc->termios.cc, default_cc, sizeof(default_cc));
}

/* ---- echo ----------------------------------------------------------------- */

static void echo_raw(struct ldisc *ldisc, uint8_t c)
{
    ldisc_put_output(ldisc, c, 0); /* a full queue drops echo, as a real line would */
}

static bool shown_as_caret(const struct ldisc *ldisc, uint8_t c)
{
    return (ldisc->termios.lflag & ECHOCTL) && (c < ' ' || c == DEL) && c != '\t' && c != '\n';
}

static void echo(struct ldisc *ldisc, uint8_t c)
{
    if (!(ldisc->termios.lflag & ECHO) && !(c == '\n' && (ldisc->termios.lflag & ECHONL)))
        return;
    if (ldisc->write_at == ldisc->line_start)
        ldisc->line_column = ldisc->column;
    if (shown_as_caret(ldisc, c)) {
        echo_raw(ldisc, '^');
        echo_raw(ldisc, c ^ 0x40);
    } else {
        echo_raw(ldisc, c);
    }
}

static bool is_continuation(const struct ldisc *ldisc, uint8_t c)
{
    return (ldisc->termios.iflag & IUTF8) && (c & 0xc0) == 0x80;
}

/* Column after c when the cursor stands at column. */
static uint32_t advance_column(const struct ldisc *ldisc, uint32_t column, uint8_t c)
{
    if (c == '\t')
        return (column / TAB_WIDTH + 1) * TAB_WIDTH;
    if (shown_as_caret(ldisc, c))
        return column + 2;
    return column + (c >= ' ' && !is_continuation(ldisc, c) ? 1 : 0);
}

/* Wipes what the last character of the line, still in the buffer, left on the screen. */
static void echo_erased(struct ldisc *ldisc, uint8_t c)
{
    if (!(ldisc->termios.lflag & ECHO))
        return;
    if (!(ldisc->termios.lflag & ECHOE)) {
        echo(ldisc, ldisc->termios.cc[VERASE]);
        return;
    }
    uint32_t before = ldisc->line_column, after;
    for (uint32_t at = ldisc->line_start; at != ldisc->write_at - 1; at++)
        before = advance_column(ldisc, before, ldisc_input_at(ldisc, at));
    after = advance_column(ldisc, before, c);
    for (uint32_t i = before; i < after; i++) {
        echo_raw(ldisc, '\b');
        if (c != '\t') {
            echo_raw(ldisc, ' ');
            echo_raw(ldisc, '\b');
        }
    }
}

/* ---- line editing --------------------------------------------------------- */

static void erase_character(struct ldisc *ldisc)
{
    bool more = true;
    while (more && ldisc->write_at != ldisc->line_start) {
        uint8_t c = ldisc_input_at(ldisc, ldisc->write_at - 1);
        more = is_continuation(ldisc, c); /* the rest of a UTF-8 character goes, too */
        echo_erased(ldisc, c);
        ldisc->write_at--;
    }
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c >= 0x80;
}

static void erase_word(struct ldisc *ldisc)
{
    bool seen = false;
    while (ldisc->write_at != ldisc->line_start) {
        bool word = is_word(ldisc_input_at(ldisc, ldisc->write_at - 1));
        if (seen && !word)
            break;
        seen |= word;
        erase_character(ldisc);
    }
}

static void kill_line(struct ldisc *ldisc)
{
    uint32_t both = ECHOK | ECHOKE | ECHOE;
    if ((ldisc->termios.lflag & ECHO) && (ldisc->termios.lflag & both) != both) {
        ldisc->write_at = ldisc->line_start;
        echo(ldisc, ldisc->termios.cc[VKILL]);
        if (ldisc->termios.lflag & ECHOK)
            echo_raw(ldisc, '\n');
        return;
    }
    while (ldisc->write_at != ldisc->line_start)
        erase_character(ldisc);
}

static void reprint_line(struct ldisc *ldisc)
{
    echo(ldisc, ldisc->termios.cc[VREPRINT]);
    echo_raw(ldisc, '\n');
    ldisc->line_column = 0;
    for (uint32_t at = ldisc->line_start; at != ldisc->write_at; at++) {
        uint8_t c = ldisc_input_at(ldisc, at);
        if (shown_as_caret(ldisc, c)) {
            echo_raw(ldisc, '^');
            c ^= 0x40;
        }
        echo_raw(ldisc, c);
    }
}

static uint32_t input_used(const struct ldisc *ldisc)
{
    return ldisc->write_at - ldisc->read_at;
}

/* Into the buffer; a full one rings the bell.  Room for one line end is kept. */
static void store(struct ldisc *ldisc, uint8_t c, bool ends_line)
{
    uint32_t limit = LDISC_INPUT_SIZE - ((ldisc->termios.lflag & ICANON) && !ends_line ? 1 : 0);
    if (input_used(ldisc) >= limit) {
        if (ldisc->termios.iflag & IMAXBEL)
            echo_raw(ldisc, '\a');
        return;
    }
    ldisc->input[ldisc->write_at % LDISC_INPUT_SIZE] = c;
    ldisc_mark_line_end(ldisc, ldisc->write_at, ends_line);
    ldisc->write_at++;
    if (ends_line) {
        ldisc->lines++;
        ldisc->line_start = ldisc->write_at;
    }
}

/* Keys that edit or end the line; false: an ordinary character. */
static bool edit_line(struct ldisc *ldisc, uint8_t c)
{
    bool extended = (ldisc->termios.lflag & IEXTEN) != 0;
    if (ldisc_is_cc(ldisc, VERASE, c)) {
        erase_character(ldisc);
    } else if (ldisc_is_cc(ldisc, VKILL, c)) {
        kill_line(ldisc);
    } else if (extended && ldisc_is_cc(ldisc, VWERASE, c)) {
        erase_word(ldisc);
    } else if (extended && ldisc_is_cc(ldisc, VREPRINT, c)) {
        if (ldisc->termios.lflag & ECHO)
            reprint_line(ldisc);
    } else if (extended && ldisc_is_cc(ldisc, VLNEXT, c)) {
        ldisc->literal_next = true;
        if ((ldisc->termios.lflag & (ECHO | ECHOCTL)) == (ECHO | ECHOCTL)) {
            echo_raw(ldisc, '^');
            echo_raw(ldisc, '\b');
        }
    } else if (c == '\n') {
        echo(ldisc, c);
        store(ldisc, c, true);
    } else if (ldisc_is_cc(ldisc, VEOF, c)) {
        store(ldisc, 0, true); /* a line end that is not read: see ldisc_io.c */
    } else if (ldisc_is_cc(ldisc, VEOL, c) || (extended && ldisc_is_cc(ldisc, VEOL2, c))) {
        echo(ldisc, c);
        store(ldisc, c, true);
    } else {
        return false;
    }
    return true;
}

/* ---- input ---------------------------------------------------------------- */

static int signal_of(const struct ldisc *ldisc, uint8_t c)
{
    if (!(ldisc->termios.lflag & ISIG))
        return 0;
    if (ldisc_is_cc(ldisc, VINTR, c))
        return TTY_SIGINT;
    if (ldisc_is_cc(ldisc, VQUIT, c))
        return TTY_SIGQUIT;
    return ldisc_is_cc(ldisc, VSUSP, c) ? TTY_SIGTSTP : 0;
}

static void raise_signal(struct ldisc *ldisc, uint8_t c)
{
    if (!(ldisc->termios.lflag & NOFLSH)) {
        ldisc_flush_input(ldisc);
        ldisc->out_read = ldisc->out_write;
    }
    ldisc->output_stopped = false;
    echo(ldisc, c);
}

/* Ctrl-S and Ctrl-Q; false: the character is none of them. */
static bool flow_control(struct ldisc *ldisc, uint8_t c)
{
    if (!(ldisc->termios.iflag & IXON))
        return false;
    if (ldisc_is_cc(ldisc, VSTOP, c)) {
        ldisc->output_stopped = !ldisc_is_cc(ldisc, VSTART, c) || !ldisc->output_stopped;
        return true;
    }
    if (ldisc_is_cc(ldisc, VSTART, c)) {
        ldisc->output_stopped = false;
        return true;
    }
    if (ldisc->termios.iflag & IXANY)
        ldisc->output_stopped = false;
    return false;
}

/* One character; the signal it raises, or 0. */
static int receive_character(struct ldisc *ldisc, uint8_t c)
{
    uint32_t iflag = ldisc->termios.iflag;
    if (iflag & ISTRIP)
        c &= 0x7f;
    if (ldisc->literal_next) {
        ldisc->literal_next = false;
        echo(ldisc, c);
        store(ldisc, c, false);
        return 0;
    }
    if ((iflag & IUCLC) && (ldisc->termios.lflag & IEXTEN) && c >= 'A' && c <= 'Z')
        c = (uint8_t)(c + ('a' - 'A'));
    if (flow_control(ldisc, c))
        return 0;
    int signo = signal_of(ldisc, c);
    if (signo != 0) {
        raise_signal(ldisc, c);
        return signo;
    }
    if (c == '\r') {
        if (iflag & IGNCR)
            return 0;
        if (iflag & ICRNL)
            c = '\n';
    } else if (c == '\n' && (iflag & INLCR)) {
        c = '\r';
    }
    if ((ldisc->termios.lflag & ICANON) && edit_line(ldisc, c))
        return 0;
    echo(ldisc, c);
    store(ldisc, c, false);
    return 0;
}

void ldisc_receive(struct ldisc *ldisc, const uint8_t *data, size_t size)
{
    bool readable = false;
    while (size != 0) {
        int signo = 0;
        spin_lock(&ldisc->lock);
        for (; size != 0 && signo == 0; size--)
            signo = receive_character(ldisc, *data++);
        ldisc_push_output(ldisc);
        readable = (ldisc->termios.lflag & ICANON) ? ldisc->lines != 0 : input_used(ldisc) != 0;
        spin_unlock(&ldisc->lock);
        if (signo != 0)
            ldisc->ops->signal(ldisc, signo);
    }
    wake_all(&ldisc->readable, POLL_IN | POLL_RDNORM | (readable ? 0 : POLL_QUIET));
    wake_all(&ldisc->writable, POLL_OUT | POLL_WRNORM | POLL_QUIET);
}

size_t ldisc_room(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    size_t room = LDISC_INPUT_SIZE - 1 - MIN(input_used(ldisc), LDISC_INPUT_SIZE - 1);
    /* A line that never ends must not stop the keys that could end it. */
    if (room == 0 && (ldisc->termios.lflag & ICANON) && ldisc->lines == 0)
        room = 1;
    spin_unlock(&ldisc->lock);
    return room;
}

void ldisc_hang_up(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    ldisc->hung_up = true;
    ldisc->hangups++;
    spin_unlock(&ldisc->lock);
    wake_all(&ldisc->readable, POLL_IN | POLL_RDNORM | POLL_HUP | POLL_QUIET);
    wake_all(&ldisc->writable, POLL_OUT | POLL_WRNORM | POLL_HUP | POLL_QUIET);
}

void ldisc_revive(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    if (ldisc->hung_up) {
        ldisc_flush_input(ldisc);
        ldisc->out_read = ldisc->out_write;
        ldisc->hung_up = ldisc->output_stopped = false;
    }
    spin_unlock(&ldisc->lock);
}

void ldisc_pump_output(struct ldisc *ldisc)
{
    spin_lock(&ldisc->lock);
    ldisc_push_output(ldisc);
    spin_unlock(&ldisc->lock);
    wake_all(&ldisc->writable, POLL_OUT | POLL_WRNORM | POLL_QUIET);
}
