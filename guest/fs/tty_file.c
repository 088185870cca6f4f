/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals as programs use them: read, write, poll, ioctl (ioctl_tty(2)) and job
 * control (background reads and writes, sessions, foreground groups).
 */
#include "fs/tty_internal.h"
#include "iface/open_flags.h"
#include "lib/errno.h"

static struct tty *tty_of(struct file *file)
{
    return file->private_data;
}

static bool is_nonblocking(struct file *file)
{
    return (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_NONBLOCK) != 0;
}

/* ---- job control ---------------------------------------------------------- */

/* Is the terminal the controlling one of the calling process? */
static bool is_mine(struct tty *tty)
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
static int check_background(struct tty *tty, int signo)
{
    if (!is_mine(tty))
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

/* With no lock held: the session takes the terminal if nobody has it.  0 or -EPERM. */
static int acquire(struct tty *tty)
{
    int sid = tty_process->sid(), pgid = tty_process->pgid();
    if (is_mine(tty))
        return 0;
    if (!tty_process->is_session_leader() || tty_of_session(sid) != NULL)
        return -EPERM;
    spin_lock(&tty->job_lock);
    bool is_free = tty->sid == 0;
    if (is_free) {
        tty->sid = sid;
        tty->pgid = pgid;
    }
    spin_unlock(&tty->job_lock);
    return is_free ? 0 : -EPERM;
}

void tty_open_acquires(struct tty *tty)
{
    if (tty_process != NULL && tty_process->is_session_leader())
        (void)acquire(tty); /* somebody else's terminal opens all the same */
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
    struct tty *tty = tty_of(file);
    (void)pos;
    int error = check_background(tty, TTY_SIGTTIN);
    if (error != 0)
        return error;
    tty_pump_input(tty);
    ssize_t result = ldisc_read(&tty->ldisc, buf, is_nonblocking(file));
    if (result > 0)
        tty_pump_input(tty); /* there is room again */
    return result;
}

static ssize_t tty_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    struct tty *tty = tty_of(file);
    struct termios termios;
    (void)pos;
    ldisc_get_termios(&tty->ldisc, &termios);
    if (termios.lflag & TOSTOP) {
        int error = check_background(tty, TTY_SIGTTOU);
        if (error != 0)
            return error;
    }
    return ldisc_write(&tty->ldisc, buf, is_nonblocking(file));
}

static uint32_t tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = tty_of(file);
    uint32_t events = 0;
    if (table != NULL) {
        table->add(table, &tty->ldisc.readable);
        table->add(table, &tty->ldisc.writable);
    }
    tty_pump_input(tty);
    if (ldisc_can_read(&tty->ldisc))
        events |= POLL_IN | POLL_RDNORM;
    if (tty->ldisc.hung_up)
        events |= POLL_HUP;
    if (ldisc_can_write(&tty->ldisc))
        events |= POLL_OUT | POLL_WRNORM;
    return events;
}

/* ---- ioctl ---------------------------------------------------------------- */

static int drain(struct tty *tty)
{
    int error = ldisc_wait_output(&tty->ldisc);
    if (error == 0 && tty->dev != NULL)
        tty->dev->ops->drain(tty->dev);
    return error;
}

static int64_t set_termios(struct tty *tty, uaddr_t from, size_t size, bool wait, bool flush)
{
    struct termios termios;
    int error = check_background(tty, TTY_SIGTTOU);
    ldisc_get_termios(&tty->ldisc, &termios); /* speeds stay with the short structure */
    if (error == 0)
        error = copy_from_user(&termios, from, size);
    if (error == 0 && wait)
        error = drain(tty);
    if (error != 0)
        return error;
    if (flush)
        ldisc_flush(&tty->ldisc, true, false);
    ldisc_set_termios(&tty->ldisc, &termios);
    return 0;
}

static int64_t get_termios(struct tty *tty, uaddr_t to, size_t size)
{
    struct termios termios;
    ldisc_get_termios(&tty->ldisc, &termios);
    return copy_to_user(to, &termios, size);
}

