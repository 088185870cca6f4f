/* SPDX-License-Identifier: BSD-2-Clause */
/* The master of a pseudo-terminal as a file: what a terminal emulator reads and writes. */
#include "fs/dentry.h"
#include "fs/fd_table.h"
#include "fs/inode.h"
#include "fs/pty_internal.h"
#include "fs/tty_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "sched/thread.h"

#define CHUNK 512u

/* ioctl requests of masters */
#define TIOCPKT 0x5420u
#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCSIG 0x40045436u
#define TIOCGPKT 0x80045438u
#define TIOCGPTLCK 0x80045439u

static bool is_nonblocking(struct file *file)
{
    return (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK) != 0;
}

/* ---- read ----------------------------------------------------------------- */

struct take { /* one look at the ring */
    size_t count;
    bool closed; /* the slave is not open any more */
    bool control; /* packet mode: data[0] is the control byte */
};

/* Up to size bytes of the ring; in packet mode behind a control byte. */
static struct take take_output(struct pty *pty, uint8_t *data, size_t size, bool first)
{
    struct take take = {0};

    spin_lock(&pty->tty.ldisc.lock);
    uint32_t waiting = pty->ring_write - pty->ring_read;
    if (pty->packet && first && (pty->status || waiting)) {
        take.control = true;
        data[take.count++] = pty->status;
        if (pty->status)
            waiting = 0; /* comes alone */
        pty->status = 0;
    }
    for (; take.count < size && waiting; waiting--)
        data[take.count++] = pty->ring[pty->ring_read++ % PTY_RING_SIZE];
    take.closed = pty->slave_closed;
    spin_unlock(&pty->tty.ldisc.lock);
    return take;
}

static int wait_output(struct pty *pty)
{
    struct wait_entry entry;
    int error = 0;

    wait_begin(&pty->master_readable, &entry);
    for (;;) {
        spin_lock(&pty->tty.ldisc.lock);
        bool ready = pty->ring_write != pty->ring_read || pty->status || pty->slave_closed;
        spin_unlock(&pty->tty.ldisc.lock);
        if (ready || (error = wait_sleep(WAIT_FOREVER)) != 0)
            break;
        wait_again(&pty->master_readable, &entry);
    }
    wait_end(&pty->master_readable, &entry);
    return error;
}

static ssize_t master_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct pty *pty = file->private_data;
    uint8_t chunk[CHUNK];
    ssize_t done = 0;

    (void)pos;
    while (buf->remaining) {
        struct take take = take_output(pty, chunk, MIN(buf->remaining, sizeof(chunk)), done == 0);

        if (take.count) {
            ssize_t copied = iobuf_put(buf, chunk, take.count);

            ldisc_pump_output(&pty->tty.ldisc); /* there is room for what waits */
            if (copied < 0)
                return done ? done : copied;
            done += copied;
            continue;
        }
        if (done)
            break;
        int error = take.closed ? -EIO : is_nonblocking(file) ? -EAGAIN : wait_output(pty);
        if (error)
            return error;
    }
    return done;
}

/* ---- write ---------------------------------------------------------------- */

/* What the line discipline takes now: bytes, 0: no room, or errno. */
static ssize_t give_input(struct pty *pty, struct iobuf *buf)
{
    uint8_t chunk[CHUNK];

    mutex_lock(&pty->write_lock);
    size_t size = MIN(MIN(buf->remaining, sizeof(chunk)), ldisc_room(&pty->tty.ldisc));
    ssize_t taken = size ? iobuf_get(buf, chunk, size) : 0;
    if (taken > 0)
        ldisc_receive(&pty->tty.ldisc, chunk, (size_t)taken);
    mutex_unlock(&pty->write_lock);
    return taken;
}

static int wait_room(struct pty *pty)
{
    struct wait_entry entry;
    int error = 0;

    wait_begin(&pty->master_writable, &entry);
    while (ldisc_room(&pty->tty.ldisc) == 0 && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&pty->master_writable, &entry);
    wait_end(&pty->master_writable, &entry);
    return error;
}

static ssize_t master_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct pty *pty = file->private_data;
    ssize_t done = 0;

    (void)pos;
    while (buf->remaining) {
        ssize_t taken = give_input(pty, buf);

        if (taken == 0)
            taken = is_nonblocking(file) ? -EAGAIN : wait_room(pty);
        if (taken < 0)
            return done ? done : taken;
        done += taken;
        if (buf->remaining && sched_checkpoint()) /* keys that raise signals need no room */
            return done ? done : -ERESTARTSYS;
    }
    return done;
}

