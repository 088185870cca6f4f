/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See eventfd.h.  Sleeping readers queue up and one is woken by each write; what it leaves in a
 * semaphore is for the next.  Polls, and writers that do not fit, share a queue of their own.
 *
 * No lock: whoever waits queues first and looks then, whoever changes the counter does that
 * first and looks for sleepers then.
 */
#include "fs/eventfd.h"

#include "fs/inode.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define COUNT_MAX (UINT64_MAX - 1)
#define READ_EVENTS (POLL_IN | POLL_RDNORM)
#define WRITE_EVENTS (POLL_OUT | POLL_WRNORM)

struct eventfd {
    _Atomic(uint64_t) count;
    struct wait_queue readers, changed;
    atomic_uint sleeping_writers; /* they wait for less than COUNT_MAX, and are told of each read */
    bool semaphore;
};

static bool non_blocking(struct file *file)
{
    return atomic_load(&file->flags) & O_NONBLOCK;
}

/* Takes from the counter if there is something; *left is what was and is not taken. */
static bool try_take(struct eventfd *event, uint64_t *value, uint64_t *left)
{
    uint64_t count = atomic_load(&event->count);

    do {
        if (count == 0)
            return false;
        *value = event->semaphore ? 1 : count;
        *left = count - *value;
    } while (!atomic_compare_exchange_weak(&event->count, &count, *left));
    return true;
}

static bool try_add(struct eventfd *event, uint64_t value)
{
    uint64_t count = atomic_load(&event->count);

    do {
        if (value > COUNT_MAX - count)
            return false;
    } while (!atomic_compare_exchange_weak(&event->count, &count, count + value));
    return true;
}

/* 0 with *value, or -ERESTARTSYS. */
static int sleep_and_take(struct eventfd *event, uint64_t *value, uint64_t *left)
{
    struct wait_entry entry;
    bool taken;
    int error = 0;

    wait_begin_exclusive(&event->readers, &entry);
    while (!(taken = try_take(event, value, left)) && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&event->readers, &entry);
    wait_end(&event->readers, &entry);
    if (!taken && atomic_load(&event->count)) /* we were woken for it, perhaps */
        wake_next(&event->readers, READ_EVENTS);
    return error;
}

static ssize_t event_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct eventfd *event = file->private_data;
    uint64_t value, left;

    (void)pos;
    if (buf->remaining < sizeof(value))
        return -EINVAL;
    if (!try_take(event, &value, &left)) {
        if (non_blocking(file))
            return -EAGAIN;
        int error = sleep_and_take(event, &value, &left);
        if (error)
            return error;
    }
    if (left)
        wake_next(&event->readers, READ_EVENTS);
    if (value + left == COUNT_MAX || atomic_load(&event->sleeping_writers))
        wake_one(&event->changed, WRITE_EVENTS);
    return iobuf_put(buf, &value, sizeof(value));
}

static int sleep_and_add(struct eventfd *event, uint64_t value)
{
    struct wait_entry entry;
    int error = 0;

    atomic_fetch_add(&event->sleeping_writers, 1);
    wait_begin(&event->changed, &entry);
    while (!try_add(event, value) && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&event->changed, &entry);
    wait_end(&event->changed, &entry);
    atomic_fetch_sub(&event->sleeping_writers, 1);
    return error;
}

static ssize_t event_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct eventfd *event = file->private_data;
    uint64_t value;

    (void)pos;
    if (buf->remaining < sizeof(value))
        return -EINVAL;
    if (iobuf_get(buf, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    if (!try_add(event, value)) {
        if (non_blocking(file))
            return -EAGAIN;
        int error = sleep_and_add(event, value);
        if (error)
            return error;
    }
    wake_one(&event->readers, READ_EVENTS);
    wake_one(&event->changed, READ_EVENTS);
    return sizeof(value);
}

static uint32_t event_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *event = file->private_data;
    uint64_t count;
    uint32_t ready = 0;

    if (table)
        table->add(table, &event->changed);
    count = atomic_load(&event->count);
    if (count > 0)
        ready |= READ_EVENTS;
    if (count < COUNT_MAX)
        ready |= WRITE_EVENTS;
    return ready;
}

static void event_release(struct file *file)
{
    kfree(file->private_data);
}

static const struct file_ops eventfd_ops = {
    .read = event_read, .write = event_write, .poll = event_poll, .release = event_release};

struct file *eventfd_create(uint64_t initial, uint32_t flags, bool semaphore)
{
    struct eventfd *event = kmalloc(sizeof(*event));
    struct file *file;

    if (!event)
        return NULL;
    wait_queue_init(&event->readers);
    wait_queue_init(&event->changed);
    atomic_init(&event->count, initial);
    atomic_init(&event->sleeping_writers, 0);
    event->semaphore = semaphore;
    file = file_create(&eventfd_ops, FMODE_READ | FMODE_WRITE, flags | O_RDWR, event);
    if (!file) {
        kfree(event);
        return NULL;
    }
    file->inode = inode_create_anonymous(0600);
    if (!file->inode) {
        file_put(file);
        return NULL;
    }
    return file;
}
