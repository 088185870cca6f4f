/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that have much to do: others run meanwhile, and signals end them. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define SIZE (64l << 20)

static char *big;

static void on_alarm(int signo)
{
    (void)signo;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void alarm_in(int ms)
{
    struct itimerval soon = {{0, 0}, {0, ms * 1000}};
    struct sigaction action = {.sa_handler = on_alarm};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void open_terminal(int *master, int *slave)
{
    NEED((*master = open("/dev/ptmx", O_RDWR | O_NOCTTY)) >= 0 && unlockpt(*master) == 0);
    NEED((*slave = open(ptsname(*master), O_RDWR | O_NOCTTY)) >= 0);
}

/* Keys that raise signals need no room: the write never has to wait. */
static void test_keys(void)
{
    int master, slave, status;
    long begin;
    pid_t pid;

    open_terminal(&master, &slave);
    memset(big, 3, SIZE);
    fflush(stdout);
    if ((pid = fork()) == 0) {
        while (write(master, big, SIZE) > 0)
            ;
        _exit(0);
    }
    usleep(50000);
    begin = now_ms();
    NEED(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && now_ms() - begin < 5000);
    close(master), close(slave);
}

/* What packet mode had to tell is forgotten with it: a read waits. */
static void test_packet(void)
{
    int master, slave, on = 1, off = 0;
    char bytes[16];

    open_terminal(&master, &slave);
    NEED(ioctl(master, TIOCPKT, &on) == 0 && ioctl(slave, TCFLSH, 0) == 0);
    NEED(ioctl(master, TIOCPKT, &off) == 0);
    alarm_in(50);
    VALUE(read(master, bytes, sizeof(bytes)));
    close(master), close(slave);
}

static void test_random(void)
{
    int fd = open("/dev/urandom", O_RDONLY);
    ssize_t got;

    NEED(fd >= 0);
    alarm_in(10);
    got = read(fd, big, SIZE);
    CHECK(got > 0 && got < SIZE);
    close(fd);
}

int main(void)
{
    big = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(big != MAP_FAILED);
    test_keys();
    test_packet();
    test_random();
    return 0;
}
