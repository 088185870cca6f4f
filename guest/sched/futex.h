/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2): hash of wait lists keyed by (mm, address) for private and
 * (page, offset) for shared words.  Lock: bucket spinlock (LOCK_RANK_FUTEX);
 * user words are read with the page pinned, never while a bucket is locked and
 * a fault could sleep.
 */
#ifndef SCHED_FUTEX_H
#define SCHED_FUTEX_H

#include "lib/types.h"

/* Raw futex(2) arguments; timeout already converted: monotonic deadline or WAIT_FOREVER. */
int64_t futex_wait(uaddr_t address, bool shared, uint32_t expected, uint64_t deadline_ns,
                   uint32_t bitset);
int64_t futex_wake(uaddr_t address, bool shared, uint32_t count, uint32_t bitset);
int64_t futex_requeue(uaddr_t from, uaddr_t to, bool shared, uint32_t wake, uint32_t requeue,
                      bool compare, uint32_t expected);
int64_t futex_wake_op(uaddr_t address, uaddr_t second, bool shared, uint32_t wake, uint32_t wake2,
                      uint32_t operation);

/* futex_waitv(2): which of the words a waker named, or a negative errno. */
struct futex_word {
    uaddr_t address;
    uint32_t expected;
    bool shared;
};
int64_t futex_wait_any(const struct futex_word *words, unsigned int count, uint64_t deadline_ns);

#endif
