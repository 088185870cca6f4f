/* SPDX-License-Identifier: BSD-2-Clause */
/* See file_owner.h. */
#include "fs/file_owner.h"

#include "arch/clock.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sched/timer.h"

#define QUEUES_MAX 2u /* wait queues one file may add: readable and writable */

struct file_owner {
    struct spinlock lock; /* guards all below but the entries */
    struct file_owner_event event;
    uint32_t happened; /* POLL_* since the timer was armed */
    struct timer timer;
    bool async;
    struct wait_entry entries[QUEUES_MAX]; /* guarded by async_mutex */
    uint32_t entry_count;
};

static struct mutex async_mutex = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(async_mutex.waiters)};
static void (*sender)(const struct file_owner_event *event);

void file_owner_set_sender(void (*send)(const struct file_owner_event *event))
{
    sender = send;
}

static void send_happened(struct timer *timer)
{
    struct file_owner *owner = CONTAINER_OF(timer, struct file_owner, timer);
    struct file_owner_event event;

    spin_lock(&owner->lock);
    event = owner->event;
    event.band = owner->happened;
    owner->happened = 0;
    spin_unlock(&owner->lock);
    if (event.to.id && event.band && sender)
        sender(&event);
}

/* Under the file's wait queue's lock, possibly in an interrupt. */
static bool on_wake(struct wait_entry *entry, uint32_t key)
{
    /* The entry's thread field is unused beside a callback: it points to the owner. */
    struct file_owner *owner = (struct file_owner *)(void *)entry->thread;

    if (!key || (key & POLL_QUIET))
        return false;
    spin_lock(&owner->lock);
    owner->happened |= key;
    timer_arm(&owner->timer, clock_ns());
    spin_unlock(&owner->lock);
    return false;
}

/* The owner of a file, made if there is none; NULL: out of memory. */
static struct file_owner *get_owner(struct file *file)
{
    struct file_owner *owner = atomic_load(&file->owner), *none = NULL;

    if (owner)
        return owner;
    owner = kzalloc(sizeof(*owner));
    if (!owner)
        return NULL;
    spin_init(&owner->lock, LOCK_RANK_ANY);
    timer_init(&owner->timer, send_happened);
    if (atomic_compare_exchange_strong(&file->owner, &none, owner))
        return owner;
    kfree(owner);
    return none;
}

int file_owner_set(struct file *file, struct file_owner_id id, uint32_t uid, uint32_t euid)
{
    struct file_owner *owner = get_owner(file);

    if (!owner)
        return -ENOMEM;
    spin_lock(&owner->lock);
    owner->event.to = id;
    owner->event.uid = uid;
    owner->event.euid = euid;
    spin_unlock(&owner->lock);
    return 0;
}

struct file_owner_id file_owner_get(struct file *file)
{
    struct file_owner *owner = atomic_load(&file->owner);
    struct file_owner_id id = {FILE_OWNER_TID, 0};

    if (owner) {
        spin_lock(&owner->lock);
        id = owner->event.to;
        spin_unlock(&owner->lock);
    }
    return id;
}

int file_owner_set_signal(struct file *file, int signo)
{
    struct file_owner *owner = get_owner(file);

    if (!owner)
        return -ENOMEM;
    spin_lock(&owner->lock);
    owner->event.signo = signo;
    spin_unlock(&owner->lock);
    return 0;
}

int file_owner_signal(struct file *file)
{
    struct file_owner *owner = atomic_load(&file->owner);

    return owner ? owner->event.signo : 0;
}

struct attach {
    struct poll_table table;
    struct file_owner *owner;
};

static void add_entry(struct poll_table *table, struct wait_queue *queue)
{
    struct file_owner *owner = CONTAINER_OF(table, struct attach, table)->owner;
    struct wait_entry *entry;

    if (owner->entry_count == QUEUES_MAX)
        return;
    entry = &owner->entries[owner->entry_count++];
    *entry = (struct wait_entry){.thread = (struct thread *)(void *)owner, .callback = on_wake};
    wait_add(queue, entry);
}

static void stop(struct file_owner *owner)
{
    for (uint32_t i = 0; i < owner->entry_count; i++)
        wait_remove(&owner->entries[i]);
    owner->entry_count = 0;
    owner->async = false;
    timer_cancel(&owner->timer);
}

/* Linux's eventfd, timerfd, epoll and message queues cannot, though they can be polled. */
static bool can_be_async(const struct file *file)
{
    uint32_t mode = file->inode ? file->inode->attr.mode : 0;

    return file->ops->poll &&
           (S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode) || is_inotify(file));
}

int file_owner_set_async(struct file *file, int fd, bool on)
{
    struct file_owner *owner = on ? get_owner(file) : atomic_load(&file->owner);
    struct attach attach = {.table = {.add = add_entry}, .owner = owner};

    if (!owner)
        return on ? -ENOMEM : 0;
    if (on && !can_be_async(file))
        return -EINVAL;
    mutex_lock(&async_mutex);
    if (on && !owner->async) {
        owner->async = true;
        spin_lock(&owner->lock);
        owner->event.fd = fd;
        spin_unlock(&owner->lock);
        file->ops->poll(file, &attach.table);
    } else if (!on && owner->async) {
        stop(owner);
    }
    mutex_unlock(&async_mutex);
    return 0;
}

void file_owner_notify(struct file *file, int fd, uint32_t band)
{
    struct file_owner *owner = atomic_load(&file->owner);
    struct file_owner_event event;

    if (!owner || !sender)
        return;
    spin_lock(&owner->lock);
    event = owner->event;
    spin_unlock(&owner->lock);
    event.fd = fd;
    event.band = band;
    if (event.to.id)
        sender(&event);
}

void file_owner_urgent(struct file *file)
{
    struct file_owner *owner = atomic_load(&file->owner);
    struct file_owner_event event;

    if (!owner || !sender)
        return;
    spin_lock(&owner->lock);
    event = owner->event;
    spin_unlock(&owner->lock);
    event.urgent = true;
    if (event.to.id)
        sender(&event);
}

void file_owner_free(struct file *file)
{
    struct file_owner *owner = atomic_load(&file->owner);

    stop(owner);
    kfree(owner);
}
