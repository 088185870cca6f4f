/* SPDX-License-Identifier: BSD-2-Clause */
/* What O_ASYNC says of sockets, pipes and terminals: which news, and how it is described. */
#include "check.h"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void expect(const char *what, int fd)
{
    struct timespec soon = {.tv_nsec = 80000000}, none = {0};
    sigset_t set;
    siginfo_t info;
    int signo;

    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGUSR1);
    signo = sigtimedwait(&set, &info, &soon);
    printf("%s: %d", what, signo);
    if (signo == SIGUSR1)
        printf(" code %d band %lx, its descriptor %d", info.si_code, (long)info.si_band,
               info.si_fd == fd);
    printf("\n");
    while (sigtimedwait(&set, &info, &none) > 0)
        ;
}

static void watch(int fd)
{
    NEED(fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETSIG, SIGUSR1) == 0);
    NEED(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) == 0);
}

static void put(int fd, const char *text)
{
    NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void get(int fd, size_t size)
{
    char bytes[65536];

    NEED(read(fd, bytes, size) == (ssize_t)size);
}

static void test_pair(int type)
{
    int fd[2];

    printf("sockets of type %d\n", type);
    NEED(socketpair(AF_UNIX, type, 0, fd) == 0);
    watch(fd[0]);
    expect("idle", fd[0]);
    put(fd[1], "x");
    expect("data", fd[0]);
    get(fd[0], 1);
    put(fd[0], "x");
    get(fd[1], 1);
    expect("the other reads", fd[0]);
    shutdown(fd[1], SHUT_WR);
    expect("the other ends", fd[0]);
    close(fd[1]);
    expect("the other closes", fd[0]);
    close(fd[0]);
}

static void test_space(void)
{
    int fd[2], count = 0;
    char bytes[4096] = "";

    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
    watch(fd[0]);
    while (write(fd[0], bytes, sizeof(bytes)) > 0)
        count++;
    expect("full", fd[0]);
    while (count--)
        NEED(read(fd[1], bytes, sizeof(bytes)) > 0);
    expect("room again", fd[0]);
    close(fd[0]), close(fd[1]);
}

static void test_listener(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

    NEED(bind(listener, (void *)&address, sizeof(address)) == 0 && listen(listener, 5) == 0);
    watch(listener);
    NEED(connect(client, (void *)&address, sizeof(address)) == 0);
    expect("a connection", listener);
    close(client), close(listener);
}

static void test_ioctls(void)
{
    int fd[2], pid = getpid(), value = 0, on = 1;

    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    CALL(ioctl(fd[0], FIOSETOWN, &pid));
    CALL(ioctl(fd[0], FIOGETOWN, &value));
    CHECK(value == pid);
    CALL(ioctl(fd[0], SIOCSPGRP, &pid));
    CALL(ioctl(fd[0], SIOCGPGRP, &value));
    CHECK(value == pid && fcntl(fd[0], F_GETOWN) == pid);
    CALL(ioctl(fd[0], FIOASYNC, &on));
    CHECK(fcntl(fd[0], F_GETFL) & O_ASYNC);
    put(fd[1], "x");
    expect("by ioctl", fd[0]);
    on = 0;
    CALL(ioctl(fd[0], FIOASYNC, &on));
    CHECK(!(fcntl(fd[0], F_GETFL) & O_ASYNC));
    put(fd[1], "x");
    expect("off", fd[0]);
    close(fd[0]), close(fd[1]);
    NEED((fd[0] = eventfd(0, 0)) >= 0);
    CALL(ioctl(fd[0], FIOGETOWN, &value));
    CALL(fcntl(fd[0], F_SETFL, O_ASYNC));
    CHECK(!(fcntl(fd[0], F_GETFL) & O_ASYNC));
    on = 1;
    CALL(ioctl(fd[0], FIOASYNC, &on));
    close(fd[0]);
}

static void test_pipe(void)
{
    char bytes[4096] = "";
    int fd[2];

    NEED(pipe2(fd, O_NONBLOCK) == 0);
    watch(fd[0]), watch(fd[1]);
    while (write(fd[1], bytes, sizeof(bytes)) > 0)
        ;
    expect("a pipe is full", fd[0]);
    get(fd[0], 65536);
    expect("and empty", fd[1]);
    close(fd[1]);
    expect("its writer goes", fd[0]);
    close(fd[0]);
    NEED(pipe2(fd, O_NONBLOCK) == 0);
    watch(fd[1]);
    close(fd[0]);
    expect("its reader goes", fd[1]);
    close(fd[1]);
}

static void test_terminal(void)
{
    int slave, master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);

    NEED(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    NEED((slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK)) >= 0);
    watch(master);
    put(slave, "y");
    expect("output", master);
    NEED(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
    watch(slave);
    put(master, "ab");
    expect("half a line", slave);
    put(master, "\n");
    expect("a line", slave);
    close(master);
    expect("no master", slave);
    close(slave);
}

int main(void)
{
    sigset_t set;

    enter_scratch();
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    test_pair(SOCK_STREAM);
    test_pair(SOCK_DGRAM);
    test_pair(SOCK_SEQPACKET);
    test_space();
    test_listener();
    test_ioctls();
    test_pipe();
    test_terminal();
    return 0;
}
