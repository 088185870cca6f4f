/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping lock.  Declared here because mm/ sleeps on it too; implemented in
 * sched/mutex.c, above mm/.  Not recursive; nobody starves.
 * Before the scheduler runs, it is uncontended and only its word is written.
 */
#ifndef LIB_MUTEX_H
#define LIB_MUTEX_H

#include "arch/spinlock.h"
#include "lib/list.h"

struct thread;

struct mutex {
    _Atomic(struct thread *) owner; /* NULL: free; bit 0 is set while somebody waits */
    struct spinlock guard; /* of waiters, and of bit 0 being set */
    struct list waiters;
};

void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex); /* may sleep; not interruptible */
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex); /* by the owner */
bool mutex_is_mine(const struct mutex *mutex); /* for assertions */

#endif
