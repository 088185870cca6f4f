/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudo-terminals: pairs, names, bytes both ways, settings, ends. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static void show(const char *what, const char *bytes, ssize_t count)
{
    printf("%s: %zd", what, count);
    for (ssize_t i = 0; i < count; i++)
        printf(" %02x", (unsigned char)bytes[i]);
    printf("\n");
}

static void read_and_show(const char *what, int fd)
{
    char bytes[256];
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLPRI};

    printf("%s events %x\n", what, poll(&poll_fd, 1, 1000) == 1 ? poll_fd.revents : 0);
    ssize_t count = read(fd, bytes, sizeof(bytes));
    if (count < 0)
        perror(what);
    show(what, bytes, count);
}

static int open_slave(int master)
{
    unsigned int number;
    char path[32];

    CHECK(ioctl(master, TIOCGPTN, &number) == 0);
    snprintf(path, sizeof(path), "/dev/pts/%u", number);
    return open(path, O_RDWR | O_NOCTTY);
}

static int slave;

static int open_pair(void)
{
    struct stat stat;
    int locked = 0;

    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(master >= 0);
    CALL(ioctl(master, TIOCGPTLCK, &locked));
    VALUE(locked);
    CALL(open_slave(master) < 0 ? -1 : 0);
    CALL(grantpt(master));
    CALL(unlockpt(master));
    slave = open_slave(master);
    CHECK(slave >= 0);
    CHECK(strncmp(ttyname(slave), "/dev/pts/", 9) == 0);
    CHECK(strcmp(ttyname(slave), ptsname(master)) == 0);
    CALL(fstat(slave, &stat));
    VALUE(S_ISCHR(stat.st_mode) && stat.st_rdev >> 8 == 136);
    VALUE(isatty(slave));
    VALUE(isatty(master));
    return master;
}

static void sizes(int master)
{
    struct winsize size = {24, 80, 0, 0};

    CALL(ioctl(master, TIOCGWINSZ, &size));
    printf("%d %d\n", size.ws_row, size.ws_col);
    size = (struct winsize){.ws_row = 5, .ws_col = 7};
    CALL(ioctl(slave, TIOCSWINSZ, &size));
    size = (struct winsize){0};
    CALL(ioctl(master, TIOCGWINSZ, &size));
    printf("%d %d\n", size.ws_row, size.ws_col);
}

int main(void)
{
    struct termios termios;
    int count, on = 1, master = open_pair();

    sizes(master);
    /* the usual settings: lines, echo, newlines */
    CHECK(write(master, "ab\177c\n", 5) == 5);
    read_and_show("echo", master);
    CALL(ioctl(slave, FIONREAD, &count));
    VALUE(count);
    read_and_show("line", slave);
    CHECK(write(slave, "x\ny", 3) == 3);
    read_and_show("output", master);
    CALL(read(master, &count, 1) < 0 ? -1 : 0);

    /* raw, set on the master's side */
    CALL(tcgetattr(master, &termios));
    cfmakeraw(&termios);
    CALL(tcsetattr(master, TCSANOW, &termios));
    CHECK(write(master, "\x03q\r", 3) == 3);
    read_and_show("raw", slave);
    CHECK(write(slave, "\n", 1) == 1);
    read_and_show("raw output", master);

    /* packets */
    CALL(ioctl(master, TIOCPKT, &on));
    CHECK(write(slave, "data", 4) == 4);
    read_and_show("packet", master);
    CALL(tcflush(slave, TCIOFLUSH));
    read_and_show("flushed", master);
    on = 0;
    CALL(ioctl(master, TIOCPKT, &on));

    /* ends */
    CALL(close(slave));
    read_and_show("slave closed", master);
    slave = open_slave(master);
    CHECK(slave >= 0);
    CALL(read(master, &count, 1) < 0 ? -1 : 0);
    CHECK(write(slave, "last", 4) == 4);
    char *name = strdup(ptsname(master));
    CALL(close(master));
    read_and_show("master closed", slave);
    CALL(write(slave, "x", 1) < 0 ? -1 : 0);
    CALL(tcgetattr(slave, &termios));
    CALL(access(name, F_OK));
    CALL(close(slave));
    return 0;
}
