/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/vmm/host: functions of the embedder's.  The answer stays in the part `host` of the
 * area until it has been read, so one open file at a time has a call in progress: host.owner.
 * host.lock guards the rest and the part; it is held while the embedder's function runs.
 */
#include "fs/vmm_files_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct {
    struct mutex lock;
    struct file *owner; /* whose answer is there; NULL: nobody's */
    uint32_t at; /* bytes of the piece that were read */
    struct wait_queue changed;
} host = {
    .lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT), .waiters = LIST_INIT(host.lock.waiters)},
    .changed = {SPINLOCK_INIT(LOCK_RANK_WAIT), LIST_INIT(host.changed.entries)},
};

static struct file *owner(void)
{
    return __atomic_load_n(&host.owner, __ATOMIC_RELAXED);
}

/* Lets another file's call begin. */
static void disown(void)
{
    __atomic_store_n(&host.owner, NULL, __ATOMIC_RELEASE);
    wake_all(&host.changed, POLL_OUT | POLL_WRNORM);
}

static bool is_free_for(const struct file *file)
{
    const struct file *now = owner();

    return now == NULL || now == file;
}

/* With host.lock and no other file's answer in the area, or an error. */
static int lock_for(struct file *file)
{
    struct wait_entry entry;
    int error = 0;

    for (;;) {
        mutex_lock(&host.lock);
        if (is_free_for(file))
            return 0;
        mutex_unlock(&host.lock);
        if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK)
            return -EAGAIN;
        wait_begin(&host.changed, &entry);
        while (!is_free_for(file) && (error = wait_sleep(WAIT_FOREVER)) == 0)
            wait_again(&host.changed, &entry);
        wait_end(&host.changed, &entry);
        if (error)
            return error;
    }
}

/* NAME, NUL? */
static bool name_is_well_formed(const uint8_t *data, size_t size)
{
    const void *end = memchr(data, 0, MIN(size, GUEST_CALL_NAME_MAX + 1));

    return end != NULL && end != data;
}

/* host.lock is held: the record goes out, the answer's first piece comes in. */
static ssize_t call_host(struct iobuf *buf)
{
    struct guest_call_area *area = vmm_port->area;
    size_t total = buf->remaining, sent = 0;

    for (;;) {
        size_t part = MIN(buf->remaining, sizeof(area->host));
        ssize_t done = iobuf_get(buf, area->host, part);

        if (sent == 0 && done != (ssize_t)part)
            return -EFAULT;
        if (sent == 0 && !name_is_well_formed(area->host, part))
            return -EINVAL;
        area->host_total = total;
        area->host_length = (uint32_t)MAX(done, 0);
        area->host_more = done == (ssize_t)part && buf->remaining != 0;
        sent += area->host_length;
        bool last = !area->host_more;
        if (vmm_port->op(GUEST_CALL_HOST) != 0)
            return -EINTR;
        if (done != (ssize_t)part)
            return -EFAULT; /* that call was void */
        if (last)
            return (ssize_t)sent;
    }
}

static ssize_t host_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    (void)pos;
    if (buf->remaining > GUEST_CALL_RECORD_MAX)
        return -EMSGSIZE;
    if (buf->remaining == 0)
        return -EINVAL;
    int error = lock_for(file);
    if (error)
        return error;
    ssize_t result = call_host(buf);
    host.at = 0;
    if (result > 0)
        __atomic_store_n(&host.owner, file, __ATOMIC_RELAXED);
    else if (owner() == file)
        disown(); /* the answer before is gone in any case */
    mutex_unlock(&host.lock);
    return result;
}

/* host.lock is held. */
static ssize_t copy_answer(struct iobuf *buf)
{
    struct guest_call_area *area = vmm_port->area;
    ssize_t total = 0;

    for (;;) {
        uint32_t length = MIN(area->host_length, GUEST_CALL_PART);
        size_t left = length > host.at ? length - host.at : 0;
        size_t part = MIN(left, buf->remaining);
        ssize_t done = part ? iobuf_put(buf, area->host + host.at, part) : 0;

        if (done < 0)
            return total ? total : done;
        host.at += (uint32_t)done;
        total += done;
        if (done < (ssize_t)part)
            return total;
        if (part == left && !area->host_more) {
            disown();
            return total;
        }
        if (buf->remaining == 0)
            return total;
        if (vmm_port->op(GUEST_CALL_HOST_MORE) != 0)
            return total ? total : -EINTR;
        host.at = 0;
    }
}

/* Without a call, and after the answer: end of file. */
static ssize_t host_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    ssize_t done = 0;

    (void)pos;
    mutex_lock(&host.lock);
    if (owner() == file && buf->remaining)
        done = copy_answer(buf);
    mutex_unlock(&host.lock);
    return done;
}

static uint32_t host_poll(struct file *file, struct poll_table *table)
{
    uint32_t events = 0;

    if (table)
        table->add(table, &host.changed);
    if (owner() == file)
        events |= POLL_IN | POLL_RDNORM;
    if (is_free_for(file))
        events |= POLL_OUT | POLL_WRNORM;
    return events;
}

static void host_release(struct file *file)
{
    mutex_lock(&host.lock);
    if (owner() == file)
        disown();
    mutex_unlock(&host.lock);
}

static const struct file_ops host_ops = {
    .read = host_read, .write = host_write, .poll = host_poll, .release = host_release};

int vmm_host_open(struct file *file)
{
    int error = vmm_port->start();
    if (error)
        return error;
    file->ops = &host_ops;
    return 0;
}
