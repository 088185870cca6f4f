/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudo-terminals: the numbers, the slave's device side and the master's file.  See pty.h. */
#include "fs/pty.h"

#include "fs/device.h"
#include "fs/inode.h"
#include "fs/pty_internal.h"
#include "fs/tty_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/slab.h"

static struct spinlock table_lock = SPINLOCK_INIT(LOCK_RANK_FS);
static struct pty **table; /* by number */
static uint32_t table_size;

/* ---- numbers -------------------------------------------------------------- */

/* The lowest free one becomes pty's; -1: there is no room in the table. */
static int take_number(struct pty *pty)
{
    int index = -1;

    spin_lock(&table_lock);
    for (uint32_t i = 0; i < table_size && index < 0; i++)
        if (!table[i])
            index = (int)i;
    if (index >= 0)
        table[index] = pty;
    spin_unlock(&table_lock);
    return index;
}

/* Doubles the table.  0, -ENOSPC at the limit, -ENOMEM. */
static int grow_table(void)
{
    uint32_t size = MAX(2 * table_size, 16u);
    struct pty **bigger, **old = NULL;

    if (size > PTYS_MAX)
        return -ENOSPC;
    bigger = kzalloc(size * sizeof(struct pty *));
    if (!bigger)
        return -ENOMEM;
    leaks_keep(bigger);
    spin_lock(&table_lock);
    if (size > table_size) {
        if (table)
            memcpy(bigger, table, table_size * sizeof(struct pty *));
        old = table;
        table = bigger;
        table_size = size;
    } else {
        old = bigger; /* somebody else was faster */
    }
    spin_unlock(&table_lock);
    kfree(old);
    return 0;
}

/* One that is complete and has its master: it has an inode just then. */
static struct pty *find_locked(uint32_t index)
{
    struct pty *pty = index < table_size ? table[index] : NULL;

    return pty && pty->inode ? pty : NULL;
}

struct inode *pty_inode(uint32_t index)
{
    struct inode *inode = NULL;

    spin_lock(&table_lock);
    struct pty *pty = find_locked(index);
    if (pty)
        inode = inode_get(pty->inode);
    spin_unlock(&table_lock);
    return inode;
}

int pty_next(uint32_t from)
{
    int found = -1;

    spin_lock(&table_lock);
    for (uint32_t i = from; i < table_size && found < 0; i++)
        if (find_locked(i))
            found = (int)i;
    spin_unlock(&table_lock);
    return found;
}

/* ---- the slave's device side ---------------------------------------------- */

/* Under the ldisc's lock: what the slave wrote goes into the ring. */
static size_t slave_output(struct ldisc *ldisc, const uint8_t *data, size_t size)
{
    struct pty *pty = CONTAINER_OF(ldisc, struct pty, tty.ldisc);
    size_t room = PTY_RING_SIZE - (pty->ring_write - pty->ring_read), done = MIN(size, room);

    if (pty->master_closed)
        return size; /* nobody will ever read it */
    for (size_t i = 0; i < done;) {
        uint32_t at = pty->ring_write % PTY_RING_SIZE;
        size_t part = MIN(done - i, (size_t)(PTY_RING_SIZE - at));

        memcpy(pty->ring + at, data + i, part);
        pty->ring_write += (uint32_t)part;
        i += part;
    }
    if (done)
        wake_all(&pty->master_readable, POLL_IN | POLL_RDNORM);
    return done;
}

static void slave_signal(struct ldisc *ldisc, int signo)
{
    tty_raise(CONTAINER_OF(ldisc, struct tty, ldisc), signo);
}

static void slave_input_taken(struct tty *tty)
{
    wake_all(&pty_of_tty(tty)->master_writable, POLL_OUT | POLL_WRNORM | POLL_QUIET);
}

static void slave_opened(struct tty *tty)
{
    struct pty *pty = pty_of_tty(tty);

    spin_lock(&tty->ldisc.lock);
    pty->slave_closed = false;
    spin_unlock(&tty->ldisc.lock);
}