static uint32_t master_poll(struct file *file, struct poll_table *table)
{
    struct pty *pty = file->private_data;
    uint32_t events = 0;

    if (table) {
        table->add(table, &pty->master_readable);
        table->add(table, &pty->master_writable);
    }
    spin_lock(&pty->tty.ldisc.lock);
    if (pty->ring_write != pty->ring_read || pty->status)
        events |= POLL_IN | POLL_RDNORM;
    if (pty->status)
        events |= POLL_PRI;
    if (pty->slave_closed)
        events |= POLL_HUP;
    spin_unlock(&pty->tty.ldisc.lock);
    if (ldisc_room(&pty->tty.ldisc))
        events |= POLL_OUT | POLL_WRNORM;
    return events;
}

static void master_release(struct file *file)
{
    pty_close_master(file->private_data);
}

/* ---- ioctl ---------------------------------------------------------------- */

/*
 * Where the slave's name is: beside the master's, or in the directory "pts" there.  It is
 * looked for downwards from the master's, as the caller may have no path to it.
 */
static int find_slave(struct file *master, struct dentry **slave)
{
    struct pty *pty = master->private_data;
    struct dentry *dir = dentry_get_parent(master->dentry);
    char path[16];
    int error;

    snprintf(path, sizeof(path), "%s%u", strcmp(dir->inode->sb->type, "devpts") ? "pts/" : "",
             pty->index);
    error = vfs_walk(dir, path, 0, slave);
    dentry_put(dir);
    if (!error && (*slave)->inode != pty->inode) { /* somebody else's; a hint needs no lock */
        dentry_put(*slave);
        error = -EIO;
    }
    return error;
}

static int64_t open_peer(struct file *master, uint32_t flags)
{
    struct dentry *slave;
    struct file *file;
    int64_t fd;

    if (flags & ~(O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    fd = find_slave(master, &slave);
    if (fd)
        return fd;
    fd = vfs_open_dentry(slave, flags, &file);
    dentry_put(slave);
    if (fd)
        return fd;
    fd = fd_install(fd_current(), file, 0, fd_current_limit(), (flags & O_CLOEXEC) != 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

static int64_t set_packet(struct pty *pty, uaddr_t arg)
{
    uint32_t on;
    int error = get_user_u32(&on, arg);

    if (error)
        return error;
    spin_lock(&pty->tty.ldisc.lock);
    if (on && !pty->packet)
        pty->status = 0;
    pty->packet = on != 0;
    if (!on) /* nobody would ever read it */
        pty->status = 0;
    spin_unlock(&pty->tty.ldisc.lock);
    return 0;
}

static int64_t flush(struct pty *pty, uint64_t which)
{
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH) { /* what the slave wrote */
        spin_lock(&pty->tty.ldisc.lock);
        pty->ring_read = pty->ring_write;
        spin_unlock(&pty->tty.ldisc.lock);
        ldisc_pump_output(&pty->tty.ldisc);
    }
    if (which != TCIFLUSH) { /* what the slave would read */
        ldisc_flush(&pty->tty.ldisc, true, false);
        wake_all(&pty->master_writable, POLL_OUT | POLL_WRNORM);
    }
    return 0;
}

static uint32_t waiting_output(struct pty *pty)
{
    spin_lock(&pty->tty.ldisc.lock);
    uint32_t count = pty->ring_write - pty->ring_read;
    spin_unlock(&pty->tty.ldisc.lock);
    return count;
}

static int64_t set_locked(struct pty *pty, uaddr_t arg)
{
    uint32_t on;
    int error = get_user_u32(&on, arg);

    if (!error)
        atomic_store(&pty->locked, on != 0);
    return error;
}

static int64_t raise(struct pty *pty, uint64_t signo)
{
    if (signo != TTY_SIGINT && signo != TTY_SIGQUIT && signo != TTY_SIGTSTP)
        return -EINVAL;
    tty_raise(&pty->tty, (int)signo);
    return 0;
}

static int64_t master_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct pty *pty = file->private_data;

    switch (request) {
    case TIOCGPTN:
        return put_user_u32(UADDR(arg), pty->index);
    case TIOCSPTLCK:
        return set_locked(pty, UADDR(arg));
    case TIOCGPTLCK:
        return put_user_u32(UADDR(arg), atomic_load(&pty->locked));
    case TIOCGPTPEER:
        return open_peer(file, (uint32_t)arg);
    case TIOCPKT:
        return set_packet(pty, UADDR(arg));
    case TIOCGPKT:
        return put_user_u32(UADDR(arg), pty->packet);
    case TIOCSIG:
        return raise(pty, arg);
    case TCFLSH:
        return flush(pty, arg);
    case TIOCINQ:
        return put_user_u32(UADDR(arg), waiting_output(pty));
    case TIOCOUTQ:
        return put_user_u32(UADDR(arg), 0);
    default:
        return tty_ioctl_of_master(&pty->tty, &pty->exclusive, request, arg);
    }
}

const struct file_ops pty_master_ops = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
};
