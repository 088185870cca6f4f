/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sleeping lock of lib/mutex.h: ownership is handed to the longest waiter,
 * so nobody starves and a woken waiter never has to try again.
 */
#include "lib/mutex.h"

#include "arch/percpu.h"
#include "lib/panic.h"
#include "sched/thread.h"

struct mutex_waiter {
    struct list link;
    struct thread *thread;
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
    mutex->owner = NULL;
    list_init(&mutex->waiters);
}

bool mutex_trylock(struct mutex *mutex)
{
    spin_lock(&mutex->guard);
    bool got = !mutex->owner;
    if (got)
        mutex->owner = me();
    spin_unlock(&mutex->guard);
    return got;
}

static void lock_slow(struct mutex *mutex, struct thread *thread)
{
    struct mutex_waiter waiter = {.thread = thread};

    list_push_back(&mutex->waiters, &waiter.link);
    while (mutex->owner != thread) {
        spin_unlock(&mutex->guard);
        wait_sleep_uninterruptible(WAIT_FOREVER);
        spin_lock(&mutex->guard);
    }
    spin_unlock(&mutex->guard);
    /* A wake meant for a wait around this lock may have been taken: let that one look again. */
    atomic_store(&thread->wake_pending, true);
}

void mutex_lock(struct mutex *mutex)
{
    struct thread *thread = me();

    spin_assert_none_held("mutex_lock");
    spin_lock(&mutex->guard);
    if (LIKELY(!mutex->owner)) {
        mutex->owner = thread;
        spin_unlock(&mutex->guard);
        return;
    }
    ASSERT(mutex->owner != thread);
    lock_slow(mutex, thread);
}

void mutex_unlock(struct mutex *mutex)
{
    spin_lock(&mutex->guard);
    ASSERT(mutex->owner == me());
    if (LIKELY(list_empty(&mutex->waiters))) {
        mutex->owner = NULL;
    } else {
        struct mutex_waiter *next = LIST_FIRST(&mutex->waiters, struct mutex_waiter, link);
        list_remove(&next->link);
        mutex->owner = next->thread;
        /* Under the guard: the waiter takes it once more before its stack goes on. */
        thread_wake(next->thread);
    }
    spin_unlock(&mutex->guard);
}

bool mutex_is_mine(const struct mutex *mutex)
{
    return mutex->owner == me();
}