static void slave_closed(struct tty *tty)
{
    struct pty *pty = pty_of_tty(tty);

    spin_lock(&tty->ldisc.lock);
    pty->slave_closed = true;
    spin_unlock(&tty->ldisc.lock);
    wake_all(&pty->master_readable, POLL_HUP | POLL_IN | POLL_RDNORM | POLL_QUIET);
}

static void slave_event(struct tty *tty, uint8_t status)
{
    struct pty *pty = pty_of_tty(tty);

    spin_lock(&tty->ldisc.lock);
    bool packet = pty->packet;
    if (packet) {
        pty->status |= status;
        if (status & TIOCPKT_STOP)
            pty->status &= (uint8_t)~TIOCPKT_START;
        if (status & TIOCPKT_START)
            pty->status &= (uint8_t)~TIOCPKT_STOP;
    }
    spin_unlock(&tty->ldisc.lock);
    if (packet)
        wake_all(&pty->master_readable, POLL_IN | POLL_RDNORM | POLL_PRI);
}

static void pty_free(struct tty *tty)
{
    struct pty *pty = pty_of_tty(tty);

    spin_lock(&table_lock);
    table[pty->index] = NULL;
    spin_unlock(&table_lock);
    kfree(pty);
}

static const struct ldisc_ops slave_ldisc_ops = {.output = slave_output, .signal = slave_signal};
static const struct tty_ops slave_tty_ops = {
    .input_taken = slave_input_taken,
    .first_open = slave_opened,
    .last_close = slave_closed,
    .event = slave_event,
    .free = pty_free,
};

/* major 136: by number, also through nodes outside /dev/pts */
static int open_slave(struct inode *inode, struct file *file)
{
    struct tty *tty = NULL;
    int error;

    spin_lock(&table_lock);
    struct pty *pty = find_locked(DEVICE_MINOR(inode->attr.rdev));
    if (pty && !atomic_load(&pty->locked))
        tty = tty_get(&pty->tty);
    spin_unlock(&table_lock);
    if (!tty)
        return -EIO;
    error = tty_open(tty, file);
    if (!error)
        tty_open_acquires(tty, file);
    tty_put(tty);
    return error;
}

/* ---- masters -------------------------------------------------------------- */

void pty_close_master(struct pty *pty)
{
    spin_lock(&table_lock);
    struct inode *inode = pty->inode;
    pty->inode = NULL;
    if (inode)
        inode->attr.nlink = 0; /* the name is gone, also where it is cached */
    spin_unlock(&table_lock);
    spin_lock(&pty->tty.ldisc.lock);
    pty->master_closed = true;
    spin_unlock(&pty->tty.ldisc.lock);
    if (inode)
        inode_put(inode);
    tty_hang_up(&pty->tty);
    tty_put(&pty->tty);
}

/* /dev/ptmx: each open makes a pair. */
int pty_open_master(struct inode *node, struct file *file)
{
    struct pty *pty = kzalloc(sizeof(*pty));
    struct inode *inode;
    int index, error = 0;

    (void)node;
    if (!pty)
        return -ENOMEM;
    wait_queue_init(&pty->master_readable);
    wait_queue_init(&pty->master_writable);
    mutex_init(&pty->write_lock);
    atomic_store(&pty->locked, true);
    while ((index = take_number(pty)) < 0 && !error)
        error = grow_table();
    if (error) {
        kfree(pty);
        return error;
    }
    pty->index = (uint32_t)index;
    tty_init_common(&pty->tty, &slave_ldisc_ops, &slave_tty_ops,
                    MAKE_DEVICE(DEVICE_MAJOR_PTS, pty->index));
    pty->tty.size_known = true; /* 0 by 0 until somebody says */
    inode = devpts_new_inode(pty->index);
    if (!inode) {
        pty_close_master(pty);
        return -ENOMEM;
    }
    spin_lock(&table_lock);
    pty->inode = inode;
    spin_unlock(&table_lock);
    file->ops = &pty_master_ops;
    file->private_data = pty;
    return 0;
}

void pty_init(void)
{
    device_register(DEVICE_MAJOR_PTS, open_slave);
}
