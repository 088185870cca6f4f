/* SPDX-License-Identifier: BSD-2-Clause */
/* A byte out of band on an AF_UNIX stream, its mark and its signal; peeking from an offset. */
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static volatile sig_atomic_t urgent;

static void on_urgent(int signo)
{
    urgent = signo;
}

static void show(const char *what, int fd, int flags, size_t size)
{
    char bytes[64] = {0};
    struct iovec iov = {bytes, size};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t got = recvmsg(fd, &header, flags | MSG_DONTWAIT);

    printf("%s: %zd '%.*s' errno %d flags %x\n", what, got, got > 0 ? (int)got : 0, bytes,
           got < 0 ? errno : 0, got < 0 ? 0 : header.msg_flags);
}

static void show_ready(const char *what, int fd)
{
    struct pollfd poller = {fd, POLLIN | POLLPRI | POLLOUT, 0};
    int mark = -1;

    ioctl(fd, SIOCATMARK, &mark);
    poll(&poller, 1, 0);
    printf("%s: poll %x, at the mark %d\n", what, poller.revents & (POLLIN | POLLPRI), mark);
}

static void pair(int fd[2], int type)
{
    NEED(socketpair(AF_UNIX, type, 0, fd) == 0);
}

static void test_basic(void)
{
    int fd[2];

    pair(fd, SOCK_STREAM);
    show_ready("empty", fd[1]);
    show("nothing out of band", fd[1], MSG_OOB, 1);
    NEED(fcntl(fd[1], F_SETOWN, getpid()) == 0);
    signal(SIGURG, on_urgent);
    VALUE(send(fd[0], "abc", 3, MSG_OOB));
    CHECK(urgent == SIGURG);
    show_ready("ab, c", fd[1]);
    show("before the mark", fd[1], 0, 16);
    show_ready("at it", fd[1]);
    show("peek at it", fd[1], MSG_OOB | MSG_PEEK, 16);
    show("take it", fd[1], MSG_OOB, 16);
    show("again", fd[1], MSG_OOB, 16);
    show("nothing else", fd[1], 0, 16);
    VALUE(send(fd[0], "de", 2, 0));
    show("normal bytes after it", fd[1], 0, 16);
    VALUE(send(fd[0], "", 0, MSG_OOB));
    CHECK(errno == EOPNOTSUPP);
    close(fd[0]), close(fd[1]);
}

static void test_mark(void)
{
    int fd[2], on = 1;

    pair(fd, SOCK_STREAM);
    send(fd[0], "ab", 2, MSG_OOB);
    send(fd[0], "cd", 2, 0);
    show("taken early", fd[1], MSG_OOB, 1);
    show("up to the mark", fd[1], 0, 16);
    show("behind it", fd[1], 0, 16);
    send(fd[0], "ef", 2, MSG_OOB);
    send(fd[0], "gh", 2, 0);
    show("to the unread one", fd[1], 0, 16);
    show("it is passed over", fd[1], 0, 16);
    show("and lost", fd[1], MSG_OOB, 1);
    send(fd[0], "ij", 2, MSG_OOB);
    send(fd[0], "kl", 2, MSG_OOB);
    show("an older one is a byte like others", fd[1], 0, 16);
    show("the newer one", fd[1], MSG_OOB, 1);
    CALL(setsockopt(fd[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
    send(fd[0], "mn", 2, MSG_OOB);
    send(fd[0], "op", 2, 0);
    show("in line", fd[1], MSG_OOB, 1);
    show("stops before it", fd[1], 0, 16);
    show_ready("in line", fd[1]);
    show("then it comes first", fd[1], 0, 16);
    close(fd[0]), close(fd[1]);
}

static void test_errors(void)
{
    int fd[2];

    pair(fd, SOCK_DGRAM);
    VALUE(send(fd[0], "a", 1, MSG_OOB));
    show("datagram", fd[1], MSG_OOB, 1);
    close(fd[0]), close(fd[1]);
    pair(fd, SOCK_SEQPACKET);
    VALUE(send(fd[0], "a", 1, MSG_OOB));
    show("packet", fd[1], MSG_OOB, 1);
    close(fd[0]), close(fd[1]);
    pair(fd, SOCK_STREAM);
    VALUE(send(fd[0], "x", 1, MSG_OOB));
    close(fd[0]);
    show("the sender is gone", fd[1], MSG_OOB, 1);
    show("the end", fd[1], 0, 1);
    close(fd[1]);
    fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    show("not connected", fd[0], MSG_OOB, 1);
    close(fd[0]);
}

static int peek_offset(int fd)
{
    int offset = -77;
    socklen_t size = sizeof(offset);

    if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) < 0)
        printf("peek offset: errno %d\n", errno);
    return offset;
}

static void set_peek_offset(int fd, int offset)
{
    CALL(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)));
}

