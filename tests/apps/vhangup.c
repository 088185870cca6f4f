/* SPDX-License-Identifier: BSD-2-Clause */
/* vhangup(2): a session's terminal is dead for who had it open, its leader is told; privileges. */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/wait.h>

static volatile int hups;

static void on_hup(int signo)
{
    (void)signo;
    hups++;
}

static void with_terminal(void)
{
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlock = 0;
    char name[32], byte;
    unsigned int number;

    NEED(master >= 0 && ioctl(master, TIOCSPTLCK, &unlock) == 0);
    NEED(ioctl(master, TIOCGPTN, &number) == 0);
    snprintf(name, sizeof(name), "/dev/pts/%u", number);
    fflush(stdout);
    if (fork() == 0) {
        signal(SIGHUP, on_hup);
        NEED(setsid() > 0);
        int terminal = open(name, O_RDWR);
        NEED(terminal >= 0);
        CHECK(write(terminal, "x", 1) == 1);
        CALL(vhangup());
        VALUE(hups);
        VALUE(write(terminal, "x", 1));
        VALUE(read(terminal, &byte, 1));
        VALUE(open("/dev/tty", O_RDWR));
        CALL(vhangup()); /* nothing left to hang up */
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    close(master);
}

int main(void)
{
    with_terminal();
    NEED(setuid(65534) == 0);
    CALL(vhangup());
    return 0;
}
