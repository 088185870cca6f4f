/* SPDX-License-Identifier: BSD-2-Clause */
/* See epoll_internal.h: the list of items that may be ready, looks at them, and sleeping until one
 * is. */
#include "fs/epoll_internal.h"
#include "lib/errno.h"

#define READ_EVENTS (POLL_IN | POLL_RDNORM)

void epoll_make_ready(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;

    spin_lock(&epoll->ready_lock);
    item->news = true;
    if (list_empty(&item->ready_link))
        list_push_back(&epoll->ready, &item->ready_link);
    spin_unlock(&epoll->ready_lock);
    wake_one(&epoll->waiters, READ_EVENTS);
}

/* The first item's events; ready_lock is held, and dropped meanwhile. */
static inline uint32_t look_at(struct epoll *epoll, struct epoll_item *item)
{
    uint32_t events;

    item->news = false;
    spin_unlock(&epoll->ready_lock);
    events = epoll_ready_events(item, NULL);
    spin_lock(&epoll->ready_lock);
    return events;
}

/* After a look at the first item; ready_lock is held.  Is it the only one on the list? */
static inline bool put_back(struct epoll *epoll, struct epoll_item *item, bool keep)
{
    if (keep && item->ready_link.next == &epoll->ready)
        return true;
    list_remove(&item->ready_link);
    if (keep)
        list_push_back(&epoll->ready, &item->ready_link);
    return false;
}

/*
 * Level-triggered items stay on the list, behind the others.  An item that this pass or a later
 * one has reported ends the look: it has been at all that was there.
 */
static inline __attribute__((always_inline)) uint32_t
look(struct epoll *epoll, struct epoll_result *results, uint32_t count, uint64_t *pass)
{
    uint32_t found = 0;
    uint64_t number;

    mutex_lock(&epoll->lock);
    number = *pass ? *pass : epoll->passes + 1;
    spin_lock(&epoll->ready_lock);
    while (found < count && !list_empty(&epoll->ready)) {
        struct epoll_item *item = LIST_FIRST(&epoll->ready, struct epoll_item, ready_link);

        if (item->pass >= number)
            break;
        uint32_t events = look_at(epoll, item);
        bool keep = item->news;
        if (events) {
            results[found++] = (struct epoll_result){events, item->data};
            item->pass = number;
            if (item->events & EPOLL_ONESHOT)
                item->events &= EPOLL_PRIVATE_EVENTS;
            else if (!(item->events & EPOLL_EDGE))
                keep = true;
        }
        if (put_back(epoll, item, keep) && events)
            break; /* it was the only one */
    }
    spin_unlock(&epoll->ready_lock);
    if (found && !*pass)
        *pass = ++epoll->passes;
    mutex_unlock(&epoll->lock);
    return found;
}

uint32_t epoll_look(struct file *file, struct epoll_result *results, uint32_t count, uint64_t *pass)
{
    return look(file->private_data, results, count, pass);
}

static __attribute__((noinline)) int64_t sleep_and_look(struct file *file,
                                                        struct epoll_result *results,
                                                        uint32_t count, uint64_t deadline_ns,
                                                        uint64_t *pass)
{
    struct epoll *epoll = file->private_data;
    struct wait_entry entry;
    uint32_t found;
    int error = 0;

    wait_begin_exclusive(&epoll->waiters, &entry);
    while ((found = epoll_look(file, results, count, pass)) == 0 &&
           (error = wait_sleep(deadline_ns)) == 0)
        wait_again(&epoll->waiters, &entry);
    wait_end(&epoll->waiters, &entry);
    if (!list_empty(&epoll->ready)) /* we were woken for it, perhaps */
        wake_next(&epoll->waiters, READ_EVENTS);
    return error == -ERESTARTSYS && !found ? -ERESTARTNOHAND : (int64_t)found;
}

int64_t epoll_wait(struct file *file, struct epoll_result *results, uint32_t count,
                   uint64_t deadline_ns, uint64_t *pass)
{
    uint32_t found = look(file->private_data, results, count, pass);

    if (found || deadline_ns == 0)
        return found;
    return sleep_and_look(file, results, count, deadline_ns, pass);
}

uint32_t epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *epoll = file->private_data;
    uint32_t ready = 0;

    if (table)
        table->add(table, &epoll->waiters);
    mutex_lock(&epoll->lock);
    spin_lock(&epoll->ready_lock);
    while (!ready && !list_empty(&epoll->ready)) {
        struct epoll_item *item = LIST_FIRST(&epoll->ready, struct epoll_item, ready_link);

        if (look_at(epoll, item))
            ready = READ_EVENTS;
        put_back(epoll, item, ready || item->news);
    }
    spin_unlock(&epoll->ready_lock);
    mutex_unlock(&epoll->lock);
    return ready;
}
