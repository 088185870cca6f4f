/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files that implement futex(2) share: how a word is known, and the
 * buckets of plain waiters.  Nobody else includes this.
 */
#ifndef SCHED_FUTEX_INTERNAL_H
#define SCHED_FUTEX_INTERNAL_H

#include "arch/spinlock.h"
#include "lib/list.h"
#include "mm/vma.h"

struct thread;

/* A word in private memory by address space and address, else by where it lies in memory. */
struct futex_key {
    const struct mm *mm; /* NULL: shared */
    uint64_t where; /* address, or physical address */
};

/*
 * The key of a word of the current address space; *page holds a reference (or is static) for
 * shared ones, which keeps the physical address from being reused until futex_drop_key().
 * 0, -EINVAL (misaligned), -EFAULT.
 */
int futex_make_key(uaddr_t address, bool shared, struct futex_key *key, struct vm_page *page);
void futex_drop_key(const struct vm_page *page);

static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
    return a->mm == b->mm && a->where == b->where;
}

struct futex_bucket {
    struct spinlock lock; /* LOCK_RANK_FUTEX; two: lower address first */
    struct list waiters; /* zero until first used */
};

struct futex_waiter {
    struct list link;
    struct futex_key key;
    _Atomic(struct futex_bucket *) bucket; /* changes when requeued, under both locks */
    struct thread *thread;
    uint32_t bitset;
    bool queued;
};

/* Puts a waiter with key, thread and bitset on its bucket. */
void futex_enqueue(struct futex_waiter *waiter);
/* Takes it off; true if somebody had woken it. */
bool futex_dequeue(struct futex_waiter *waiter);
bool futex_is_queued(struct futex_waiter *waiter);

#endif