static void test_peek(int type)
{
    int fd[2];

    printf("peeking, type %d\n", type);
    pair(fd, type);
    VALUE(peek_offset(fd[1]));
    send(fd[0], "abcd", 4, 0);
    send(fd[0], "efgh", 4, 0);
    show("without", fd[1], MSG_PEEK, 3);
    VALUE(peek_offset(fd[1]));
    set_peek_offset(fd[1], 1);
    show("from 1", fd[1], MSG_PEEK, 2);
    VALUE(peek_offset(fd[1]));
    show("on", fd[1], MSG_PEEK, 2);
    VALUE(peek_offset(fd[1]));
    show("on", fd[1], MSG_PEEK, 2);
    VALUE(peek_offset(fd[1]));
    show("on", fd[1], MSG_PEEK, 8);
    show("on", fd[1], MSG_PEEK, 8);
    VALUE(peek_offset(fd[1]));
    show("a read", fd[1], 0, 4);
    VALUE(peek_offset(fd[1]));
    show("peek after it", fd[1], MSG_PEEK, 8);
    set_peek_offset(fd[1], 0);
    show("from 0", fd[1], MSG_PEEK, 8);
    set_peek_offset(fd[1], -1);
    show("off", fd[1], MSG_PEEK, 8);
    show("off", fd[1], MSG_PEEK, 8);
    close(fd[0]), close(fd[1]);
}

/* Receives that wait although the queue is not empty: they time out. */
static void test_waits(void)
{
    struct timeval soon = {0, 30000};
    int fd[2], offset = 0;
    char bytes[16];

    pair(fd, SOCK_STREAM);
    NEED(setsockopt(fd[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
    send(fd[0], "a", 1, MSG_OOB);
    VALUE(recv(fd[1], bytes, 16, MSG_PEEK));
    VALUE(recv(fd[1], bytes, 16, MSG_OOB));
    VALUE(recv(fd[1], bytes, 16, MSG_PEEK));
    VALUE(recv(fd[1], bytes, 16, 0));
    offset = 3;
    setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
    send(fd[0], "abc", 3, 0);
    VALUE(recv(fd[1], bytes, 16, MSG_PEEK));
    VALUE(recv(fd[1], bytes, 16, 0));
    close(fd[0]), close(fd[1]);
    pair(fd, SOCK_DGRAM);
    NEED(setsockopt(fd[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
    offset = 0;
    setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
    send(fd[0], "", 0, 0);
    VALUE(recv(fd[1], bytes, 16, MSG_PEEK));
    VALUE(recv(fd[1], bytes, 16, MSG_PEEK));
    VALUE(recv(fd[1], bytes, 16, 0));
    VALUE(recv(fd[1], bytes, 16, 0));
    close(fd[0]), close(fd[1]);
}

int main(void)
{
    test_basic();
    test_waits();
    test_mark();
    test_errors();
    test_peek(SOCK_STREAM);
    test_peek(SOCK_DGRAM);
    test_peek(SOCK_SEQPACKET);
    return 0;
}
