/* SPDX-License-Identifier: BSD-2-Clause */
/* socketpair: the three types, boundaries, ends, poll, and what a socket is as a file. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int pipes;

static void on_pipe(int number)
{
    (void)number;
    pipes++;
}

static void show(const char *what, int fd)
{
    struct pollfd f = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
    int ready = poll(&f, 1, 0);
    printf("%s: %d %x\n", what, ready, f.revents);
}

static void boundaries(int type)
{
    int s[2];
    char buf[64];
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    VALUE(send(s[0], "one", 3, 0));
    VALUE(send(s[0], "three", 5, 0));
    int waiting = 0;
    VALUE(ioctl(s[1], FIONREAD, &waiting));
    VALUE(waiting);
    VALUE(recv(s[1], buf, 2, MSG_PEEK));
    VALUE(recv(s[1], buf, 2, MSG_PEEK | MSG_TRUNC));
    VALUE(recv(s[1], buf, 2, 0));
    VALUE(recv(s[1], buf, sizeof(buf), 0));
    printf("%.5s\n", buf);
    VALUE(send(s[0], "", 0, 0));
    VALUE(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));
    VALUE(write(s[0], "", 0));
    VALUE(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));
    struct iovec iov[2] = {{"ab", 2}, {"cde", 3}};
    VALUE(writev(s[0], iov, 2));
    VALUE(read(s[1], buf, sizeof(buf)));
    char big[100000];
    memset(big, 'b', sizeof(big));
    VALUE(send(s[0], big, sizeof(big), MSG_DONTWAIT));
    long total = 0, count;
    while ((count = recv(s[1], big, sizeof(big), MSG_DONTWAIT)) > 0)
        total += count;
    VALUE(total);
    static char huge[250000];
    if (type != SOCK_STREAM)
        CALL(send(s[0], huge, sizeof(huge), MSG_DONTWAIT));
    close(s[0]);
    close(s[1]);
}

static void ends(int type)
{
    int s[2];
    char buf[8];
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    show("fresh", s[0]);
    NEED(write(s[0], "x", 1) == 1);
    show("data", s[1]);
    VALUE(shutdown(s[0], SHUT_WR));
    show("own write end shut", s[0]);
    show("peer's write end shut", s[1]);
    pipes = 0;
    CALL(write(s[0], "x", 1));
    CALL(send(s[0], "x", 1, MSG_NOSIGNAL));
    VALUE(pipes);
    VALUE(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));
    VALUE(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));
    VALUE(write(s[1], "back", 4));
    VALUE(read(s[0], buf, sizeof(buf)));
    VALUE(shutdown(s[0], SHUT_RD));
    CALL(write(s[1], "x", 1));
    VALUE(pipes);
    show("both shut", s[0]);
    show("both shut by the peer", s[1]);
    CALL(shutdown(s[0], 3));
    close(s[0]);
    show("closed", s[1]);
    CALL(write(s[1], "x", 1));
    VALUE(read(s[1], buf, 0));
    close(s[1]);

    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    NEED(write(s[1], "lost", 4) == 4);
    close(s[0]);
    show("closed with data unread", s[1]);
    pipes = 0;
    CALL(write(s[1], "x", 1));
    VALUE(pipes);
    VALUE(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));
    VALUE(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));
    close(s[1]);
}

static void room(int type)
{
    int s[2], small = 0;
    char byte = 'x';
    socklen_t size = sizeof(small);
    NEED(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
    VALUE(fcntl(s[0], F_GETFL) == (O_RDWR | O_NONBLOCK));
    VALUE(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
    VALUE(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &small, &size));
    VALUE(small);
    int sent = 0;
    while (write(s[0], &byte, 1) == 1)
        sent++;
    printf("%d errno %d\n", sent, errno);
    show("full", s[0]);
    int queued = -1;
    VALUE(ioctl(s[0], TIOCOUTQ, &queued));
    CHECK(queued > 0);
    while (read(s[1], &byte, 1) == 1)
        sent--;
    VALUE(sent);
    show("empty again", s[0]);
    VALUE(ioctl(s[0], TIOCOUTQ, &queued));
    VALUE(queued);
    close(s[0]);
    close(s[1]);
}

int main(void)
{
    int s[2];
    signal(SIGPIPE, on_pipe);
    CALL(socketpair(AF_UNIX, 77, 0, s));
    CALL(socketpair(AF_UNIX, SOCK_RDM, 0, s));
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 5, s));
    CALL(socketpair(99, SOCK_STREAM, 0, s));
    CALL(socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, s));
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, NULL));
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        printf("-- type %d\n", types[i]);
        boundaries(types[i]);
        ends(types[i]);
        room(types[i]);
    }
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, PF_UNIX, s) == 0);
    VALUE(fcntl(s[0], F_GETFD));
    struct stat st;
    VALUE(fstat(s[0], &st));
    printf("%o %ld\n", st.st_mode, (long)st.st_size);
    char path[64], link[64] = "";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", s[0]);
    NEED(readlink(path, link, sizeof(link) - 1) > 0);
    printf("%.8s\n", link);
    CALL(open(path, O_RDWR));
    CALL(lseek(s[0], 0, SEEK_SET));
    CALL(ftruncate(s[0], 0));
    CALL(fsync(s[0]));
    CALL(pread(s[0], link, 1, 0));
    CALL(ioctl(s[0], 0x5401, link));
    CALL(send(0, "x", 1, 0));
    CALL(send(99, "x", 1, 0));
    struct sockaddr_un address = {0};
    socklen_t length = sizeof(address);
    VALUE(getsockname(s[0], (void *)&address, &length));
    printf("%d %d\n", (int)length, address.sun_family);
    length = sizeof(address);
    VALUE(getpeername(s[0], (void *)&address, &length));
    printf("%d %d\n", (int)length, address.sun_family);
    return 0;
}
