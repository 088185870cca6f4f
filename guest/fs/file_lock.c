/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See file_lock.h.  An inode has a list of locks, made at the first one.  Waiters
 * try again whenever a lock of the inode goes.  Processes that wait for each other's
 * ranges are found by following who waits for whom.
 */
#include "fs/file_lock.h"

#include "lib/errno.h"
#include "mm/leaks.h"
#include "mm/slab.h"

struct file_lock {
    struct list link;
    struct file_lock_request held;
};

struct inode_locks {
    struct list locks;
    struct wait_queue changed;
};

#define CHAIN_MAX 10 /* owners that wait for each other, looked at for a deadlock; as Linux */

/* Who sleeps for a range, and for whose; on the sleeper's stack.  lock_mutex guards the list. */
struct lock_waiter {
    struct list link;
    const void *owner, *blocker;
};

static struct list lock_waiters = LIST_INIT(lock_waiters);
static struct mutex lock_mutex = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                  .waiters = LIST_INIT(lock_mutex.waiters)};

static bool overlap(const struct file_lock_request *a, const struct file_lock_request *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static bool same_owner(const struct file_lock_request *a, const struct file_lock_request *b)
{
    return a->owner == b->owner && a->whole_file == b->whole_file;
}

/* The one that begins first, as F_GETLK shows it. */
static struct file_lock *find_conflict(struct inode_locks *locks,
                                       const struct file_lock_request *request)
{
    struct file_lock *first = NULL;

    LIST_FOR_EACH(link, &locks->locks)
    {
        struct file_lock *lock = LIST_ENTRY(link, struct file_lock, link);

        if (lock->held.whole_file == request->whole_file && !same_owner(&lock->held, request) &&
            overlap(&lock->held, request) &&
            (lock->held.type == FILE_LOCK_WRITE || request->type == FILE_LOCK_WRITE) &&
            (!first || lock->held.start < first->held.start))
            first = lock;
    }
    return first;
}

/* Does the blocker wait, over others perhaps, for the owner? */
static bool would_deadlock(const void *owner, const void *blocker)
{
    for (int i = 0; i < CHAIN_MAX && blocker; i++) {
        const void *next = NULL;

        if (blocker == owner)
            return true;
        LIST_FOR_EACH(link, &lock_waiters)
        {
            struct lock_waiter *waiter = LIST_ENTRY(link, struct lock_waiter, link);

            if (waiter->owner == blocker)
                next = waiter->blocker;
        }
        blocker = next;
    }
    return false;
}

static void remove_lock(struct file_lock *lock)
{
    list_remove(&lock->link);
    kfree(lock);
}

/* The owner's other locks lose the range; *spare serves when one is cut in two. */
static void cut_out(struct inode_locks *locks, const struct file_lock_request *range,
                    struct file_lock **spare)
{
    LIST_FOR_EACH_SAFE(link, next, &locks->locks)
    {
        struct file_lock *lock = LIST_ENTRY(link, struct file_lock, link);
        bool head, tail;

        if (!same_owner(&lock->held, range) || !overlap(&lock->held, range))
            continue;
        head = lock->held.start < range->start;
        tail = lock->held.end > range->end;
        if (head && tail) { /* once at most: an owner's locks do not overlap */
            ASSERT(*spare);
            (*spare)->held = lock->held;
            (*spare)->held.start = range->end + 1;
            list_push_back(&locks->locks, &(*spare)->link);
            *spare = NULL;
        }
        if (head)
            lock->held.end = range->start - 1;
        else if (tail)
            lock->held.start = range->end + 1;
        else
            remove_lock(lock);
    }
}

/* Neighbours of the same kind and owner become one. */
static void merge(struct inode_locks *locks, struct file_lock *fresh)
{
    LIST_FOR_EACH_SAFE(link, next, &locks->locks)
    {
        struct file_lock *lock = LIST_ENTRY(link, struct file_lock, link);

        if (lock == fresh || !same_owner(&lock->held, &fresh->held) ||
            lock->held.type != fresh->held.type)
            continue;
        if (lock->held.end != UINT64_MAX && lock->held.end + 1 == fresh->held.start)
            fresh->held.start = lock->held.start;
        else if (fresh->held.end != UINT64_MAX && fresh->held.end + 1 == lock->held.start)
            fresh->held.end = lock->held.end;
        else
            continue;
        remove_lock(lock);
    }
}

static struct inode_locks *get_locks(struct inode *inode)
{
    struct inode_locks *locks = inode->locks;

    if (!locks) {
        locks = kmalloc(sizeof(*locks));
        if (!locks)
            return NULL;
        leaks_keep(locks); /* as long as the inode */
        list_init(&locks->locks);
        wait_queue_init(&locks->changed);
        inode->locks = locks;
    }
    return locks;
}

/* Until nothing is in the way; lock_mutex is held, and dropped while sleeping. */
static int wait_free(struct inode_locks *locks, const struct file_lock_request *request, bool wait)
{
    struct lock_waiter waiter = {.owner = request->owner};
    struct file_lock *conflict;
    struct wait_entry entry;
    int error = 0;

    while (!error && request->type != FILE_LOCK_NONE &&
           (conflict = find_conflict(locks, request)) != NULL) {
        if (!wait)
            return -EAGAIN;
        /* Open files have no owner that could be waiting: flock and F_OFD_* are left out. */
        if (request->pid > 0 && would_deadlock(request->owner, conflict->held.owner))
            return -EDEADLK;
        waiter.blocker = conflict->held.owner;
        list_push_back(&lock_waiters, &waiter.link);
        wait_begin(&locks->changed, &entry);
        mutex_unlock(&lock_mutex);
        error = wait_sleep(WAIT_FOREVER);
        wait_end(&locks->changed, &entry);
        mutex_lock(&lock_mutex);
        list_remove(&waiter.link);
    }
    return error;
}

int file_lock_set(struct inode *inode, const struct file_lock_request *request, bool wait)
{
    struct file_lock *fresh = kmalloc(sizeof(*fresh)), *spare = kmalloc(sizeof(*spare));
    struct inode_locks *locks;
    int error = -ENOMEM;

    mutex_lock(&lock_mutex);
    locks = fresh && spare ? get_locks(inode) : NULL;
    if (locks && request->whole_file) { /* flock: a change of kind gives the old lock up first */
        cut_out(locks, request, &spare);
        wake_all(&locks->changed, 0);
    }
    if (locks)
        error = wait_free(locks, request, wait);
    if (!error) {
        cut_out(locks, request, &spare);
        if (request->type != FILE_LOCK_NONE) {
            fresh->held = *request;
            list_push_back(&locks->locks, &fresh->link);
            merge(locks, fresh);
            fresh = NULL;
        }
        wake_all(&locks->changed, 0);
    }
    mutex_unlock(&lock_mutex);
    kfree(fresh);
    kfree(spare);
    return error;
}

void file_lock_test(struct inode *inode, struct file_lock_request *request)
{
    struct file_lock *conflict = NULL;

    mutex_lock(&lock_mutex);
    if (inode->locks)
        conflict = find_conflict(inode->locks, request);
    if (conflict)
        *request = conflict->held;
    else
        request->type = FILE_LOCK_NONE;
    mutex_unlock(&lock_mutex);
}

void file_lock_release(struct inode *inode, const void *owner)
{
    mutex_lock(&lock_mutex);
    LIST_FOR_EACH_SAFE(link, next, &inode->locks->locks)
    {
        struct file_lock *lock = LIST_ENTRY(link, struct file_lock, link);

        if (lock->held.owner == owner)
            remove_lock(lock);
    }
    wake_all(&inode->locks->changed, 0);
    mutex_unlock(&lock_mutex);
}

void file_lock_free(struct inode *inode)
{
    kfree(inode->locks); /* without locks: their owners are gone */
}
