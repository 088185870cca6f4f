/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals as programs use them: read, write, poll, and job control (background
 * reads and writes, sessions, foreground groups).  Requests: tty_ioctl.c.
 */
#include "fs/tty_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"

struct tty *tty_of_file(struct file *file)
{
    return ((struct tty_handle *)file->private_data)->tty;
}

/* Was the terminal hung up since the file was opened? */
bool tty_is_dead(struct file *file)
{
    struct tty_handle *handle = file->private_data;
    return handle->hangups != atomic_load(&handle->tty->hangups);
}

/* Readers made room: for the device's input, or a master's. */
void tty_input_taken(struct tty *tty)
{
    if (tty->ops != NULL)
        tty->ops->input_taken(tty);
    else
        tty_pump_input(tty);
}

static bool is_nonblocking(struct file *file)
{
    return (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK) != 0;
}

/* ---- job control ---------------------------------------------------------- */

/* Is the terminal the controlling one of the calling process? */
bool tty_is_mine(struct tty *tty)
{
    if (tty_process == NULL)
        return false;
    int sid = tty_process->sid();
    spin_lock(&tty->job_lock);
    bool mine = sid != 0 && tty->sid == sid;
    spin_unlock(&tty->job_lock);
    return mine;
}

/*
 * A background process of the session that reads, or changes settings, is stopped.
 * 0: go on; -EIO: it cannot be stopped; -ERESTARTSYS: the signal is on its way.
 */
int tty_check_background(struct tty *tty, int signo)
{
    if (!tty_is_mine(tty))
        return 0;
    int group = tty_process->pgid();
    spin_lock(&tty->job_lock);
    int foreground = tty->pgid;
    spin_unlock(&tty->job_lock);
    if (foreground == 0 || foreground == group)
        return 0;
    if (tty_process->signal_ignored(signo))
        return signo == TTY_SIGTTIN ? -EIO : 0;
    if (tty_process->group_orphaned(group))
        return -EIO;
    tty_process->signal_group(group, signo);
    return -ERESTARTSYS;
}

int tty_acquire(struct tty *tty, bool steal)
{
    int sid = tty_process->sid(), pgid = tty_process->pgid();
    if (tty_is_mine(tty))
        return 0;
    struct tty *other = tty_of_session(sid);
    if (other != NULL)
        tty_put(other);
    if (!tty_process->is_session_leader() || other != NULL)
        return -EPERM;
    spin_lock(&tty->job_lock);
    bool is_free = tty->sid == 0 || steal;
    if (is_free) {
        tty->sid = sid;
        tty->pgid = pgid;
    }
    spin_unlock(&tty->job_lock);
    return is_free ? 0 : -EPERM;
}

void tty_open_acquires(struct tty *tty, struct file *file)
{
    if (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NOCTTY)
        return;
    if ((file->mode & FMODE_READ) && tty_process != NULL && tty_process->is_session_leader())
        (void)tty_acquire(tty, false); /* somebody else's terminal opens all the same */
}

void tty_release_session(struct tty *tty)
{
    spin_lock(&tty->job_lock);
    int pgid = tty->pgid;
    tty->sid = tty->pgid = 0;
    spin_unlock(&tty->job_lock);
    if (pgid != 0 && tty_process != NULL) {
        tty_process->signal_group(pgid, TTY_SIGHUP);
        tty_process->signal_group(pgid, TTY_SIGCONT);
    }
}

/* ---- read, write, poll ---------------------------------------------------- */

static ssize_t tty_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct tty *tty = tty_of_file(file);
    (void)pos;
    if (tty_is_dead(file))
        return 0;
    int error = tty_check_background(tty, TTY_SIGTTIN);
    if (error != 0)
        return error;
    tty_pump_input(tty);
    ssize_t result = ldisc_read(&tty->ldisc, buf, is_nonblocking(file));
    if (result > 0)
        tty_input_taken(tty);
    return result;
}

static ssize_t tty_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct tty *tty = tty_of_file(file);
    struct termios termios;
    (void)pos;
    if (tty_is_dead(file))
        return -EIO;
    ldisc_get_termios(&tty->ldisc, &termios);
    if (termios.lflag & TOSTOP) {
        int error = tty_check_background(tty, TTY_SIGTTOU);
        if (error != 0)
            return error;
    }
    return ldisc_write(&tty->ldisc, buf, is_nonblocking(file));
}

static uint32_t tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = tty_of_file(file);
    uint32_t events = 0;
    if (table != NULL) {
        table->add(table, &tty->ldisc.readable);
        table->add(table, &tty->ldisc.writable);
    }
    if (tty_is_dead(file))
        return POLL_IN | POLL_OUT | POLL_ERR | POLL_HUP | POLL_RDNORM | POLL_WRNORM;
    tty_pump_input(tty);
    if (ldisc_can_read(&tty->ldisc))
        events |= POLL_IN | POLL_RDNORM;
    if (tty->ldisc.hung_up)
        events |= POLL_HUP;
    if (ldisc_can_write(&tty->ldisc))
        events |= POLL_OUT | POLL_WRNORM;
    return events;
}

static void tty_release(struct file *file)
{
    tty_close(file->private_data);
}

const struct file_ops tty_file_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .release = tty_release,
};