static int64_t termios_ioctl(struct tty *tty, unsigned int request, uaddr_t arg)
{
    switch (request) {
    case TCGETS:
        return get_termios(tty, arg, TERMIOS_SIZE);
    case TCGETS2:
        return get_termios(tty, arg, TERMIOS2_SIZE);
    case TCSETS:
        return set_termios(tty, arg, TERMIOS_SIZE, false, false);
    case TCSETSW:
        return set_termios(tty, arg, TERMIOS_SIZE, true, false);
    case TCSETSF:
        return set_termios(tty, arg, TERMIOS_SIZE, true, true);
    case TCSETS2:
        return set_termios(tty, arg, TERMIOS2_SIZE, false, false);
    case TCSETSW2:
        return set_termios(tty, arg, TERMIOS2_SIZE, true, false);
    case TCSETSF2:
        return set_termios(tty, arg, TERMIOS2_SIZE, true, true);
    default:
        return -ENOTTY;
    }
}

static int64_t flush_ioctl(struct tty *tty, uint64_t arg)
{
    int error = check_background(tty, TTY_SIGTTOU);
    if (error != 0)
        return error;
    if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
        return -EINVAL;
    ldisc_flush(&tty->ldisc, arg != TCOFLUSH, arg != TCIFLUSH);
    tty_pump_input(tty);
    return 0;
}

static int64_t flow_ioctl(struct tty *tty, uint64_t arg)
{
    if (arg == TCOOFF || arg == TCOON)
        ldisc_stop_output(&tty->ldisc, arg == TCOOFF);
    else if (arg != TCIOFF && arg != TCION)
        return -EINVAL;
    return 0; /* asking the other side to stop means nothing to it here */
}

static int64_t size_ioctl(struct tty *tty, unsigned int request, uaddr_t arg)
{
    struct winsize size;
    int error;
    if (request == TIOCGWINSZ) {
        tty_get_size(tty, &size);
        return copy_to_user(arg, &size, sizeof(size));
    }
    error = copy_from_user(&size, arg, sizeof(size));
    if (error == 0)
        tty_resize(tty, &size);
    return error;
}

static int64_t set_foreground(struct tty *tty, uaddr_t arg)
{
    uint32_t pgid;
    if (!is_mine(tty))
        return -ENOTTY;
    int error = check_background(tty, TTY_SIGTTOU);
    if (error == 0)
        error = get_user_u32(&pgid, arg);
    if (error != 0)
        return error;
    if ((int)pgid <= 0)
        return -EINVAL;
    if (!tty_process->group_in_session((int)pgid, tty_process->sid()))
        return -EPERM;
    spin_lock(&tty->job_lock);
    tty->pgid = (int)pgid;
    spin_unlock(&tty->job_lock);
    return 0;
}

static int64_t session_ioctl(struct tty *tty, unsigned int request, uaddr_t arg)
{
    if (request == TIOCSCTTY)
        return tty_process == NULL ? -EPERM : acquire(tty);
    if (request == TIOCSPGRP)
        return set_foreground(tty, arg);
    if (!is_mine(tty))
        return -ENOTTY;
    if (request == TIOCNOTTY) {
        if (tty_process->is_session_leader())
            tty_release_session(tty);
        return 0;
    }
    spin_lock(&tty->job_lock);
    int number = request == TIOCGPGRP ? tty->pgid : tty->sid;
    spin_unlock(&tty->job_lock);
    return put_user_u32(arg, (uint32_t)number);
}

static int64_t tty_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct tty *tty = tty_of(file);
    uint32_t number;
    int error;
    switch (request) {
    case TCFLSH:
        return flush_ioctl(tty, arg);
    case TCXONC:
        return flow_ioctl(tty, arg);
    case TCSBRK: /* breaks are not sent, there is no line; output is waited for */
    case TCSBRKP:
        return drain(tty);
    case TIOCGWINSZ:
    case TIOCSWINSZ:
        return size_ioctl(tty, request, UADDR(arg));
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCGPGRP:
    case TIOCSPGRP:
    case TIOCGSID:
        return session_ioctl(tty, request, UADDR(arg));
    case TIOCINQ:
        tty_pump_input(tty);
        return put_user_u32(UADDR(arg), ldisc_input_count(&tty->ldisc));
    case TIOCOUTQ:
        return put_user_u32(UADDR(arg), ldisc_output_count(&tty->ldisc));
    case TIOCGETD:
        return put_user_u32(UADDR(arg), 0); /* N_TTY */
    case TIOCSETD:
        error = get_user_u32(&number, UADDR(arg));
        return error != 0 ? error : number == 0 ? 0 : -EINVAL;
    case TIOCEXCL: /* one owner opens it anyway */
    case TIOCNXCL:
        return 0;
    default:
        return termios_ioctl(tty, request, UADDR(arg));
    }
}

const struct file_ops tty_file_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
};
