/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticketless test-and-test-and-set lock.  The kernel runs with interrupts
 * disabled (see sched/LOCKS.md), so there is no irqsave variant.  While a CPU
 * spins it serves TLB shootdowns (cpu_relax_poll), or two CPUs could wait for
 * each other.  Nothing may sleep or touch program memory under a spinlock.
 * DEBUG_LOCKS=1 checks order (by class rank, ascending) and sleeping.
 */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include "lib/types.h"

/* Lock classes in the order in which they may be taken: outermost first. */
enum lock_rank {
    LOCK_RANK_ANY = 0, /* leaf of its own kind, not checked */
    LOCK_RANK_PROCESS_TABLE = 10, /* pids, parents, groups, sessions */
    LOCK_RANK_SIGNAL = 20, /* handlers and pending sets of one process */
    LOCK_RANK_FS = 30, /* inode contents and directories */
    LOCK_RANK_FD = 40, /* descriptor tables */
    LOCK_RANK_SOCKET_NAMES = 42, /* bound names, list of sockets */
    LOCK_RANK_SOCKET = 44, /* state and queue of one socket */
    LOCK_RANK_SOCKET_SPACE = 46, /* wait queue for room at another socket */
    LOCK_RANK_DEVICE = 50, /* driver and virtqueue state */
    LOCK_RANK_FUTEX = 60, /* futex buckets */
    LOCK_RANK_WAIT = 70, /* wait queues */
    LOCK_RANK_TIMER = 75, /* timer queues */
    LOCK_RANK_RUNQUEUE = 80, /* run queues; two: lower CPU first */
    LOCK_RANK_SLAB = 90,
    LOCK_RANK_PAGES = 95, /* page allocator */
    LOCK_RANK_LOG = 99,
};

struct spinlock {
    atomic_uint locked;
#if DEBUG_LOCKS
    uint32_t owner_cpu;
    uint8_t rank;
    const char *name;
#endif
};

#if DEBUG_LOCKS
#define SPINLOCK_INIT(lock_rank_)              \
    {                                          \
        .rank = (lock_rank_), .name = __FILE__ \
    }
#else
#define SPINLOCK_INIT(lock_rank_) \
    {                             \
        0                         \
    }
#endif

void spin_init(struct spinlock *lock, enum lock_rank rank);
void spin_lock_slow(struct spinlock *lock);
/* What a waiting CPU does meanwhile: registered once at boot, must not take locks. */
void spin_set_poll(void (*poll)(void));
/* One turn of any loop that waits for another CPU: pause, and the poll function. */
void spin_poll(void);

#if DEBUG_LOCKS
void spin_debug_acquired(struct spinlock *lock);
void spin_debug_released(struct spinlock *lock);
/* Panics when the CPU holds a spinlock: called by everything that may sleep. */
void spin_assert_none_held(const char *where);
#else
static inline void spin_debug_acquired(struct spinlock *lock)
{
    (void)lock;
}
static inline void spin_debug_released(struct spinlock *lock)
{
    (void)lock;
}
static inline void spin_assert_none_held(const char *where)
{
    (void)where;
}
#endif

static inline bool spin_trylock(struct spinlock *lock)
{
    if (atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire))
        return false;
    spin_debug_acquired(lock);
    return true;
}

static inline void spin_lock(struct spinlock *lock)
{
    if (UNLIKELY(atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire)))
        spin_lock_slow(lock);
    spin_debug_acquired(lock);
}

static inline void spin_unlock(struct spinlock *lock)
{
    spin_debug_released(lock);
    atomic_store_explicit(&lock->locked, 0, memory_order_release);
}

#endif
