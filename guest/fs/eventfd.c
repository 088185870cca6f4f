/* SPDX-License-Identifier: BSD-2-Clause */
/* See eventfd.h.  The counter is guarded by a mutex; readers and writers share a queue. */
#include "fs/eventfd.h"

#include "fs/inode.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    struct mutex lock;
    uint64_t count;
    struct wait_queue changed;
    bool semaphore;
};

static bool non_blocking(struct file *file)
{
    return atomic_load(&file->flags) & O_NONBLOCK;
}

/* Takes from the counter if there is something. */
static bool try_take(struct eventfd *event, uint64_t *value)
{
    bool taken;

    mutex_lock(&event->lock);
    taken = event->count > 0;
    *value = event->semaphore && taken ? 1 : event->count;
    event->count -= *value;
    mutex_unlock(&event->lock);
    return taken;
}

static bool try_add(struct eventfd *event, uint64_t value)
{
    bool fits;

    mutex_lock(&event->lock);
    fits = value <= COUNT_MAX - event->count;
    if (fits)
        event->count += value;
    mutex_unlock(&event->lock);
    return fits;
}

static ssize_t event_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct eventfd *event = file->private_data;
    struct wait_entry entry;
    uint64_t value;
    int error = 0;

    (void)pos;
    if (buf->remaining < sizeof(value))
        return -EINVAL;
    if (!try_take(event, &value)) {
        if (non_blocking(file))
            return -EAGAIN;
        wait_begin(&event->changed, &entry);
        while (!try_take(event, &value) && (error = wait_sleep(WAIT_FOREVER)) == 0)
            wait_again(&event->changed, &entry);
        wait_end(&event->changed, &entry);
        if (error)
            return error;
    }
    wake_some(&event->changed, POLL_OUT | POLL_WRNORM, 1);
    return iobuf_put(buf, &value, sizeof(value));
}

static ssize_t event_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct eventfd *event = file->private_data;
    struct wait_entry entry;
    uint64_t value;
    int error = 0;

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
        wait_begin(&event->changed, &entry);
        while (!try_add(event, value) && (error = wait_sleep(WAIT_FOREVER)) == 0)
            wait_again(&event->changed, &entry);
        wait_end(&event->changed, &entry);
        if (error)
            return error;
    }
    wake_some(&event->changed, POLL_IN | POLL_RDNORM, 1);
    return sizeof(value);
}

static uint32_t event_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *event = file->private_data;
    uint64_t count;
    uint32_t ready = 0;

    if (table)
        table->add(table, &event->changed);
    count = __atomic_load_n(&event->count, __ATOMIC_ACQUIRE);
    if (count > 0)
        ready |= POLL_IN | POLL_RDNORM;
    if (count < COUNT_MAX)
        ready |= POLL_OUT | POLL_WRNORM;
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
    mutex_init(&event->lock);
    wait_queue_init(&event->changed);
    event->count = initial;
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
