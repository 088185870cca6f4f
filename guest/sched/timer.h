/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot timers on the monotonic clock, per CPU, ordered by a red-black tree.
 * The hardware is armed only for the earliest one.  Callbacks run from the timer
 * interrupt with no lock held: they may wake and re-arm, not sleep.
 */
#ifndef SCHED_TIMER_H
#define SCHED_TIMER_H

#include "lib/rbtree.h"

struct timer {
    struct rb_node node;
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    void (*fire)(struct timer *timer);
    atomic_uint cpu; /* whose queue it is on, or was on last */
    atomic_bool armed;
    bool roams; /* was armed on one CPU while its function ran on another; under a queue's lock */
};

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
/* Moves it if armed.  Concurrent calls for one timer need the owner's lock. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);
/*
 * On return the callback is not running (unless it is the caller) and will not
 * run.  True if it was armed.  The caller holds no lock that the callback takes.
 */
bool timer_cancel(struct timer *timer);
/* The same without waiting for a running callback: for use under its locks. */
bool timer_try_cancel(struct timer *timer);

/* From TRAP_VECTOR_TIMER. */
void timer_interrupt(void);

#endif
