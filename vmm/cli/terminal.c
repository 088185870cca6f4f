/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw mode and its end.  Signals that are passed to the guest let the VM end
 * normally; those that would kill us put the terminal right first.
 */
#include "vmm/cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>

static struct termios saved;
static int raw_fd = -1;

bool terminal_is(int fd)
{
    struct termios mode;
    return tcgetattr(fd, &mode) == 0;
}

void terminal_restore(void)
{
    int fd = raw_fd;
    raw_fd = -1;
    if (fd >= 0) {
        int error = errno;
        tcsetattr(fd, TCSADRAIN, &saved);
        errno = error;
    }
}

/* The disposition is the default again (SA_RESETHAND): die of it now. */
static void restore_and_die(int number)
{
    terminal_restore();
    raise(number);
}

int terminal_enter_raw(int fd)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE,
                                 SIGABRT, SIGSYS, SIGALRM, SIGXCPU};
    if (tcgetattr(fd, &saved) != 0)
        return -errno;
    struct termios raw = saved;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw_fd = fd;
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        struct sigaction old, action = {.sa_handler = restore_and_die, .sa_flags = SA_RESETHAND};
        /* A handler somebody already relies on stays. */
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(deadly[i], &action, NULL);
    }
    if (tcsetattr(fd, TCSADRAIN, &raw) != 0) {
        int error = errno;
        raw_fd = -1;
        return -error;
    }
    return 0;
}

bool terminal_size(int fd, unsigned int *rows, unsigned int *columns)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        return false;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
}
