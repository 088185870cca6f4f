/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one way to sleep and to wake.  A waiter puts an entry on the queue, checks
 * its condition, and sleeps; whoever makes the condition true wakes the queue.
 * A wake between check and sleep is not lost: it makes the sleep return at once.
 *
 *     struct wait_entry entry;
 *     wait_begin(&queue, &entry);
 *     while (!condition && (error = wait_sleep(deadline)) == 0)
 *         wait_again(&queue, &entry);
 *     wait_end(&queue, &entry);
 *
 * Sleeps may end without a reason, so the condition is always checked again.
 *
 * Waiting on several queues (poll): wait_prepare(), then wait_add() an entry with
 * .thread = current_thread() on each, check, wait_sleep(), check, ...; wait_remove()
 * each.  Entries may have a callback instead of a thread (epoll).
 *
 * Lock: the queue's spinlock (LOCK_RANK_WAIT), taken inside.  Callbacks run under
 * it: they must not sleep, take the same queue or remove an entry.  Exclusive entries
 * are queued behind the others and one of them is woken at a time.
 */
#ifndef SCHED_WAIT_QUEUE_H
#define SCHED_WAIT_QUEUE_H

#include "arch/spinlock.h"
#include "lib/list.h"

struct thread;
struct wait_entry;

struct wait_queue {
    struct spinlock lock;
    struct list entries; /* struct wait_entry.link */
};

/* key: what happened (poll events), 0: unspecified.  Returns true if it consumed the wake. */
typedef bool wait_callback(struct wait_entry *entry, uint32_t key);

struct wait_entry {
    struct list link;
    struct wait_queue *queue; /* the queue it is on, or NULL; must start as NULL */
    struct thread *thread; /* to wake, when there is no callback */
    wait_callback *callback;
    uint32_t key_mask; /* wake only for these events; 0: all */
    bool exclusive;
    bool leaves_when_woken; /* set by wait_begin() */
};

#define WAIT_FOREVER UINT64_MAX
/*
 * A deadline with this bit is one of the wall clock, in ns since 1970: when somebody sets the
 * clock, the sleep ends without a reason, and the next one goes by the new time.
 */
#define WAIT_WALL (1ul << 63)

void wait_queue_init(struct wait_queue *queue);
bool wait_queue_empty(struct wait_queue *queue);
/* Queues the current thread and marks it as about to sleep. */
void wait_begin(struct wait_queue *queue, struct wait_entry *entry);
void wait_begin_exclusive(struct wait_queue *queue, struct wait_entry *entry);
/* After wait_sleep(), before the condition is checked again: re-queues if it was taken off. */
void wait_again(struct wait_queue *queue, struct wait_entry *entry);
void wait_end(struct wait_queue *queue, struct wait_entry *entry);
/* Forgets earlier wakes of the current thread: before the first wait_add() of a poll. */
void wait_prepare(void);
/* Queues an entry the caller has filled in (link and queue aside); wakes leave it queued. */
void wait_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_remove(struct wait_entry *entry); /* of wait_add(), from whichever queue; idempotent */

/*
 * Sleeps until woken, until deadline (monotonic ns; WAIT_FOREVER), or until a
 * signal is pending.  0: woken (check the condition), -ETIMEDOUT, -ERESTARTSYS.
 */
int wait_sleep(uint64_t deadline_ns);
int wait_sleep_uninterruptible(uint64_t deadline_ns); /* not even SIGKILL ends it */
/* The wall clock was set. */
void wait_clock_was_set(void);
/* The current thread will not sleep after all. */
void wait_cancel(void);

void wake_all(struct wait_queue *queue, uint32_t key);
/* All entries that are not exclusive, and one that is. */
void wake_one(struct wait_queue *queue, uint32_t key);
/*
 * One exclusive entry and nobody else: the caller was woken as one, and leaves something for the
 * next, or leaves without having used what it was woken for.
 */
void wake_next(struct wait_queue *queue, uint32_t key);

#endif
