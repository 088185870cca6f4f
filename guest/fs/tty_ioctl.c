/* SPDX-License-Identifier: BSD-2-Clause */
/* What ioctl_tty(2) offers on terminals: settings, queues, size, sessions. */
#include "fs/pty_internal.h"
#include "fs/tty_internal.h"
#include "lib/errno.h"

static int drain(struct tty *tty)
{
    int error = ldisc_wait_output(&tty->ldisc);
    if (error == 0 && tty->dev != NULL)
        tty->dev->ops->drain(tty->dev);
    return error;
}

/* Do Ctrl-S and Ctrl-Q stop and start the output?  What masters in packet mode are told. */
static bool flow_is_usual(const struct termios *termios)
{
    return (termios->iflag & IXON) && termios->cc[VSTOP] == ('S' & 0x1f) &&
           termios->cc[VSTART] == ('Q' & 0x1f);
}

static int apply_termios(struct tty *tty, const struct termios *old, struct termios *fresh,
                         bool wait, bool flush)
{
    int error = wait ? drain(tty) : 0;
    if (error != 0)
        return error;
    if (flush) {
        ldisc_flush(&tty->ldisc, true, false);
        tty_input_taken(tty);
    }
    tty_keep_locked(tty, old, fresh);
    ldisc_set_termios(&tty->ldisc, fresh);
    if (tty->ops != NULL && flow_is_usual(old) != flow_is_usual(fresh))
        tty->ops->event(tty, flow_is_usual(fresh) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
    return 0;
}

static int64_t set_termios(struct tty *tty, uaddr_t from, size_t size, bool wait, bool flush)
{
    struct termios old, termios;
    ldisc_get_termios(&tty->ldisc, &old);
    termios = old; /* speeds stay with the short structure */
    int error = copy_from_user(&termios, from, size);
    return error ? error : apply_termios(tty, &old, &termios, wait, flush);
}

static uint32_t with_low_half(uint32_t old, uint16_t low)
{
    return (old & 0xffff0000u) | low;
}

static int64_t set_termio(struct tty *tty, uaddr_t from, bool wait, bool flush)
{
    struct termios old, termios;
    struct termio termio;
    if (copy_from_user(&termio, from, sizeof(termio)) != 0)
        return -EFAULT;
    ldisc_get_termios(&tty->ldisc, &old);
    termios = old;
    termios.iflag = with_low_half(old.iflag, termio.iflag);
    termios.oflag = with_low_half(old.oflag, termio.oflag);
    termios.cflag = with_low_half(old.cflag, termio.cflag);
    termios.lflag = with_low_half(old.lflag, termio.lflag);
    termios.line = termio.line;
    for (unsigned int i = 0; i < TERMIO_CC_COUNT; i++)
        termios.cc[i] = termio.cc[i];
    return apply_termios(tty, &old, &termios, wait, flush);
}

static int64_t get_termio(struct tty *tty, uaddr_t to)
{
    struct termios termios;
    ldisc_get_termios(&tty->ldisc, &termios);
    struct termio termio = {.iflag = (uint16_t)termios.iflag,
                            .oflag = (uint16_t)termios.oflag,
                            .cflag = (uint16_t)termios.cflag,
                            .lflag = (uint16_t)termios.lflag,
                            .line = termios.line};
    for (unsigned int i = 0; i < TERMIO_CC_COUNT; i++)
        termio.cc[i] = termios.cc[i];
    return copy_to_user(to, &termio, sizeof(termio));
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
    case TCGETA:
        return get_termio(tty, arg);
    case TCSETA:
        return set_termio(tty, arg, false, false);
    case TCSETAW:
        return set_termio(tty, arg, true, false);
    case TCSETAF:
        return set_termio(tty, arg, true, true);
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
    if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
        return -EINVAL;
    ldisc_flush(&tty->ldisc, arg != TCOFLUSH, arg != TCIFLUSH);
    tty_input_taken(tty);
    if (tty->ops != NULL)
        tty->ops->event(tty, (uint8_t)((arg != TCOFLUSH ? TIOCPKT_FLUSHREAD : 0) |
                                       (arg != TCIFLUSH ? TIOCPKT_FLUSHWRITE : 0)));
    return 0;
}

static int64_t flow_ioctl(struct tty *tty, uint64_t arg)
{
    if (arg == TCOOFF || arg == TCOON) {
        ldisc_stop_output(&tty->ldisc, arg == TCOOFF);
        if (tty->ops != NULL)
            tty->ops->event(tty, arg == TCOOFF ? TIOCPKT_STOP : TIOCPKT_START);
    } else if (arg != TCIOFF && arg != TCION) {
        return -EINVAL;
    }
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
    if (!tty_is_mine(tty))
        return -ENOTTY;
    int error = tty_check_background(tty, TTY_SIGTTOU);
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

static int64_t get_session(struct tty *tty, unsigned int request, uaddr_t arg)
{
    spin_lock(&tty->job_lock);
    int number = request == TIOCGPGRP ? tty->pgid : tty->sid;
    spin_unlock(&tty->job_lock);
    if (request == TIOCGSID && number == 0)
        return -ENOTTY;
    return put_user_u32(arg, (uint32_t)number);
}

/* As tty_ioctl(4), TIOCSCTTY: root may take a terminal from another session by an argument of 1. */
static int64_t take_terminal(struct tty *tty, struct file *file, uint64_t arg)
{
    bool privileged = fs_current()->privileged;
    if (tty_process == NULL || (!(file->mode & FMODE_READ) && !privileged))
        return -EPERM;
    return tty_acquire(tty, arg == 1 && privileged);
}

static int64_t session_ioctl(struct tty *tty, unsigned int request, uaddr_t arg)
{
    if (request == TIOCSPGRP)
        return set_foreground(tty, arg);
    if (!tty_is_mine(tty))
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

/* Requests that a background process of the session may not make: it is stopped. */
static bool changes_terminal(unsigned int request)
{
    switch (request) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TCFLSH:
    case TCXONC:
    case TCSBRK:
    case TCSBRKP:
        return true;
    default:
        return false;
    }
}

/* As if the character had been typed. */
static int64_t fake_input(struct tty *tty, uaddr_t arg)
{
    uint8_t c;
    if (!tty_is_mine(tty) && !fs_current()->privileged)
        return -EPERM;
    int error = copy_from_user(&c, arg, sizeof(c));
    if (error == 0)
        ldisc_receive(&tty->ldisc, &c, sizeof(c));
    return error;
}

int64_t tty_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct tty *tty = tty_of_file(file);
    int64_t result;
    int error;
    if (tty_is_dead(file))
        return request == TIOCSPGRP ? -ENOTTY : -EIO;
    error = changes_terminal(request) ? tty_check_background(tty, TTY_SIGTTOU) : 0;
    if (error != 0)
        return error;
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
        return take_terminal(tty, file, arg);
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
    case TIOCSTI:
        return fake_input(tty, UADDR(arg));
    case TIOCVHANGUP:
        if (!fs_current()->privileged)
            return -EPERM;
        tty_hang_up(tty);
        return 0;
    case TIOCGPTPEER: /* only masters have one */
        return -EIO;
    default:
        result = tty_control(tty, &tty->exclusive, request, UADDR(arg));
        return result == -ENOTTY ? termios_ioctl(tty, request, UADDR(arg)) : result;
    }
}

int64_t tty_ioctl_of_master(struct tty *tty, atomic_bool *exclusive, unsigned int request,
                            uint64_t arg)
{
    int64_t result;
    switch (request) {
    case TCXONC:
        return flow_ioctl(tty, arg);
    case TCSBRK:
    case TCSBRKP:
        return 0;
    case TIOCGWINSZ:
    case TIOCSWINSZ:
        return size_ioctl(tty, request, UADDR(arg));
    case TIOCSPGRP:
        return set_foreground(tty, UADDR(arg));
    case TIOCGPGRP:
    case TIOCGSID:
        return get_session(tty, request, UADDR(arg));
    default:
        result = tty_control(tty, exclusive, request, UADDR(arg));
        return result == -ENOTTY ? termios_ioctl(tty, request, UADDR(arg)) : result;
    }
}
