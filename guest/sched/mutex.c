/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sleeping lock of lib/mutex.h: ownership is handed to the longest waiter,
 * so nobody starves and a woken waiter never has to try again.
 */
#include "lib/mutex.h"

#include "arch/percpu.h"
#include "lib/panic.h"
#include "sched/internal.h"

#define WAITED_FOR 1ul

struct mutex_waiter {
    struct list link;
    struct thread *thread;
    bool idle; /* the boot flow, which cannot leave its CPU: it is woken like a sleeper */
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

static bool take(struct mutex *mutex, struct thread *thread)
{
    struct thread *expected = NULL;

    return atomic_compare_exchange_strong_explicit(&mutex->owner, &expected, thread,
                                                   memory_order_acquire, memory_order_relaxed);
}

bool mutex_trylock(struct mutex *mutex)
{
    return take(mutex, me());
}

static bool owned_by(const struct mutex *mutex, struct thread *thread)
{
    return ((uintptr_t)atomic_load_explicit(&mutex->owner, memory_order_acquire) & ~WAITED_FOR) ==
           (uintptr_t)thread;
}

/* guard held: marks the mutex as waited for; true if it is ours instead, being free. */
static bool mark_or_take(struct mutex *mutex, struct thread *thread)
{
    struct thread *owner = atomic_load_explicit(&mutex->owner, memory_order_relaxed);

    for (;;) {
        struct thread *wanted = owner ? with_flag(owner, WAITED_FOR) : thread;
        if (atomic_compare_exchange_weak_explicit(&mutex->owner, &owner, wanted,
                                                  memory_order_acquire, memory_order_relaxed))
            return wanted == thread;
    }
}

static __attribute__((noinline)) void lock_slow(struct mutex *mutex, struct thread *thread)
{
    struct mutex_waiter waiter = {.thread = thread, .idle = thread == this_cpu()->idle};

    ASSERT(!owned_by(mutex, thread));
    spin_lock(&mutex->guard);
    if (mark_or_take(mutex, thread)) {
        spin_unlock(&mutex->guard);
        return;
    }
    /*
     * This may be within the condition of a wait: its wake-ups are not ours, and it must
     * not look again only because it has slept here, or those who contend never rest.
     */
    atomic_store(&thread->mutex_given, false);
    list_push_back(&mutex->waiters, &waiter.link);
    while (!owned_by(mutex, thread)) {
        if (waiter.idle)
            atomic_store(&thread->wake_pending, false);
        spin_unlock(&mutex->guard);
        sched_sleep(THREAD_BLOCKED);
        spin_lock(&mutex->guard);
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

/* Somebody waits: the mutex goes to the first, and is never free in between. */
static __attribute__((noinline)) void hand_over(struct mutex *mutex, struct thread *thread)
{
    spin_lock(&mutex->guard);
    ASSERT(owned_by(mutex, thread) && !list_empty(&mutex->waiters));
    struct mutex_waiter *next = LIST_FIRST(&mutex->waiters, struct mutex_waiter, link);
    list_remove(&next->link);
    uintptr_t flag = list_empty(&mutex->waiters) ? 0 : WAITED_FOR;
    atomic_store_explicit(&mutex->owner, with_flag(next->thread, flag), memory_order_release);
    /* Under the guard: the waiter takes it once more before its stack goes on. */
    atomic_store(&next->thread->mutex_given, true);
    if (UNLIKELY(next->idle))
        thread_wake(next->thread);
    else
        sched_end_sleep(next->thread, 1u << THREAD_BLOCKED);
    spin_unlock(&mutex->guard);
}

void mutex_unlock(struct mutex *mutex)
{
    struct thread *thread = me(), *expected = thread;

    if (UNLIKELY(!atomic_compare_exchange_strong_explicit(
            &mutex->owner, &expected, NULL, memory_order_release, memory_order_relaxed)))
        hand_over(mutex, thread);
}

bool mutex_is_mine(const struct mutex *mutex)
{
    return owned_by(mutex, me());
}
