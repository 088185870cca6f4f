/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagrams and packets: addresses, who may send to whom, full receivers, truncation, ends. */
#include "check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define OFFSET offsetof(struct sockaddr_un, sun_path)

static socklen_t make(struct sockaddr_un *a, const char *name)
{
    memset(a, 0, sizeof(*a));
    a->sun_family = AF_UNIX;
    strcpy(a->sun_path, name);
    return OFFSET + strlen(name) + 1;
}

static int bound(const char *name)
{
    struct sockaddr_un a;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = make(&a, name);
    NEED(fd >= 0 && bind(fd, (void *)&a, size) == 0);
    return fd;
}

static int to(int fd, const char *name, const char *text)
{
    struct sockaddr_un a;
    socklen_t size = make(&a, name);
    return sendto(fd, text, strlen(text), 0, (void *)&a, size);
}

static int link_to(int fd, const char *name)
{
    struct sockaddr_un a;
    socklen_t size = make(&a, name);
    return connect(fd, (void *)&a, size);
}

static void from(int fd)
{
    struct sockaddr_un a = {0};
    char buf[64] = "";
    socklen_t size = sizeof(a);
    errno = 0;
    long got = recvfrom(fd, buf, sizeof(buf), 0, (void *)&a, &size);
    if (got < 0)
        printf("errno %d\n", errno);
    else
        printf("%ld bytes \"%s\" from %d bytes \"%s\"\n", got, buf, (int)size,
               size > 2 ? a.sun_path : "");
}

static void show(const char *what, int fd)
{
    struct pollfd f = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    int ready = poll(&f, 1, 0);
    printf("%s: %d %x\n", what, ready, f.revents);
}

static void addresses(void)
{
    int a = bound("a"), b = bound("b"), c = bound("c");
    int nameless = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    VALUE(to(a, "b", "from a"));
    VALUE(to(nameless, "b", "from nobody"));
    VALUE(to(b, "b", "from itself"));
    from(b);
    from(b);
    from(b);
    from(b);
    CALL(to(a, "x", "nobody there"));
    CALL(send(a, "x", 1, 0));
    CALL(link_to(b, "c"));
    VALUE(to(a, "c", "to c"));
    CALL(to(a, "b", "b talks to c only"));
    CALL(link_to(a, "b"));
    CALL(link_to(c, "b"));
    VALUE(send(c, "to b", 4, 0));
    from(b);
    VALUE(to(b, "a", "by name although connected"));
    from(a);
    show("connected", b);
    close(c);
    show("peer closed", b);
    CALL(send(b, "x", 1, 0));
    CALL(send(b, "x", 1, 0));
    struct sockaddr_un none = {.sun_family = AF_UNSPEC};
    CALL(link_to(b, "a"));
    CALL(connect(b, (void *)&none, sizeof(none)));
    CALL(send(b, "x", 1, 0));
    CALL(connect(b, (void *)&none, 1));
    close(a);
    CALL(link_to(b, "a"));
    CALL(to(b, "a", "x"));
    unlink("a");
    CALL(to(b, "a", "x"));
    close(b);
    close(nameless);
}

static void reconnected(void)
{
    int a = bound("r1"), b = bound("r2"), c = bound("r3");
    NEED(link_to(a, "r2") == 0 && link_to(b, "r1") == 0);
    VALUE(send(b, "lost", 4, 0));
    CALL(link_to(a, "r3"));
    from(a);
    show("left", b);
    CALL(send(b, "x", 1, 0));
    CALL(send(b, "x", 1, 0));
    close(a);
    close(b);
    close(c);
}

