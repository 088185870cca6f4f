/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rarer requests of ioctl_tty(2): a slave opened from its master where no path leads
 * to it, locked settings, exclusive mode, soft carrier, hanging up by request; settings and
 * sizes that make no sense.
 */
#include "check.h"

#include <asm/termbits.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static int master, slave;

static void open_pair(void)
{
    int unlock = 0;

    master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    NEED(master >= 0);
    NEED(ioctl(master, TIOCSPTLCK, &unlock) == 0);
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    NEED(slave >= 0);
}

static void close_pair(void)
{
    close(slave), close(master);
}

static void test_peer(void)
{
    char link[64], name[64], text[8] = "";
    int number, lock = 1, other, status;
    ssize_t length;

    open_pair();
    NEED(ioctl(master, TIOCGPTN, &number) == 0);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", slave);
    length = readlink(link, name, sizeof(name) - 1);
    name[length > 0 ? length : 0] = 0;
    snprintf(link, sizeof(link), "/dev/pts/%d", number);
    CHECK(!strcmp(link, name));
    CHECK(fcntl(slave, F_GETFD) == 0);
    other = ioctl(master, TIOCGPTPEER, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    CHECK(other >= 0 && fcntl(other, F_GETFD) == FD_CLOEXEC);
    CHECK((fcntl(other, F_GETFL) & O_ACCMODE) == O_RDONLY);
    close(other);
    CALL(ioctl(slave, TIOCGPTPEER, O_RDWR));
    fflush(stdout);
    if (fork() == 0) {
        NEED(mkdir("empty", 0755) == 0 && chroot("empty") == 0 && chdir("/") == 0);
        CALL(open(link, O_RDWR | O_NOCTTY));
        other = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
        CHECK(other >= 0);
        CHECK(write(other, "peer", 4) == 4 && read(master, text, 4) == 4 && !strcmp(text, "peer"));
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
    CHECK(status == 0);
    NEED(ioctl(master, TIOCSPTLCK, &lock) == 0);
    CALL(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
    CALL(open(link, O_RDWR | O_NOCTTY));
    close_pair();
}

static void test_locked_settings(void)
{
    struct termios locked, settings;

    open_pair();
    memset(&locked, 0xff, sizeof(locked));
    CALL(ioctl(slave, TIOCGLCKTRMIOS, &locked));
    CHECK(!locked.c_iflag && !locked.c_oflag && !locked.c_cflag && !locked.c_lflag &&
          !locked.c_line);
    CHECK(!locked.c_cc[VINTR] && !locked.c_cc[VEOF]);
    locked.c_lflag = ECHO;
    locked.c_cc[VINTR] = 1;
    CALL(ioctl(slave, TIOCSLCKTRMIOS, &locked));
    NEED(ioctl(slave, TCGETS, &settings) == 0);
    settings.c_lflag &= ~(ECHO | ICANON);
    settings.c_cc[VINTR] = 7, settings.c_cc[VQUIT] = 8;
    CALL(ioctl(slave, TCSETS, &settings));
    NEED(ioctl(slave, TCGETS, &settings) == 0);
    CHECK((settings.c_lflag & ECHO) && !(settings.c_lflag & ICANON));
    CHECK(settings.c_cc[VINTR] == 3 && settings.c_cc[VQUIT] == 8);
    CALL(ioctl(master, TIOCGLCKTRMIOS, &locked));
    CHECK(locked.c_lflag == ECHO && locked.c_cc[VINTR] == 1);
    CALL(ioctl(slave, TIOCGLCKTRMIOS, NULL));
    CALL(ioctl(slave, TIOCSLCKTRMIOS, NULL));
    close_pair();
}

static void test_exclusive(void)
{
    int on = -1, carrier = -1, number;
    unsigned int device = 0;
    char path[32];

    open_pair();
    NEED(ioctl(master, TIOCGPTN, &number) == 0);
    snprintf(path, sizeof(path), "/dev/pts/%d", number);
    CALL(ioctl(slave, TIOCGEXCL, &on));
    CHECK(on == 0);
    CALL(ioctl(slave, TIOCEXCL));
    CALL(ioctl(slave, TIOCGEXCL, &on));
    CHECK(on == 1);
    CALL(open(path, O_RDWR | O_NOCTTY));
    fflush(stdout);
    if (fork() == 0) {
        NEED(chmod(path, 0666) == 0 && setuid(12345) == 0);
        CALL(open(path, O_RDWR | O_NOCTTY));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    CALL(ioctl(slave, TIOCNXCL));
    CALL(ioctl(slave, TIOCGEXCL, &on));
    CHECK(on == 0);
    CALL(ioctl(slave, TIOCGSOFTCAR, &carrier));
    CHECK(carrier == 0);
    carrier = 1;
    CALL(ioctl(slave, TIOCSSOFTCAR, &carrier));
    CALL(ioctl(slave, TIOCGSOFTCAR, &carrier));
    CHECK(carrier == 1);
    CALL(ioctl(slave, TIOCGDEV, &device));
    CHECK(major(device) == 136 && minor(device) == (unsigned int)number);
    CALL(ioctl(slave, TIOCMGET, &on));
    CALL(ioctl(slave, TIOCGSERIAL, path));
    CALL(ioctl(slave, 0x54ff, path));
    CALL(ioctl(slave, TIOCVHANGUP));
    VALUE(read(slave, path, 1));
    VALUE(write(slave, "x", 1));
    CALL(ioctl(slave, TIOCGEXCL, &on));
    close_pair();
}

static void test_odd(void)
{
    struct termios settings;
    struct winsize size = {0xffff, 0xffff, 0xffff, 0xffff};
    struct termios2 other;
    char text[16];
    int flags;

    open_pair();
    CALL(ioctl(slave, TIOCSWINSZ, &size));
    memset(&size, 0, sizeof(size));
    CALL(ioctl(master, TIOCGWINSZ, &size));
    CHECK(size.ws_row == 0xffff && size.ws_ypixel == 0xffff);
    CALL(ioctl(slave, TIOCSWINSZ, NULL));
    CALL(ioctl(slave, TIOCGWINSZ, NULL));
    CALL(ioctl(slave, TCSETS, NULL));
    NEED(ioctl(slave, TCGETS, &settings) == 0);
    memset(&settings, 0xff, sizeof(settings));
    CALL(ioctl(slave, TCSETS, &settings));
    NEED(ioctl(slave, TCGETS, &settings) == 0);
    CHECK(settings.c_lflag == 0xffffffff && settings.c_cc[VMIN] == 0xff);
    flags = fcntl(master, F_GETFL);
    NEED(fcntl(master, F_SETFL, flags | O_NONBLOCK) == 0 &&
         fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
    VALUE(write(slave, "all on", 6));
    CHECK(write(master, "\377\377ab\377", 5) == 5);
    (void)!read(slave, text, sizeof(text));
    memset(&settings, 0, sizeof(settings));
    CALL(ioctl(slave, TCSETSF, &settings));
    VALUE(write(master, "ab", 2));
    VALUE(read(slave, text, sizeof(text)));
    NEED(ioctl(slave, TCGETS2, &other) == 0);
    other.c_cflag = BOTHER;
    other.c_ispeed = 0xffffffff, other.c_ospeed = 12345;
    CALL(ioctl(slave, TCSETS2, &other));
    CALL(ioctl(slave, TCGETS2, &other));
    CHECK(other.c_ospeed == 12345);
    CALL(ioctl(slave, TCFLSH, 3));
    CALL(ioctl(slave, TCXONC, 4));
    CALL(ioctl(slave, TIOCSETD, &(int){0}));
    CALL(ioctl(slave, TIOCSETD, &(int){-1}));
    CALL(ioctl(slave, TIOCSETD, &(int){1000}));
    close_pair();
}

int main(void)
{
    enter_scratch();
    test_peer();
    test_locked_settings();
    test_exclusive();
    test_odd();
    return 0;
}
