/* SPDX-License-Identifier: BSD-2-Clause */
/* See futex_pi.h.  What a word says and who is queued here agree whenever the mutex is free. */
#include "proc/futex_pi.h"

#include "lib/errno.h"
#include "mm/page_alloc.h"
#include "mm/uaccess.h"
#include "proc/process.h"
#include "sched/futex_internal.h"
#include "syscall/linux_abi.h"

#define BUCKET_COUNT 64u
#define CHAIN_MAX 1024u /* owners that wait for owners */
#define TRIES_MAX 1000u /* a program that changes the word all the time only fools itself */

struct pi_waiter {
    struct list link; /* in its bucket, the most urgent first */
    struct futex_key key; /* what it waits for: a lock, or before a requeue a plain word */
    struct futex_key target; /* where it may be moved */
    struct task *task;
    struct task *owner; /* of the lock; NULL: waits to be moved */
    atomic_bool granted; /* it owns the lock and is off the list */
};

static struct mutex pi_mutex = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                .waiters = LIST_INIT(pi_mutex.waiters)};
static struct list buckets[BUCKET_COUNT] LARGE_BSS; /* zero until first used */

static struct list *bucket_of(const struct futex_key *key)
{
    uint64_t hash = (key->where >> 2) ^ ((uint64_t)key->mm >> 6);
    struct list *bucket = &buckets[(hash * 0x9e3779b97f4a7c15ul) >> 58];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}
_Static_assert(BUCKET_COUNT == 1u << (64 - 58), "the hash's top bits are the index");

static int urgency(const struct task *task)
{
    int policy = task->thread->policy & ~SCHED_RESET_ON_FORK;

    if (policy == SCHED_DEADLINE)
        return SCHED_PRIORITY_MAX + 1;
    return policy == SCHED_FIFO || policy == SCHED_RR ? task->thread->rt_priority : 0;
}

/* Behind those that are as urgent. */
static void enqueue(struct pi_waiter *waiter)
{
    struct list *bucket = bucket_of(&waiter->key), *before = bucket;

    LIST_FOR_EACH(it, bucket)
    {
        if (urgency(LIST_ENTRY(it, struct pi_waiter, link)->task) < urgency(waiter->task)) {
            before = it;
            break;
        }
    }
    list_push_back(before, &waiter->link);
}

static void set_owner(struct pi_waiter *waiter, struct task *owner)
{
    if (waiter->owner)
        waiter->owner->pi_waiters--;
    if (owner)
        owner->pi_waiters++;
    waiter->owner = owner;
    waiter->task->pi_waiting = owner ? waiter : NULL;
}

static void forget(struct pi_waiter *waiter)
{
    list_remove(&waiter->link);
    set_owner(waiter, NULL);
}

/* The next owner of a lock; or, not owned, the first that waits on a word to be moved. */
static struct pi_waiter *first_waiter(const struct futex_key *key, bool owned)
{
    LIST_FOR_EACH(it, bucket_of(key))
    {
        struct pi_waiter *waiter = LIST_ENTRY(it, struct pi_waiter, link);
        if (futex_key_equal(&waiter->key, key) && (waiter->owner != NULL) == owned)
            return waiter;
    }
    return NULL;
}

/* The word has been changed to say so: the waiter owns the lock, the others wait for it. */
static void grant(struct pi_waiter *waiter)
{
    forget(waiter);
    LIST_FOR_EACH(it, bucket_of(&waiter->key))
    {
        struct pi_waiter *other = LIST_ENTRY(it, struct pi_waiter, link);
        if (other->owner && futex_key_equal(&other->key, &waiter->key))
            set_owner(other, waiter->task);
    }
    atomic_store(&waiter->granted, true);
    thread_wake(waiter->task->thread);
}

/* Whom a word names; NULL: nobody who could still hand it on. */
static struct task *find_owner(uint32_t tid)
{
    spin_lock(&process_table_lock);
    struct task *task = task_find_locked((int)tid);
    spin_unlock(&process_table_lock);
    /* It stays while the mutex is held: it has still to pass futex_pi_exit(). */
    return task && !task->pi_ended ? task : NULL;
}

/*
 * Takes the lock for a task: 1.  Or 0: *owner has it, and with mark the word says that
 * somebody waits.  more: others will wait for the task.  Or a negative errno.
 */
