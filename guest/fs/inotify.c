/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify(7)'s file: a queue of events that is read as records. */
#include "fs/notify_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define NAME_ROUND 16u /* names are padded to a multiple, with a NUL at least */

struct record_header { /* struct inotify_event, without the name */
    int32_t wd;
    uint32_t mask, cookie, length;
};
_Static_assert(sizeof(struct record_header) == 16, "struct inotify_event");

static size_t padded(const struct inotify_record *record)
{
    return record->name_length ? ALIGN_UP(record->name_length + 1, NAME_ROUND) : 0;
}

/* The first event if it fits, off the queue; NULL with *error: -EAGAIN, -EINVAL (no room). */
static struct inotify_record *take(struct inotify *inotify, size_t room, int *error)
{
    struct inotify_record *record = NULL;

    *error = -EAGAIN;
    spin_lock(&notify_lock);
    if (!list_empty(&inotify->events)) {
        record = LIST_FIRST(&inotify->events, struct inotify_record, link);
        if (sizeof(struct record_header) + padded(record) <= room) {
            list_remove(&record->link);
            inotify->count--;
        } else {
            record = NULL;
            *error = -EINVAL;
        }
    }
    spin_unlock(&notify_lock);
    return record;
}

/* Writes a record and frees it: bytes, or -EFAULT. */
static ssize_t put(struct inotify_record *record, struct iobuf *buf)
{
    struct record_header header = {record->wd, record->mask, record->cookie,
                                   (uint32_t)padded(record)};
    ssize_t total = (ssize_t)(sizeof(header) + header.length);
    size_t padding = header.length - record->name_length;
    bool whole = iobuf_put(buf, &header, sizeof(header)) == sizeof(header) &&
                 iobuf_put(buf, record->name, record->name_length) == record->name_length &&
                 iobuf_put_zero(buf, padding) == (ssize_t)padding;

    kfree(record);
    return whole ? total : -EFAULT;
}

static ssize_t inotify_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct inotify *inotify = file->private_data;
    struct inotify_record *record;
    struct wait_entry entry;
    ssize_t total = 0, done;
    int error;

    (void)pos;
    record = take(inotify, buf->remaining, &error);
    if (!record && error == -EAGAIN && !(atomic_load(&file->flags) & O_NONBLOCK)) {
        wait_begin(&inotify->waiters, &entry);
        while ((record = take(inotify, buf->remaining, &error)) == NULL && error == -EAGAIN &&
               (error = wait_sleep(WAIT_FOREVER)) == 0)
            wait_again(&inotify->waiters, &entry);
        wait_end(&inotify->waiters, &entry);
    }
    while (record) {
        done = put(record, buf);
        if (done < 0)
            return total ? total : done;
        total += done;
        record = take(inotify, buf->remaining, &error);
    }
    return total ? total : error;
}

static uint32_t inotify_poll(struct file *file, struct poll_table *table)
{
    struct inotify *inotify = file->private_data;

    if (table)
        table->add(table, &inotify->waiters);
    return __atomic_load_n(&inotify->count, __ATOMIC_ACQUIRE) ? POLL_IN | POLL_RDNORM : 0;
}

static int64_t inotify_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct inotify *inotify = file->private_data;
    uint32_t bytes = 0;

    if (request != 0x541b) /* FIONREAD */
        return -ENOTTY;
    spin_lock(&notify_lock);
    LIST_FOR_EACH(link, &inotify->events)
    bytes += (uint32_t)(sizeof(struct record_header) +
                        padded(LIST_ENTRY(link, struct inotify_record, link)));
    spin_unlock(&notify_lock);
    return put_user_u32(UADDR(arg), bytes);
}

static void inotify_release(struct file *file)
{
    struct inotify *inotify = file->private_data;

    (void)notify_unwatch(inotify, -1);
    LIST_FOR_EACH_SAFE(link, next, &inotify->events) /* nobody else knows it any more */
    kfree(LIST_ENTRY(link, struct inotify_record, link));
    kfree(inotify);
}

static const struct file_ops inotify_ops = {
    .read = inotify_read, .poll = inotify_poll, .ioctl = inotify_ioctl, .release = inotify_release};

bool is_inotify(const struct file *file)
{
    return file->ops == &inotify_ops;
}

int inotify_add(struct file *file, struct inode *inode, uint32_t mask)
{
    return notify_watch(file->private_data, inode, mask);
}

int inotify_remove(struct file *file, int wd)
{
    return wd < 0 ? -EINVAL : notify_unwatch(file->private_data, wd);
}

struct file *inotify_create(uint32_t flags)
{
    struct inotify *inotify = kzalloc(sizeof(*inotify));
    struct file *file;

    if (!inotify)
        return NULL;
    list_init(&inotify->watches);
    list_init(&inotify->events);
    inotify->next_wd = 1;
    wait_queue_init(&inotify->waiters);
    file = file_create(&inotify_ops, FMODE_READ, flags, inotify);
    if (!file) {
        kfree(inotify);
        return NULL;
    }
    file->inode = inode_create_anonymous(0600);
    if (!file->inode) {
        file_put(file);
        return NULL;
    }
    return file;
}
