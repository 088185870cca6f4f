/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sleeping lock of lib/mutex.h.  A lock that is let go belongs to whoever comes first:
 * handing it to a sleeper each time would make it idle for as long as a wake-up takes, and
 * all who want it sleep in turn.  A waiter that was woken and came too late is handed it
 * the next time, so nobody starves.
 *
 *     owner:  NULL               free
 *             thread             held
 *             thread | WAITED    held, and waiters is not empty
 *             WAITED             free, and waiters is not empty: the first has been woken
 *
 * WAITED says that waiters is not empty whenever guard is free.
 */
#include "lib/mutex.h"

#include "arch/percpu.h"
#include "lib/panic.h"
#include "sched/internal.h"

#define WAITED 1ul
/* A holder is rarely at it for longer than going to sleep and being woken would take. */
#define SPIN_TURNS 100u

struct mutex_waiter {
    struct list link;
    struct thread *thread;
    bool idle; /* the boot flow, which cannot leave its CPU: it is woken like a sleeper */
    bool woken, late; /* guard: it is on its way; it has come and found somebody else's lock */
};

/* Before sched_init() there is one flow of control and it has no thread. */
static struct thread *me(void)
{
    static struct thread early; /* only its address is used */
    struct thread *thread = current_thread();

    return LIKELY(thread) ? thread : &early;
}

void mutex_init(struct mutex *mutex)
{
    spin_init(&mutex->guard, LOCK_RANK_WAIT);
    atomic_init(&mutex->owner, NULL);
    list_init(&mutex->waiters);
}

static struct thread *with_flag(struct thread *thread, uintptr_t flag)
{
    return (struct thread *)((uintptr_t)thread | flag);
}

static struct thread *without_flag(struct thread *owner)
{
    return (struct thread *)((uintptr_t)owner & ~WAITED);
}

static bool take(struct mutex *mutex, struct thread *thread)
{
    struct thread *expected = NULL;

    return atomic_compare_exchange_strong_explicit(&mutex->owner, &expected, thread,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* The same also past waiters that are still on their way. */
static bool take_before_waiters(struct mutex *mutex, struct thread *thread)
{
    struct thread *owner = atomic_load_explicit(&mutex->owner, memory_order_relaxed);

    while (!without_flag(owner)) {
        if (atomic_compare_exchange_weak_explicit(&mutex->owner, &owner,
                                                  with_flag(thread, (uintptr_t)owner & WAITED),
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    }
    return false;
}

bool mutex_trylock(struct mutex *mutex)
{
    return take_before_waiters(mutex, me());
}

static bool owned_by(const struct mutex *mutex, struct thread *thread)
{
    return without_flag(atomic_load_explicit(&mutex->owner, memory_order_acquire)) == thread;
}

/* guard held, waiter queued: takes the mutex if it is free, else marks it as waited for. */
static bool take_or_mark(struct mutex *mutex, struct mutex_waiter *waiter)
{
    struct thread *owner = atomic_load_explicit(&mutex->owner, memory_order_relaxed), *wanted;

    list_remove(&waiter->link);
    do {
        bool free = !without_flag(owner);
        wanted = free ? with_flag(waiter->thread, list_empty(&mutex->waiters) ? 0 : WAITED)
                      : with_flag(owner, WAITED);
    } while (!atomic_compare_exchange_weak_explicit(&mutex->owner, &owner, wanted,
                                                    memory_order_acquire, memory_order_relaxed));
    if (without_flag(wanted) == waiter->thread)
        return true;
    if (waiter->late)
        list_push_front(&mutex->waiters, &waiter->link);
    else
        list_push_back(&mutex->waiters, &waiter->link);
    return false;
}

static bool spin_and_take(struct mutex *mutex, struct thread *thread)
{
    unsigned int turns =
        atomic_load_explicit(&cpus_online, memory_order_relaxed) > 1 ? SPIN_TURNS : 0;

    while (!take_before_waiters(mutex, thread)) {
        if (turns-- == 0)
            return false;
        spin_poll();
    }
    return true;
}

static __attribute__((noinline)) void lock_slow(struct mutex *mutex, struct thread *thread)
{
    struct mutex_waiter waiter = {.thread = thread, .idle = thread == this_cpu()->idle};

    ASSERT(!owned_by(mutex, thread));
    if (spin_and_take(mutex, thread))
        return;
    list_init(&waiter.link);
    spin_lock(&mutex->guard);
    while (!owned_by(mutex, thread) && !take_or_mark(mutex, &waiter)) {
        /*
         * This may be within the condition of a wait: its wake-ups are not ours, and it must
         * not look again only because it has slept here, or those who contend never rest.
         */
        atomic_store(&thread->mutex_given, false);
        if (waiter.idle)
            atomic_store(&thread->wake_pending, false);
        waiter.woken = false;
        spin_unlock(&mutex->guard);
        sched_sleep(THREAD_BLOCKED);
        spin_lock(&mutex->guard);
        waiter.late |= waiter.woken;
    }
    spin_unlock(&mutex->guard);
}

void mutex_lock(struct mutex *mutex)
{
    struct thread *thread = me();

    spin_assert_none_held("mutex_lock");
    if (UNLIKELY(!take(mutex, thread)))
        lock_slow(mutex, thread);
}

/* Somebody waits: the first is told that the mutex is free, or that it is its own. */
static __attribute__((noinline)) void unlock_slow(struct mutex *mutex, struct thread *thread)
{
    spin_lock(&mutex->guard);
    ASSERT(owned_by(mutex, thread) && !list_empty(&mutex->waiters));
    struct mutex_waiter *first = LIST_FIRST(&mutex->waiters, struct mutex_waiter, link);
    struct thread *owner = NULL;
    if (first->late) {
        list_remove(&first->link);
        owner = first->thread;
    }
    uintptr_t flag = list_empty(&mutex->waiters) ? 0 : WAITED;
    atomic_store_explicit(&mutex->owner, with_flag(owner, flag), memory_order_release);
    /* Under the guard: the waiter takes it once more before its stack goes on. */
    if (!first->woken) {
        first->woken = true;
        atomic_store(&first->thread->mutex_given, true);
        if (UNLIKELY(first->idle))
            thread_wake(first->thread);
        else
            sched_end_sleep(first->thread, 1u << THREAD_BLOCKED);
    }
    spin_unlock(&mutex->guard);
}

void mutex_unlock(struct mutex *mutex)
{
    struct thread *thread = me(), *expected = thread;

    if (UNLIKELY(!atomic_compare_exchange_strong_explicit(
            &mutex->owner, &expected, NULL, memory_order_release, memory_order_relaxed)))
        unlock_slow(mutex, thread);
}

bool mutex_is_mine(const struct mutex *mutex)
{
    return owned_by(mutex, me());
}