static int claim(uaddr_t word, const struct futex_key *key, const struct task *task, bool mark,
                 bool more, struct task **owner)
{
    uint32_t value, seen;

    for (unsigned int tries = 0; tries < TRIES_MAX; tries++) {
        const struct pi_waiter *first = first_waiter(key, true);
        if (get_user_u32(&value, word))
            return -EFAULT;
        uint32_t tid = value & FUTEX_TID_MASK, desired = value | FUTEX_WAITERS;
        bool is_free = !tid && !first;
        if (tid == (uint32_t)task->tid)
            return -EDEADLK;
        /* The program has written over it; or the owner is just dying, and will hand it on. */
        if (first && tid != (uint32_t)first->owner->tid && (tid || !(value & FUTEX_OWNER_DIED)))
            return -EINVAL;
        if (is_free)
            desired = (value & FUTEX_OWNER_DIED) | (uint32_t)task->tid | (more ? FUTEX_WAITERS : 0);
        else if ((*owner = first ? first->owner : find_owner(tid)) == NULL)
            return -ESRCH;
        else if (!mark || value == desired)
            return 0;
        if (user_cmpxchg_u32(word, value, desired, &seen))
            return -EFAULT;
        if (seen == value)
            return is_free;
    }
    return -EAGAIN;
}

static bool would_deadlock(const struct task *self, const struct task *owner)
{
    for (unsigned int i = 0; i < CHAIN_MAX; i++) {
        if (owner == self)
            return true;
        if (!owner->pi_waiting)
            return false;
        owner = owner->pi_waiting->owner;
    }
    return true;
}

/* Mutex held, given up meanwhile; the waiter is queued.  0 once it owns its lock, or errno. */
static int sleep_until_granted(struct pi_waiter *waiter, uint64_t deadline_ns)
{
    int error = 0;

    mutex_unlock(&pi_mutex);
    while (!error && !atomic_load(&waiter->granted))
        error = wait_sleep(deadline_ns);
    mutex_lock(&pi_mutex);
    return atomic_load(&waiter->granted) ? 0 : error;
}

static int wait_for(struct pi_waiter *waiter, struct task *owner, uint64_t deadline_ns)
{
    if (would_deadlock(waiter->task, owner))
        return -EDEADLK;
    enqueue(waiter);
    set_owner(waiter, owner);
    int error = sleep_until_granted(waiter, deadline_ns);
    if (error)
        forget(waiter);
    return error == -ERESTARTSYS ? -ERESTARTNOINTR : error;
}

int64_t futex_lock_pi(uaddr_t word, bool shared, uint64_t deadline_ns, bool try_only)
{
    struct pi_waiter waiter = {.task = current_task()};
    struct task *owner;
    struct vm_page page;

    int result = futex_make_key(word, shared, &waiter.key, &page);
    if (result)
        return result;
    mutex_lock(&pi_mutex);
    result = claim(word, &waiter.key, waiter.task, !try_only, false, &owner);
    if (result == 0)
        result = try_only ? -EAGAIN : wait_for(&waiter, owner, deadline_ns);
    mutex_unlock(&pi_mutex);
    futex_drop_key(&page);
    return MIN(result, 0);
}

static int unlock(uaddr_t word, const struct futex_key *key)
{
    struct task *self = current_task();
    uint32_t value, seen;

    for (unsigned int tries = 0; tries < TRIES_MAX; tries++) {
        if (get_user_u32(&value, word))
            return -EFAULT;
        if ((value & FUTEX_TID_MASK) != (uint32_t)self->tid)
            return -EPERM;
        struct pi_waiter *first = first_waiter(key, true);
        if (first && first->owner != self)
            return -EINVAL;
        uint32_t desired = first ? FUTEX_WAITERS | (uint32_t)first->task->tid : 0;
        if (user_cmpxchg_u32(word, value, desired, &seen))
            return -EFAULT;
        if (seen != value)
            continue;
        if (first)
            grant(first);
        return 0;
    }
    return -EAGAIN;
}

int64_t futex_unlock_pi(uaddr_t word, bool shared)
{
    struct futex_key key;
    struct vm_page page;

    int error = futex_make_key(word, shared, &key, &page);
    if (error)
        return error;
    mutex_lock(&pi_mutex);
    error = unlock(word, &key);
    mutex_unlock(&pi_mutex);
    futex_drop_key(&page);
    return error;
}

/* ---- condition variables ------------------------------------------------------------- */

