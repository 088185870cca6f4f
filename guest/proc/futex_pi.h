/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2), priority-inheriting operations: a word holds its owner's thread number,
 * and the kernel hands it from the owner to the waiter that comes first by
 * priority.  Priorities do not change who runs here (sched(7) calls keep numbers),
 * so there is nothing to lend to an owner; the rest is as on Linux.
 *
 * Lock: one mutex inside, for all words: only contended locks come here.  It guards
 * the waiters, who owns what they wait for, and task->pi_*; program memory is
 * touched while it is held, so it comes before mm->lock.
 *
 * Deadlines: as wait_sleep() takes them.
 */
#ifndef PROC_FUTEX_PI_H
#define PROC_FUTEX_PI_H

#include "lib/types.h"

struct task;

/* 0: the caller owns the word.  try_only: -EAGAIN instead of waiting. */
int64_t futex_lock_pi(uaddr_t word, bool shared, uint64_t deadline_ns, bool try_only);
int64_t futex_unlock_pi(uaddr_t word, bool shared);
/* Waits on word until futex_requeue_pi() moves the caller to lock and it owns that. */
int64_t futex_wait_requeue_pi(uaddr_t word, uaddr_t lock, bool shared, uint32_t expected,
                              uint64_t deadline_ns);
/* Of those who wait on from: one gets to if it is free, up to count more wait for it. */
int64_t futex_requeue_pi(uaddr_t from, uaddr_t to, bool shared, uint32_t count, uint32_t expected);
/*
 * The current task leaves its memory: what it owns goes to the first waiters.  ends: it will
 * never own anything again.
 */
void futex_pi_exit(struct task *task, bool ends);

#endif
