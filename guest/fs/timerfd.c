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
    struct list wall_link; /* in wall_timers, or by itself; wall_lock */
    struct spinlock lock; /* the three below, and arming the timer */
    uint64_t next_ns; /* first expiration that has not been read; 0: none */
    uint64_t interval_ns;
    bool cancel_on_set, cancelled; /* the clock was set: the next read says so */
    struct wait_queue expired;
    bool wall;
};

/* Absolute ones of the wall clock, which follow its steps; lock order: wall_lock, then theirs. */
static struct spinlock wall_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct list wall_timers = LIST_INIT(wall_timers);

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
    wake_one(&CONTAINER_OF(timer, struct timerfd, timer)->expired, POLL_IN | POLL_RDNORM);
}

void timerfd_set(struct file *file, const struct timerfd_setting *setting)
{
    struct timerfd *t = file->private_data;

    spin_lock(&wall_lock);
    list_remove(&t->wall_link);
    if (setting->follows_wall)
        list_push_back(&wall_timers, &t->wall_link);
    spin_unlock(&wall_lock);
    timer_cancel(&t->timer);
    spin_lock(&t->lock);
    t->next_ns = setting->first_ns;
    t->interval_ns = setting->interval_ns;
    t->cancel_on_set = setting->cancel_on_set;
    t->cancelled = false;
    if (t->next_ns)
        timer_arm(&t->timer, t->next_ns);
    spin_unlock(&t->lock);
}

static void shift(struct timerfd *t, int64_t shift_ns)
{
    spin_lock(&t->lock);
    if (t->next_ns) {
        bool before_boot = shift_ns < 0 && t->next_ns <= (uint64_t)-shift_ns;
        t->next_ns = before_boot ? 1 : t->next_ns + (uint64_t)shift_ns;
        timer_arm(&t->timer, t->next_ns);
    }
    t->cancelled = t->cancel_on_set;
    spin_unlock(&t->lock);
    if (t->cancel_on_set)
        wake_all(&t->expired, POLL_IN | POLL_RDNORM);
}

void timerfds_clock_was_set(int64_t shift_ns)
{
    spin_lock(&wall_lock);
    LIST_FOR_EACH(it, &wall_timers)
    shift(LIST_ENTRY(it, struct timerfd, wall_link), shift_ns);
    spin_unlock(&wall_lock);
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

/* Expirations since the last call, or -ECANCELED; arms the timer for the next one. */
static int64_t take(struct timerfd *t)
{
    uint64_t now = clock_ns(), count = 0;

    spin_lock(&t->lock);
    bool cancelled = t->cancelled;
    t->cancelled = false;
    if (t->next_ns && t->next_ns <= now) {
        count = 1;
        if (t->interval_ns) {
            count += (now - t->next_ns) / t->interval_ns;
            if (__builtin_add_overflow(t->next_ns, count * t->interval_ns, &t->next_ns))
                t->next_ns = UINT64_MAX;
            timer_arm(&t->timer, t->next_ns);
        } else {
            t->next_ns = 0;
        }
    }
    spin_unlock(&t->lock);
    return cancelled ? -ECANCELED : (int64_t)MIN(count, (uint64_t)INT64_MAX);
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *t = file->private_data;
    uint64_t next;

    if (table)
        table->add(table, &t->expired);
    next = __atomic_load_n(&t->next_ns, __ATOMIC_ACQUIRE);
    bool ready = (next && next <= clock_ns()) || __atomic_load_n(&t->cancelled, __ATOMIC_ACQUIRE);
    return ready ? POLL_IN | POLL_RDNORM : 0;
}

/* 0 with *count, as take() has it, or -ERESTARTSYS. */
static int sleep_and_take(struct file *file, int64_t *count)
{
    struct timerfd *t = file->private_data;
    struct wait_entry entry;
    int error = 0;

    wait_begin_exclusive(&t->expired, &entry);
    while ((*count = take(t)) == 0 && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&t->expired, &entry);
    wait_end(&t->expired, &entry);
    if (!*count && timerfd_poll(file, NULL)) /* we were woken for it, perhaps */
        wake_next(&t->expired, POLL_IN | POLL_RDNORM);
    return error;
}

static ssize_t timerfd_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    int64_t count;

    (void)pos;
    if (buf->remaining < sizeof(count))
        return -EINVAL;
    count = take(file->private_data);
    if (!count) {
        if (atomic_load(&file->flags) & O_NONBLOCK)
            return -EAGAIN;
        int error = sleep_and_take(file, &count);
        if (error)
            return error;
    }
    if (count < 0)
        return count;
    return iobuf_put(buf, &count, sizeof(count));
}

static void timerfd_release(struct file *file)
{
    struct timerfd *t = file->private_data;

    spin_lock(&wall_lock);
    list_remove(&t->wall_link);
    spin_unlock(&wall_lock);
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
    list_init(&t->wall_link);
    spin_init(&t->lock, LOCK_RANK_DEVICE);
    wait_queue_init(&t->expired);
    t->wall = wall;
    file = file_create(&timerfd_ops, FMODE_READ | FMODE_WRITE, flags | O_RDWR, t);
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
