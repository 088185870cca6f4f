/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wait queues: lists of sleepers and callbacks, and the sleep with its ends
 * (wake, timeout, signal).  Exclusive entries stand behind all others.
 */
#include "sched/wait_queue.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "sched/internal.h"

void wait_queue_init(struct wait_queue *queue)
{
    spin_init(&queue->lock, LOCK_RANK_WAIT);
    list_init(&queue->entries);
}

bool wait_queue_empty(struct wait_queue *queue)
{
    spin_lock(&queue->lock);
    bool empty = list_empty(&queue->entries);
    spin_unlock(&queue->lock);
    return empty;
}

/* queue locked */
static void link_entry(struct wait_queue *queue, struct wait_entry *entry)
{
    if (entry->exclusive)
        list_push_back(&queue->entries, &entry->link);
    else
        list_push_front(&queue->entries, &entry->link);
    entry->queue = queue;
}

/* queue locked */
static void unlink_entry(struct wait_entry *entry)
{
    list_remove(&entry->link);
    entry->queue = NULL;
}

static void begin(struct wait_queue *queue, struct wait_entry *entry, bool exclusive)
{
    struct thread *thread = current_thread();

    entry->thread = thread;
    entry->callback = NULL;
    entry->key_mask = 0;
    entry->exclusive = exclusive;
    entry->leaves_when_woken = true;
    /* The queue's lock orders it before the entry. */
    atomic_store_explicit(&thread->wake_pending, false, memory_order_relaxed);
    spin_lock(&queue->lock);
    link_entry(queue, entry);
    spin_unlock(&queue->lock);
    /* The entry must be seen before the condition is read: wakers look without the lock. */
    atomic_thread_fence(memory_order_seq_cst);
}

void wait_begin(struct wait_queue *queue, struct wait_entry *entry)
{
    begin(queue, entry, false);
}

void wait_begin_exclusive(struct wait_queue *queue, struct wait_entry *entry)
{
    begin(queue, entry, true);
}

void wait_again(struct wait_queue *queue, struct wait_entry *entry)
{
    spin_lock(&queue->lock);
    if (!entry->queue)
        link_entry(queue, entry);
    spin_unlock(&queue->lock);
    atomic_thread_fence(memory_order_seq_cst);
}

void wait_end(struct wait_queue *queue, struct wait_entry *entry)
{
    /* The lock is needed even if the entry is off the queue: its waker may still hold it. */
    spin_lock(&queue->lock);
    if (entry->queue)
        unlink_entry(entry);
    spin_unlock(&queue->lock);
    /* This may have been a wait inside another one's condition: that one looks again. */
    atomic_store(&current_thread()->wake_pending, true);
}

void wait_add(struct wait_queue *queue, struct wait_entry *entry)
{
    spin_lock(&queue->lock);
    link_entry(queue, entry);
    spin_unlock(&queue->lock);
    atomic_thread_fence(memory_order_seq_cst);
}

void wait_remove(struct wait_entry *entry)
{
    /* Only its owner takes such an entry off, so this needs no lock to be true. */
    struct wait_queue *queue = entry->queue;

    if (!queue)
        return;
    spin_lock(&queue->lock);
    unlink_entry(entry);
    spin_unlock(&queue->lock);
}

static int sleep_until(uint64_t deadline_ns, enum thread_state state);

static struct wait_queue wall_sleepers = {SPINLOCK_INIT(LOCK_RANK_WAIT),
                                          LIST_INIT(wall_sleepers.entries)};

void wait_clock_was_set(void)
{
    wake_all(&wall_sleepers, 0);
}

static int sleep_until_wall(uint64_t wall_ns, enum thread_state state)
{
    struct wait_entry entry = {.thread = current_thread()};

    wait_add(&wall_sleepers, &entry); /* first: a step from here on wakes us */
    int result = sleep_until(clock_wall_to_monotonic(wall_ns), state);
    wait_remove(&entry);
    return result == -ETIMEDOUT && clock_wall_ns() < wall_ns ? 0 : result;
}

/* What ended a sleep, its deadline aside. */
static int sleep_result(struct thread *thread, enum thread_state state)
{
    if (LIKELY(atomic_exchange(&thread->wake_pending, false)))
        return 0;
    if (state == THREAD_SLEEPING && atomic_load(&thread->signal_pending))
        return -ERESTARTSYS;
    return 0;
}

static int sleep_until(uint64_t deadline_ns, enum thread_state state)
{
    struct thread *thread = current_thread();

    if (LIKELY(deadline_ns == WAIT_FOREVER)) {
        thread->timed_out = false;
        sched_sleep(state); /* not at all if a wake, or a signal, is pending */
        return sleep_result(thread, state);
    }
    if (UNLIKELY(deadline_ns >= WAIT_WALL))
        return sleep_until_wall(deadline_ns & ~WAIT_WALL, state);

    if (atomic_exchange(&thread->wake_pending, false))
        return 0;
    if (state == THREAD_SLEEPING && atomic_load(&thread->signal_pending))
        return -ERESTARTSYS;
    thread->timed_out = false;
    if (clock_ns() >= deadline_ns)
        return -ETIMEDOUT;
    timer_arm(&thread->sleep_timer, deadline_ns);
    sched_sleep(state);
    timer_cancel(&thread->sleep_timer);
    if (thread->timed_out && !atomic_load(&thread->wake_pending))
        return -ETIMEDOUT;
    return sleep_result(thread, state);
}

int wait_sleep(uint64_t deadline_ns)
{
    return sleep_until(deadline_ns, THREAD_SLEEPING);
}

int wait_sleep_uninterruptible(uint64_t deadline_ns)
{
    return sleep_until(deadline_ns, THREAD_SLEEPING_HARD);
}

void wait_prepare(void)
{
    atomic_store(&current_thread()->wake_pending, false);
}

void wait_cancel(void)
{
    /* Nothing but wake_pending tells of a planned sleep, and a stale one is harmless. */
    wait_prepare();
}

/* Nobody waits: what the waker has changed is seen by whoever queues from now on. */
static inline bool nobody_waits(const struct wait_queue *queue)
{
    atomic_thread_fence(memory_order_seq_cst);
    return *(struct list *const volatile *)&queue->entries.next == &queue->entries;
}

/* Up to count exclusive entries, and the others if they are wanted, too. */
static void wake_entries(struct wait_queue *queue, uint32_t key, unsigned int count, bool others)
{
    spin_lock(&queue->lock);
    LIST_FOR_EACH_SAFE(link, next, &queue->entries)
    {
        struct wait_entry *entry = LIST_ENTRY(link, struct wait_entry, link);
        bool consumed = true, exclusive = entry->exclusive;

        if (!exclusive && !others)
            continue;
        if (key && entry->key_mask && !(key & entry->key_mask))
            continue;
        if (entry->leaves_when_woken)
            unlink_entry(entry);
        if (entry->callback)
            consumed = entry->callback(entry, key);
        else
            thread_wake(entry->thread);
        if (exclusive && consumed && --count == 0)
            break;
    }
    spin_unlock(&queue->lock);
}

void wake_all(struct wait_queue *queue, uint32_t key)
{
    if (!nobody_waits(queue))
        wake_entries(queue, key, UINT32_MAX, true);
}

void wake_one(struct wait_queue *queue, uint32_t key)
{
    if (!nobody_waits(queue))
        wake_entries(queue, key, 1, true);
}

void wake_next(struct wait_queue *queue, uint32_t key)
{
    if (!nobody_waits(queue))
        wake_entries(queue, key, 1, false);
}
