/* SPDX-License-Identifier: BSD-2-Clause */
/* See timerfd.h.  Expirations are counted when somebody looks, so a fast timer costs nothing. */
#include "fs/timerfd.h"

#include "arch/clock.h"
#include "fs/inode.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sched/timer.h"

struct timerfd {
    struct timer timer;
    struct spinlock lock; /* next_ns, interval_ns */
    uint64_t next_ns; /* first expiration that has not been read; 0: none */
    uint64_t interval_ns;
    struct wait_queue expired;
    bool wall;
};

static const struct file_ops timerfd_ops;

bool is_timerfd(const struct file *file)
{
    return file->ops == &timerfd_ops;
}

bool timerfd_is_wall(const struct file *file)
{
    return ((struct timerfd *)file->private_data)->wall;
}

static void on_timer(struct timer *timer)
{
    wake_all(&CONTAINER_OF(timer, struct timerfd, timer)->expired, POLL_IN | POLL_RDNORM);
}

void timerfd_set(struct file *file, uint64_t first_ns, uint64_t interval_ns)
{
    struct timerfd *t = file->private_data;

    timer_cancel(&t->timer);
    spin_lock(&t->lock);
    t->next_ns = first_ns;
    t->interval_ns = interval_ns;
    spin_unlock(&t->lock);
    if (first_ns)
        timer_arm(&t->timer, first_ns);
}

void timerfd_get(struct file *file, uint64_t *left_ns, uint64_t *interval_ns)
{
    struct timerfd *t = file->private_data;
    uint64_t now = clock_ns();

    spin_lock(&t->lock);
    *interval_ns = t->interval_ns;
    if (t->next_ns > now)
        *left_ns = t->next_ns - now;
    else if (t->next_ns && t->interval_ns)
        *left_ns = t->interval_ns - (now - t->next_ns) % t->interval_ns;
    else
        *left_ns = 0;
    spin_unlock(&t->lock);
}

/* Expirations since the last call; arms the timer for the next one. */
static uint64_t take(struct timerfd *t)
{
    uint64_t now = clock_ns(), count = 0, next = 0;

    spin_lock(&t->lock);
    if (t->next_ns && t->next_ns <= now) {
        count = 1;
        if (t->interval_ns) {
            count += (now - t->next_ns) / t->interval_ns;
            t->next_ns += count * t->interval_ns;
        } else {
            t->next_ns = 0;
        }
        next = t->next_ns;
    }
    spin_unlock(&t->lock);
    if (next)
        timer_arm(&t->timer, next);
    return count;
}

static ssize_t timerfd_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct timerfd *t = file->private_data;
    struct wait_entry entry;
    uint64_t count;
    int error = 0;

    (void)pos;
    if (buf->remaining < sizeof(count))
        return -EINVAL;
    count = take(t);
    if (!count) {
        if (atomic_load(&file->flags) & O_NONBLOCK)
            return -EAGAIN;
        wait_begin(&t->expired, &entry);
        while ((count = take(t)) == 0 && (error = wait_sleep(WAIT_FOREVER)) == 0)
            wait_again(&t->expired, &entry);
        wait_end(&t->expired, &entry);
        if (!count)
            return error;
    }
    return iobuf_put(buf, &count, sizeof(count));
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *t = file->private_data;
    uint64_t next;

    if (table)
        table->add(table, &t->expired);
    next = __atomic_load_n(&t->next_ns, __ATOMIC_ACQUIRE);
    return next && next <= clock_ns() ? POLL_IN | POLL_RDNORM : 0;
}

static void timerfd_release(struct file *file)
{
    struct timerfd *t = file->private_data;

    timer_cancel(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read, .poll = timerfd_poll, .release = timerfd_release};

struct file *timerfd_create(bool wall, uint32_t flags)
{
    struct timerfd *t = kzalloc(sizeof(*t));
    struct file *file;

    if (!t)
        return NULL;
    timer_init(&t->timer, on_timer);
    spin_init(&t->lock, LOCK_RANK_DEVICE);
    wait_queue_init(&t->expired);
    t->wall = wall;
    file = file_create(&timerfd_ops, FMODE_READ, flags | O_RDWR, t);
    if (!file) {
        kfree(t);
        return NULL;
    }
    file->inode = inode_create_anonymous(0600);
    if (!file->inode) {
        file_put(file);
        return NULL;
    }
    return file;
}
