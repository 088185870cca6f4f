/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See file_lock.h.  An inode has a list of locks, made at the first one, and one of those who
 * wait, in the order they came.  When a lock goes, those are told whom nothing is in the way of
 * any more, up to one that wants all of it for itself; one that was told and gives up tells the
 * next.  Processes that wait for each other's ranges are found by following who waits for whom.
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
    const struct inode *inode;
    struct list all_link; /* of all_locks */
    struct list locks;
    struct list waiters; /* struct lock_waiter.turn_link */
};

#define CHAIN_MAX 10 /* owners that wait for each other, looked at for a deadlock; as Linux */

/* Who sleeps for a range; on the sleeper's stack.  lock_mutex guards it. */
struct lock_waiter {
    struct list link; /* of lock_waiters */
    struct list turn_link; /* of locks->waiters */
    struct inode_locks *locks;
    const struct file_lock_request *request;
    struct wait_queue changed;
    bool told; /* that it may try; it has not run yet */
};

static struct list all_locks = LIST_INIT(all_locks); /* struct inode_locks; lock_mutex */
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

/* Whose lock is in the way of what the owner sleeps for; NULL: it does not sleep. */
static const void *blocker_of(const void *owner)
{
    const void *blocker = NULL;

    LIST_FOR_EACH(link, &lock_waiters)
    {
        struct lock_waiter *waiter = LIST_ENTRY(link, struct lock_waiter, link);
        struct file_lock *conflict;

        if (waiter->request->owner != owner)
            continue;
        conflict = find_conflict(waiter->locks, waiter->request);
        if (conflict)
            blocker = conflict->held.owner;
    }
    return blocker;
}

/* Does the blocker wait, over others perhaps, for the owner? */
static bool would_deadlock(const void *owner, const void *blocker)
{
    for (int i = 0; i < CHAIN_MAX && blocker; i++) {
        if (blocker == owner)
            return true;
        blocker = blocker_of(blocker);
    }
    return false;
}

static void remove_lock(struct file_lock *lock)
{
    list_remove(&lock->link);
    kfree(lock);
}

/* A lock of that range and kind has gone or become weaker. */
static void tell_waiters(struct inode_locks *locks, const struct file_lock_request *gone)
{
    LIST_FOR_EACH(link, &locks->waiters)
    {
        struct lock_waiter *waiter = LIST_ENTRY(link, struct lock_waiter, turn_link);
        const struct file_lock_request *request = waiter->request;

        if (request->whole_file != gone->whole_file || !overlap(request, gone))
            continue;
        if (!waiter->told && !find_conflict(locks, request)) {
            waiter->told = true;
            wake_all(&waiter->changed, 0);
        }
        if (waiter->told && request->type == FILE_LOCK_WRITE && request->start <= gone->start &&
            request->end >= gone->end)
            break; /* nothing is left for others */
    }
}

/*
 * The owner's other locks lose the range; *spare serves when one is cut in two.  Was there any?
 */
static bool cut_out(struct inode_locks *locks, const struct file_lock_request *range,
                    struct file_lock **spare)
{
    bool any = false;

    LIST_FOR_EACH_SAFE(link, next, &locks->locks)
    {
        struct file_lock *lock = LIST_ENTRY(link, struct file_lock, link);
        bool head, tail;

        if (!same_owner(&lock->held, range) || !overlap(&lock->held, range))
            continue;
        any = true;
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
    return any;
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
        locks->inode = inode;
        list_push_back(&all_locks, &locks->all_link);
        list_init(&locks->locks);
        list_init(&locks->waiters);
        inode->locks = locks;
    }
    return locks;
}

/* One sleep with lock_mutex dropped; 0 or -ERESTARTSYS. */
static int sleep_once(struct lock_waiter *waiter)
{
    struct wait_entry entry;
    int error;

    waiter->told = false;
    list_push_back(&lock_waiters, &waiter->link);
    wait_begin(&waiter->changed, &entry);
    mutex_unlock(&lock_mutex);
    error = wait_sleep(WAIT_FOREVER);
    wait_end(&waiter->changed, &entry);
    mutex_lock(&lock_mutex);
    list_remove(&waiter->link);
    return error;
}

/* Until nothing is in the way; lock_mutex is held, and dropped while sleeping. */
static int wait_free(struct inode_locks *locks, const struct file_lock_request *request, bool wait)
{
    struct file_lock *conflict = find_conflict(locks, request);
    struct lock_waiter waiter = {.locks = locks, .request = request};
    int error = 0;

    if (!conflict || request->type == FILE_LOCK_NONE)
        return 0;
    if (!wait)
        return -EAGAIN;
    wait_queue_init(&waiter.changed);
    list_push_back(&locks->waiters, &waiter.turn_link);
    while (!error && (conflict = find_conflict(locks, request)) != NULL) {
        /* Open files have no owner that could be waiting: flock and F_OFD_* are left out. */
        if (request->pid > 0 && !request->whole_file &&
            would_deadlock(request->owner, conflict->held.owner))
            error = -EDEADLK;
        else
            error = sleep_once(&waiter);
    }
    list_remove(&waiter.turn_link);
    if (error && waiter.told)
        tell_waiters(locks, request);
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
        if (cut_out(locks, request, &spare))
            tell_waiters(locks, request);
    }
    if (locks)
        error = wait_free(locks, request, wait);
    if (!error) {
        bool changed = cut_out(locks, request, &spare);

        if (request->type != FILE_LOCK_NONE) {
            fresh->held = *request;
            list_push_back(&locks->locks, &fresh->link);
            merge(locks, fresh);
            fresh = NULL;
        }
        if (changed)
            tell_waiters(locks, request);
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

/* The owner's locks of one kind go. */
static void release_kind(struct inode_locks *locks, const void *owner, bool whole_file)
{
    struct file_lock_request gone = {.whole_file = whole_file, .start = UINT64_MAX};

    LIST_FOR_EACH_SAFE(link, next, &locks->locks)
    {
        struct file_lock *lock = LIST_ENTRY(link, struct file_lock, link);

        if (lock->held.owner != owner || lock->held.whole_file != whole_file)
            continue;
        gone.start = MIN(gone.start, lock->held.start);
        gone.end = MAX(gone.end, lock->held.end);
        remove_lock(lock);
    }
    if (gone.start <= gone.end)
        tell_waiters(locks, &gone);
}

void file_lock_release(struct inode *inode, const void *owner)
{
    mutex_lock(&lock_mutex);
    release_kind(inode->locks, owner, true);
    release_kind(inode->locks, owner, false);
    mutex_unlock(&lock_mutex);
}

void file_lock_free(struct inode *inode)
{
    if (!inode->locks)
        return;
    mutex_lock(&lock_mutex);
    list_remove(&inode->locks->all_link);
    mutex_unlock(&lock_mutex);
    kfree(inode->locks); /* without locks: their owners are gone */
}

void file_lock_for_each(void (*show)(void *context, const struct inode *inode,
                                     const struct file_lock_request *lock, bool waits),
                        void *context)
{
    mutex_lock(&lock_mutex);
    LIST_FOR_EACH(it, &all_locks)
    {
        const struct inode_locks *locks = LIST_ENTRY(it, struct inode_locks, all_link);

        LIST_FOR_EACH(link, &locks->locks)
        show(context, locks->inode, &LIST_ENTRY(link, struct file_lock, link)->held, false);
        LIST_FOR_EACH(link, &locks->waiters)
        show(context, locks->inode, LIST_ENTRY(link, struct lock_waiter, turn_link)->request, true);
    }
    mutex_unlock(&lock_mutex);
}