static int wait_to_be_moved(struct pi_waiter *waiter, uaddr_t word, uint32_t expected,
                            uint64_t deadline_ns)
{
    uint32_t value;

    if (futex_key_equal(&waiter->key, &waiter->target))
        return -EINVAL;
    if (get_user_u32(&value, word))
        return -EFAULT;
    if (value != expected)
        return -EAGAIN;
    enqueue(waiter);
    int error = sleep_until_granted(waiter, deadline_ns);
    if (!error)
        return 0;
    bool moved = waiter->owner != NULL;
    forget(waiter);
    /* A wait that has been moved cannot start again: the program looks at its condition. */
    if (error == -ERESTARTSYS)
        return moved ? -EAGAIN : -ERESTARTNOINTR;
    return error;
}

int64_t futex_wait_requeue_pi(uaddr_t word, uaddr_t lock, bool shared, uint32_t expected,
                              uint64_t deadline_ns)
{
    struct pi_waiter waiter = {.task = current_task()};
    struct vm_page page, target_page;

    int error = futex_make_key(word, shared, &waiter.key, &page);
    if (error)
        return error;
    error = futex_make_key(lock, shared, &waiter.target, &target_page);
    if (!error) {
        mutex_lock(&pi_mutex);
        error = wait_to_be_moved(&waiter, word, expected, deadline_ns);
        mutex_unlock(&pi_mutex);
        futex_drop_key(&target_page);
    }
    futex_drop_key(&page);
    return error;
}

/* One waiter gets the lock, or waits for it from now on.  0 or a negative errno. */
static int move(struct pi_waiter *waiter, uaddr_t to, bool more)
{
    struct task *owner;
    int result = claim(to, &waiter->target, waiter->task, true, more, &owner);

    if (result < 0)
        return result;
    if (result == 0 && would_deadlock(waiter->task, owner))
        return -EDEADLK;
    list_remove(&waiter->link);
    waiter->key = waiter->target;
    enqueue(waiter);
    if (result)
        grant(waiter);
    else
        set_owner(waiter, owner);
    return 0;
}

static int64_t move_all(const struct futex_key *from, const struct futex_key *target, uaddr_t to,
                        uint64_t limit)
{
    struct pi_waiter *waiter;
    int64_t moved = 0;
    int error = 0;

    while ((uint64_t)moved < limit && !error && (waiter = first_waiter(from, false)) != NULL) {
        if (!futex_key_equal(&waiter->target, target))
            error = -EINVAL;
        else
            error = move(waiter, to, limit > 1);
        moved += !error;
    }
    return moved ? moved : error;
}

int64_t futex_requeue_pi(uaddr_t from, uaddr_t to, bool shared, uint32_t count, uint32_t expected)
{
    struct futex_key key, target;
    struct vm_page page, target_page;
    uint32_t value;

    int64_t result = futex_make_key(from, shared, &key, &page);
    if (result)
        return result;
    result = futex_make_key(to, shared, &target, &target_page);
    if (!result) {
        mutex_lock(&pi_mutex);
        if (futex_key_equal(&key, &target))
            result = -EINVAL;
        else if (get_user_u32(&value, from))
            result = -EFAULT;
        else if (value != expected)
            result = -EAGAIN;
        else
            result = move_all(&key, &target, to, (uint64_t)count + 1);
        mutex_unlock(&pi_mutex);
        futex_drop_key(&target_page);
    }
    futex_drop_key(&page);
    return result;
}

/* ---- the end of an owner --------------------------------------------------------------- */

/*
 * The word names the heir.  A word in memory that the dying task does not see stays as it is:
 * then it was never the task's to lock.
 */
static void bequeath(const struct futex_key *key, const struct task *heir)
{
    uint32_t desired = FUTEX_OWNER_DIED | FUTEX_WAITERS | (uint32_t)heir->tid, seen;

    if (!key->mm) {
        __atomic_store_n((uint32_t *)phys_to_virt(PADDR(key->where)), desired, __ATOMIC_SEQ_CST);
        return;
    }
    if (key->mm == current_mm() && user_xchg_u32(UADDR(key->where), desired, &seen))
        return; /* unmapped: nobody can look at it */
}

void futex_pi_exit(struct task *task, bool ends)
{
    mutex_lock(&pi_mutex);
    task->pi_ended = ends;
    for (unsigned int i = 0; i < BUCKET_COUNT && task->pi_waiters; i++) {
        for (bool found = buckets[i].next != NULL; found;) {
            found = false;
            LIST_FOR_EACH(it, &buckets[i])
            {
                struct pi_waiter *waiter = LIST_ENTRY(it, struct pi_waiter, link);
                if (waiter->owner != task)
                    continue;
                bequeath(&waiter->key, waiter->task);
                grant(waiter);
                found = true;
                break;
            }
        }
    }
    mutex_unlock(&pi_mutex);
}
