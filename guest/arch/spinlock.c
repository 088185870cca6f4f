/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow part of spinlocks: waiting, and with DEBUG_LOCKS=1 the checks of
 * order, recursion and sleeping.  See sched/LOCKS.md.
 */
#include "arch/spinlock.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "lib/panic.h"

static void (*poll_while_spinning)(void);

void spin_set_poll(void (*poll)(void))
{
    poll_while_spinning = poll;
}

void spin_poll(void)
{
    cpu_pause();
    if (poll_while_spinning)
        poll_while_spinning();
}

void spin_lock_slow(struct spinlock *lock)
{
#if DEBUG_LOCKS
    if (lock->owner_cpu == this_cpu()->cpu + 1)
        panic("spinlock %s: taken twice by CPU %u", lock->name, this_cpu()->cpu);
#endif
    do {
        /* Waits on its own copy of the cache line; only then tries to write it. */
        while (atomic_load_explicit(&lock->locked, memory_order_relaxed))
            spin_poll();
    } while (atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire));
}

#if DEBUG_LOCKS

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
    atomic_init(&lock->locked, 0);
    lock->owner_cpu = 0;
    lock->rank = (uint8_t)rank;
    lock->name = "(dynamic)";
}

static bool same_rank_allowed(uint8_t rank)
{
    return rank == LOCK_RANK_ANY || rank == LOCK_RANK_FUTEX || rank == LOCK_RANK_WAIT;
}

void spin_debug_acquired(struct spinlock *lock)
{
    struct percpu *cpu = this_cpu();

    for (uint32_t i = 0; i < cpu->spin_depth; i++) {
        const struct spinlock *held = cpu->spin_held[i];
        if (held->rank == LOCK_RANK_ANY || lock->rank == LOCK_RANK_ANY)
            continue;
        if (held->rank > lock->rank || (held->rank == lock->rank && !same_rank_allowed(lock->rank)))
            panic("lock order: %s (rank %u) taken under %s (rank %u)", lock->name, lock->rank,
                  held->name, held->rank);
    }
    if (cpu->spin_depth == ARRAY_SIZE(cpu->spin_held))
        panic("more than %zu spinlocks held", ARRAY_SIZE(cpu->spin_held));
    cpu->spin_held[cpu->spin_depth++] = lock;
    lock->owner_cpu = cpu->cpu + 1;
}

void spin_debug_released(struct spinlock *lock)
{
    struct percpu *cpu = this_cpu();
    uint32_t i = cpu->spin_depth;

    while (i > 0 && cpu->spin_held[i - 1] != lock)
        i--;
    if (i == 0)
        panic("spinlock %s released by CPU %u, which does not hold it", lock->name, cpu->cpu);
    for (; i < cpu->spin_depth; i++)
        cpu->spin_held[i - 1] = cpu->spin_held[i];
    cpu->spin_depth--;
    lock->owner_cpu = 0;
}

void spin_assert_none_held(const char *where)
{
    struct percpu *cpu = this_cpu();

    if (cpu->spin_depth > 0)
        panic("%s may sleep, but the CPU holds spinlock %s", where,
              cpu->spin_held[cpu->spin_depth - 1]->name);
}

#else

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
    (void)rank;
    atomic_init(&lock->locked, 0);
}

#endif
