/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal line discipline (termios(3)): what happens to bytes between a
 * device and the program.  It knows neither: the owner brings bytes with
 * ldisc_receive() and takes output through ops->output, so that the console and
 * pseudo terminals share it.
 *
 *   device --receive--> [input buffer] --read--> program
 *      ^                     | echo
 *      +----output---- [output queue] <--write-- program
 *
 * Lock: ldisc.lock (LOCK_RANK_FS) guards everything below it; ops->output is
 * called with it held and must not sleep, ops->signal without it.  No function
 * that takes bytes from the device sleeps: they run in interrupt context.
 */
#ifndef FS_LDISC_H
#define FS_LDISC_H

#include "arch/spinlock.h"
#include "fs/termios.h"
#include "mm/uaccess.h"
#include "sched/wait_queue.h"

#define LDISC_INPUT_SIZE 4096u /* power of two; Linux's N_TTY_BUF_SIZE */
#define LDISC_OUTPUT_SIZE 1024u /* power of two */
#define LDISC_ECHO_RESERVE 64u /* of it, not filled by writes */

struct ldisc;

struct ldisc_ops {
    /* Takes what fits of processed output; how many bytes. */
    size_t (*output)(struct ldisc *ldisc, const uint8_t *data, size_t size);
    /* A typed character raises a signal in the foreground group. */
    void (*signal)(struct ldisc *ldisc, int signo);
};

struct ldisc {
    const struct ldisc_ops *ops;
    struct wait_queue readable, writable;
    struct spinlock lock;
    struct termios termios;
    bool output_stopped; /* Ctrl-S or TCOOFF */
    bool literal_next; /* VLNEXT was typed */
    bool hung_up; /* no more input will come */
    uint32_t hangups; /* how often: a sleeping reader sees one that is over again */
    uint32_t column; /* of the output */
    uint32_t line_column; /* column at the start of the input line */
    /* input: free-running indices into input[] */
    uint32_t read_at, line_start, write_at;
    uint32_t lines; /* line ends between read_at and write_at */
    /* output: free-running */
    uint32_t out_read, out_write;
    uint32_t line_end[LDISC_INPUT_SIZE / 32]; /* bit: a line ends with this byte */
    uint8_t input[LDISC_INPUT_SIZE];
    uint8_t output[LDISC_OUTPUT_SIZE];
};

void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops);

/* ---- device side: ldisc.c ---- */

/* How many bytes ldisc_receive() takes now without losing any. */
size_t ldisc_room(struct ldisc *ldisc);
void ldisc_receive(struct ldisc *ldisc, const uint8_t *data, size_t size);
/* No more input: readers see the end. */
void ldisc_hang_up(struct ldisc *ldisc);
/* Opened again after that: empty, with the settings it had. */
void ldisc_revive(struct ldisc *ldisc);
/* The device takes output again. */
void ldisc_pump_output(struct ldisc *ldisc);

/* ---- program side: ldisc_io.c ---- */

/* As read(2) and write(2) on a terminal; -EAGAIN if nonblock. */
ssize_t ldisc_read(struct ldisc *ldisc, struct iobuf *buf, bool nonblock);
ssize_t ldisc_write(struct ldisc *ldisc, struct iobuf *buf, bool nonblock);
bool ldisc_can_read(struct ldisc *ldisc);
bool ldisc_can_write(struct ldisc *ldisc);
uint32_t ldisc_input_count(struct ldisc *ldisc); /* FIONREAD */
uint32_t ldisc_output_count(struct ldisc *ldisc);
void ldisc_get_termios(struct ldisc *ldisc, struct termios *termios);
void ldisc_set_termios(struct ldisc *ldisc, const struct termios *termios);
void ldisc_flush(struct ldisc *ldisc, bool input, bool output);
void ldisc_stop_output(struct ldisc *ldisc, bool stop);
/* Until the output queue is empty: 0 or -ERESTARTSYS. */
int ldisc_wait_output(struct ldisc *ldisc);

/* ---- inside, with the lock held ---- */

static inline uint8_t ldisc_input_at(const struct ldisc *ldisc, uint32_t at)
{
    return ldisc->input[at % LDISC_INPUT_SIZE];
}
static inline bool ldisc_is_line_end(const struct ldisc *ldisc, uint32_t at)
{
    at %= LDISC_INPUT_SIZE;
    return ldisc->line_end[at / 32] >> at % 32 & 1;
}
static inline void ldisc_mark_line_end(struct ldisc *ldisc, uint32_t at, bool is_end)
{
    at %= LDISC_INPUT_SIZE;
    uint32_t bit = 1u << at % 32;
    ldisc->line_end[at / 32] =
        is_end ? ldisc->line_end[at / 32] | bit : ldisc->line_end[at / 32] & ~bit;
}
/* Is the character a control character that is set (0 means: none)? */
static inline bool ldisc_is_cc(const struct ldisc *ldisc, unsigned int which, uint8_t c)
{
    return ldisc->termios.cc[which] != 0 && ldisc->termios.cc[which] == c;
}
void ldisc_flush_input(struct ldisc *ldisc);
/* One character through output processing; false: the queue has less than room bytes left. */
bool ldisc_put_output(struct ldisc *ldisc, uint8_t c, uint32_t room);
void ldisc_push_output(struct ldisc *ldisc); /* hands the queue to the device */

#endif
