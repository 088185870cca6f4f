/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between epoll.c (what is watched) and epoll_wait.c (what is ready, and who waits for it).
 *
 * Locks, outermost first: forget_lock of epoll.c (ends of files and of epolls meet), epoll.lock
 * (items), then the watched file's own; ready_lock (spinlock, taken under any wait queue's lock)
 * guards the ready list and each item's news.
 *
 * Only who has epoll.lock takes items off the ready list.  A look at an item clears its news
 * first: whatever happens to the file from then on sets it, and the item stays on the list.
 */
#ifndef FS_EPOLL_INTERNAL_H
#define FS_EPOLL_INTERNAL_H

#include "fs/epoll.h"
#include "fs/inode.h"
#include "lib/mutex.h"
#include "lib/rbtree.h"

#define EPOLL_PRIVATE_EVENTS (EPOLL_EXCLUSIVE | EPOLL_WAKEUP | EPOLL_ONESHOT | EPOLL_EDGE)
#define EPOLL_QUEUES_MAX 2u /* wait queues one file may add: readable and writable */

struct epoll {
    struct mutex lock; /* items */
    struct rb_tree items; /* by file and descriptor */
    uint64_t passes; /* waits that found something, counted */
    struct spinlock ready_lock;
    struct list ready; /* struct epoll_item.ready_link */
    /*
     * Threads in epoll_wait, one of which is woken for an item and wakes the next when it leaves
     * some behind; also polls of the epoll itself.
     */
    struct wait_queue waiters;
};

struct epoll_item {
    struct rb_node node;
    struct epoll *epoll;
    struct file *file; /* no reference: it tells us when it ends */
    int fd;
    uint32_t events; /* 0 after a one-shot */
    uint64_t data;
    uint64_t pass; /* of epoll->passes, which reported it last */
    struct list file_link; /* of file->poll_watches */
    struct list ready_link; /* to itself: not on the list */
    bool news; /* ready_lock: something has happened since it was looked at */
    uint8_t entry_count;
    struct wait_entry entries[EPOLL_QUEUES_MAX];
};

/* What of the item's events is there; table NULL: only to look. */
static inline uint32_t epoll_ready_events(struct epoll_item *item, struct poll_table *table)
{
    uint32_t ready = item->file->ops->poll(item->file, table);

    return ready & (item->events | (item->events ? POLL_ERR | POLL_HUP : 0)) &
           ~EPOLL_PRIVATE_EVENTS;
}

/* epoll_wait.c */
void epoll_make_ready(struct epoll_item *item); /* on the list, and somebody comes to look */
uint32_t epoll_poll(struct file *file, struct poll_table *table);

#endif
