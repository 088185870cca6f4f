/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets a terminal as the controlling one: by opens and by TIOCSCTTY, taken from a session. */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static int master;
static const char *name;

static int has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Steps of the two sessions, in turn: a byte goes round. */
static void step(int from, int to)
{
    char c = 0;

    if (to >= 0)
        CHECK(write(to, "x", 1) == 1);
    if (from >= 0)
        CHECK(read(from, &c, 1) == 1);
}

static void first(int from, int to)
{
    signal(SIGHUP, SIG_DFL);
    CHECK(setsid() == getpid());
    close(open(name, O_WRONLY));
    CHECK(!has_terminal()); /* opens for writing alone do not count */
    int quiet = open(name, O_RDWR | O_NOCTTY);
    CHECK(!has_terminal());
    int fd = open(name, O_RDWR);
    CHECK(has_terminal() && tcgetsid(fd) == getpid());
    CALL(ioctl(fd, TIOCSCTTY, 0)); /* again: nothing to do */
    fflush(stdout);
    step(from, to);
    CHECK(!has_terminal());
    CALL(tcgetpgrp(fd));
    CALL(ioctl(quiet, TIOCNOTTY));
    CALL(ioctl(fd, TIOCSCTTY, 0)); /* it is somebody's */
    exit(0);
}

static void second(int from, int to)
{
    int fd = open(name, O_RDWR | O_NOCTTY);

    step(from, -1);
    CALL(ioctl(fd, TIOCSCTTY, 1)); /* no leader */
    CHECK(setsid() == getpid());
    CALL(ioctl(fd, TIOCSCTTY, 0));
    CALL(ioctl(fd, TIOCSCTTY, 2));
    CHECK(!has_terminal());
    CALL(ioctl(fd, TIOCSCTTY, 1));
    CHECK(has_terminal() && tcgetsid(fd) == getpid() && tcgetpgrp(fd) == getpgrp());
    fflush(stdout);
    step(-1, to);
    step(from, -1); /* the end of the other session leaves the terminal alone */
    CHECK(has_terminal());
    exit(0);
}

int main(void)
{
    int forth[2], back[2], status;

    master = posix_openpt(O_RDWR | O_NOCTTY);
    NEED(master >= 0 && unlockpt(master) == 0 && pipe(forth) == 0 && pipe(back) == 0);
    name = strdup(ptsname(master));
    fflush(stdout);
    pid_t one = fork();
    if (!one)
        first(back[0], forth[1]);
    pid_t two = fork();
    if (!two)
        second(forth[0], back[1]);
    CHECK(waitpid(one, &status, 0) == one);
    VALUE(status);
    fflush(stdout);
    CHECK(write(forth[1], "x", 1) == 1);
    CHECK(waitpid(two, &status, 0) == two);
    VALUE(status);
    return 0;
}