static void full(void)
{
    int a = bound("f1"), b = bound("f2"), sent = 0;
    NEED(link_to(a, "f2") == 0);
    while (send(a, "x", 1, 0) == 1)
        sent++;
    printf("errno %d\n", errno);
    CHECK(sent > 5);
    show("full", a);
    CALL(to(bound("f3"), "f2", "x"));
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLOUT | EPOLLET, {0}};
    NEED(epoll_ctl(ep, EPOLL_CTL_ADD, a, &e) == 0);
    VALUE(epoll_wait(ep, &e, 1, 0));
    from(b);
    VALUE(epoll_wait(ep, &e, 1, 1000));
    VALUE(epoll_wait(ep, &e, 1, 0));
    show("room", a);
    VALUE(send(a, "y", 1, 0));
    CALL(send(a, "y", 1, 0));
    struct timeval tv = {0, 20000};
    fcntl(a, F_SETFL, 0);
    NEED(setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
    CALL(send(a, "y", 1, 0));
    from(b);
    VALUE(epoll_wait(ep, &e, 1, 1000));
    close(b);
    CALL(send(a, "y", 1, 0));
    CALL(send(a, "y", 1, 0));
}

static void truncation(int type)
{
    int s[2];
    char buf[8] = "";
    struct iovec iov = {buf, 4};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    NEED(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
    for (int i = 0; i < 4; i++)
        NEED(send(s[0], "abcdefgh", i == 2 ? 0 : 8, i == 3 ? MSG_EOR : 0) >= 0);
    VALUE(recvmsg(s[1], &m, MSG_PEEK));
    printf("flags %x\n", m.msg_flags);
    VALUE(recvmsg(s[1], &m, MSG_TRUNC | MSG_CMSG_CLOEXEC));
    printf("flags %x\n", m.msg_flags & ~MSG_CMSG_CLOEXEC);
    int waiting = -1;
    VALUE(ioctl(s[1], FIONREAD, &waiting));
    VALUE(waiting);
    VALUE(recv(s[1], buf, 8, MSG_WAITALL));
    VALUE(recvmsg(s[1], &m, 0));
    printf("flags %x\n", m.msg_flags);
    VALUE(recvmsg(s[1], &m, 0));
    printf("flags %x\n", m.msg_flags);
    CALL(recvmsg(s[1], &m, 0));
    CALL(recv(s[1], buf, 8, MSG_OOB | MSG_PEEK) < 0 ? -1 : 0);
    NEED(send(s[0], "abc", 3, 0) == 3);
    CALL(recv(s[1], NULL, 8, 0));
    CALL(recv(s[1], buf, 8, 0));
    close(s[0]);
    CALL(recv(s[1], buf, 8, 0));
    fcntl(s[1], F_SETFL, 0);
    if (type == SOCK_SEQPACKET)
        VALUE(recv(s[1], buf, 8, 0));
    shutdown(s[1], SHUT_RD);
    VALUE(recv(s[1], buf, 8, 0));
    CALL(recv(s[1], buf, 8, MSG_DONTWAIT));
    close(s[1]);
}

static void packets(void)
{
    struct sockaddr_un a;
    socklen_t size = make(&a, "p");
    int l = socket(AF_UNIX, SOCK_SEQPACKET, 0), c = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    char buf[8];
    CALL(send(c, "x", 1, 0));
    CALL(recv(c, buf, 8, 0));
    show("unconnected", c);
    NEED(bind(l, (void *)&a, size) == 0 && listen(l, 1) == 0);
    CALL(connect(c, (void *)&a, size));
    show("listener", l);
    int e = accept(l, NULL, NULL);
    VALUE(send(c, "one", 3, 0));
    VALUE(sendto(c, "two", 3, 0, (void *)&a, size));
    VALUE(recv(e, buf, 8, 0));
    NEED(send(e, "unread", 6, 0) == 6);
    close(e); /* with "two" unread */
    show("reset", c);
    CALL(recv(c, buf, 8, 0));
    VALUE(recv(c, buf, 8, 0));
    VALUE(recv(c, buf, 8, 0));
    CALL(send(c, "x", 1, 0));
}

int main(void)
{
    enter_scratch();
    addresses();
    reconnected();
    full();
    truncation(SOCK_DGRAM);
    truncation(SOCK_SEQPACKET);
    packets();
    return 0;
}
