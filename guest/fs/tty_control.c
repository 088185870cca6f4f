/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rarer requests of ioctl_tty(2) that masters and slaves share: locked settings,
 * exclusive mode, the carrier, numbers.  The others: tty_ioctl.c.
 */
#include "fs/tty_internal.h"
#include "lib/errno.h"

#define CLOCAL 0x800u /* cflag: there is no carrier to be lost */

void tty_keep_locked(struct tty *tty, const struct termios *old, struct termios *fresh)
{
    const struct termios *locked = &tty->locked;

    fresh->iflag = (fresh->iflag & ~locked->iflag) | (old->iflag & locked->iflag);
    fresh->oflag = (fresh->oflag & ~locked->oflag) | (old->oflag & locked->oflag);
    fresh->cflag = (fresh->cflag & ~locked->cflag) | (old->cflag & locked->cflag);
    fresh->lflag = (fresh->lflag & ~locked->lflag) | (old->lflag & locked->lflag);
    if (locked->line)
        fresh->line = old->line;
    for (size_t i = 0; i < TERMIOS_CC_COUNT; i++)
        if (locked->cc[i])
            fresh->cc[i] = old->cc[i];
}

static int64_t set_locked(struct tty *tty, uaddr_t from)
{
    struct termios locked = {0};

    if (!fs_current()->privileged)
        return -EPERM;
    if (copy_from_user(&locked, from, TERMIOS_SIZE))
        return -EFAULT;
    tty->locked = locked;
    return 0;
}

static int64_t set_carrier(struct tty *tty, uaddr_t arg)
{
    struct termios termios;
    uint32_t on;

    if (get_user_u32(&on, arg))
        return -EFAULT;
    ldisc_get_termios(&tty->ldisc, &termios);
    termios.cflag = on ? termios.cflag | CLOCAL : termios.cflag & ~CLOCAL;
    ldisc_set_termios(&tty->ldisc, &termios);
    return 0;
}

static int64_t get_carrier(struct tty *tty, uaddr_t arg)
{
    struct termios termios;

    ldisc_get_termios(&tty->ldisc, &termios);
    return put_user_u32(arg, (termios.cflag & CLOCAL) != 0);
}

static int64_t set_discipline(uaddr_t arg)
{
    uint32_t number;
    int error = get_user_u32(&number, arg);

    return error ? error : number == 0 ? 0 : -EINVAL;
}

int64_t tty_control(struct tty *tty, atomic_bool *exclusive, unsigned int request, uaddr_t arg)
{
    switch (request) {
    case TIOCEXCL:
    case TIOCNXCL:
        atomic_store(exclusive, request == TIOCEXCL);
        return 0;
    case TIOCGEXCL:
        return put_user_u32(arg, atomic_load(exclusive));
    case TIOCGLCKTRMIOS:
        return copy_to_user(arg, &tty->locked, TERMIOS_SIZE);
    case TIOCSLCKTRMIOS:
        return set_locked(tty, arg);
    case TIOCGSOFTCAR:
        return get_carrier(tty, arg);
    case TIOCSSOFTCAR:
        return set_carrier(tty, arg);
    case TIOCGDEV:
        return put_user_u32(arg, (uint32_t)tty->device);
    case TIOCGETD:
        return put_user_u32(arg, 0); /* N_TTY, there is no other */
    case TIOCSETD:
        return set_discipline(arg);
    default:
        return -ENOTTY;
    }
}
