/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors in messages: what arrives, what does not fit, cycles, depth, limits. */
#include "check.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char control_buffer[4096] __attribute__((aligned(8)));

/* Sends text with count descriptors. */
static long pass(int via, const char *text, const int *fds, int count)
{
    struct iovec iov = {(char *)text, strlen(text)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (count) {
        m.msg_control = control_buffer;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    return sendmsg(via, &m, MSG_DONTWAIT);
}

/* Receives up to size bytes with room for some bytes of control; shows all. */
static int take(int via, size_t size, size_t room, int flags, int *fds)
{
    char text[64];
    struct iovec iov = {text, size};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    int count = 0;
    if (room) {
        m.msg_control = control_buffer;
        m.msg_controllen = room;
        memset(control_buffer, 0xee, sizeof(control_buffer));
    }
    errno = 0;
    long got = recvmsg(via, &m, MSG_DONTWAIT | flags);
    if (got < 0) {
        printf("take: errno %d\n", errno);
        return 0;
    }
    printf("take: %ld bytes, flags %x, control %zu", got, m.msg_flags, (size_t)m.msg_controllen);
    if (room && m.msg_controllen >= sizeof(struct cmsghdr)) {
        struct cmsghdr *c = (void *)control_buffer;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        printf(", level %d type %d length %zu", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
        if (fds)
            memcpy(fds, CMSG_DATA(c), count * sizeof(int));
        else
            for (int i = 0; i < count; i++)
                close(((int *)CMSG_DATA(c))[i]);
    }
    printf("\n");
    return count;
}

static int open_count(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void basics(int type)
{
    int s[2], p[2], got[16];
    NEED(socketpair(AF_UNIX, type, 0, s) == 0 && pipe(p) == 0);
    int before = open_count();
    VALUE(pass(s[0], "pipe", p, 2));
    close(p[0]);
    close(p[1]);
    VALUE(take(s[1], 64, 64, 0, got));
    VALUE(write(got[1], "through", 7));
    char buf[16];
    VALUE(read(got[0], buf, sizeof(buf)));
    VALUE(fcntl(got[0], F_GETFD));
    close(got[1]);
    VALUE(read(got[0], buf, sizeof(buf)));
    p[0] = got[0];
    p[1] = dup(got[0]);
    int three[3] = {p[0], p[1], p[0]};
    VALUE(pass(s[0], "cloexec", p, 1));
    VALUE(take(s[1], 64, 64, MSG_CMSG_CLOEXEC, got));
    VALUE(fcntl(got[0], F_GETFD));
    close(got[0]);
    VALUE(pass(s[0], "peek", p, 1));
    VALUE(take(s[1], 64, 64, MSG_PEEK, NULL));
    VALUE(take(s[1], 64, 64, 0, NULL));
    VALUE(pass(s[0], "no room", three, 3));
    VALUE(take(s[1], 64, 0, 0, NULL));
    VALUE(pass(s[0], "room for none", three, 3));
    VALUE(take(s[1], 64, 16, 0, NULL));
    VALUE(pass(s[0], "room for one and a half", three, 3));
    VALUE(take(s[1], 64, CMSG_LEN(6), 0, NULL));
    VALUE(pass(s[0], "room for two without space", three, 3));
    VALUE(take(s[1], 64, CMSG_LEN(8), 0, NULL));
    VALUE(pass(s[0], "three", three, 3));
    VALUE(take(s[1], 64, CMSG_LEN(12), 0, NULL));
    VALUE(pass(s[0], "read", three, 3));
    VALUE(read(s[1], buf, sizeof(buf)));
    VALUE(pass(s[0], "abc", three, 1));
    VALUE(pass(s[0], "def", three, 2));
    VALUE(pass(s[0], "ghi", three, 0));
    VALUE(take(s[1], 2, 64, 0, NULL));
    VALUE(take(s[1], 64, 64, 0, NULL));
    VALUE(take(s[1], 64, 64, 0, NULL));
    VALUE(take(s[1], 64, 64, 0, NULL));
    VALUE(pass(s[0], "closed unread", three, 3));
    VALUE(open_count() - before);
    close(p[0]);
    close(p[1]);
    close(s[0]);
    close(s[1]);
}

static void bad_control(void)
{
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    int bad[2] = {s[0], 99}, path = open("/", O_PATH), many[254];
    for (int i = 0; i < 254; i++)
        many[i] = s[0];
    CALL(pass(s[0], "x", bad, 2));
    CALL(pass(s[0], "x", many, 254));
    CALL(pass(s[0], "x", many, 253));
    VALUE(take(s[1], 4, 4096, 0, NULL));
    CALL(pass(s[0], "x", &path, 1));
    VALUE(take(s[1], 4, 64, 0, NULL));
    struct iovec iov = {"x", 1};
    struct {
        struct cmsghdr c;
        int fd[4];
    } data = {{CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS}, {s[0], 0, 0, 0}};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &data, .msg_controllen = 20};
    VALUE(sendmsg(s[0], &m, 0));
    data.c.cmsg_len = 21;
    CALL(sendmsg(s[0], &m, 0));
    data.c.cmsg_len = 15;
    CALL(sendmsg(s[0], &m, 0));
    data.c.cmsg_len = 16;
    VALUE(sendmsg(s[0], &m, 0));
    data.c.cmsg_len = 19;
    VALUE(sendmsg(s[0], &m, 0));
    m.msg_controllen = 15;
    VALUE(sendmsg(s[0], &m, 0));
    m.msg_controllen = 20;
    data.c.cmsg_len = 20;
    data.c.cmsg_type = 77;
    CALL(sendmsg(s[0], &m, 0));
    data.c.cmsg_level = 77;
    VALUE(sendmsg(s[0], &m, 0));
    m.msg_controllen = 1 << 20;
    m.msg_control = malloc(1 << 20);
    CALL(sendmsg(s[0], &m, 0));
    m.msg_control = (void *)8;
    m.msg_controllen = 20;
    CALL(sendmsg(s[0], &m, 0));
    m.msg_control = NULL;
    m.msg_iovlen = 1025;
    CALL(sendmsg(s[0], &m, 0));
    m.msg_iovlen = 1;
    m.msg_iov = (void *)8;
    CALL(sendmsg(s[0], &m, 0));
    CALL(sendmsg(s[0], (void *)8, 0));
    close(s[0]);
    close(s[1]);
    close(path);
}

/* Sockets in each other's queues, and a pipe end in the middle: it must be closed in the end. */
static void cycles(void)
{
    int a[2], b[2], p[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, b) == 0);
    NEED(pipe(p) == 0);
    VALUE(pass(a[0], "a1 in a1", &a[1], 1));
    VALUE(pass(a[0], "b", b, 2));
    VALUE(pass(b[0], "a in b", a, 2));
    VALUE(pass(b[0], "the pipe", &p[1], 1));
    close(p[1]);
    struct pollfd f = {p[0], POLLIN, 0};
    VALUE(poll(&f, 1, 0));
    close(b[0]);
    close(b[1]);
    close(a[0]);
    VALUE(poll(&f, 1, 0));
    close(a[1]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, a); /* a close that lets the kernel look */
    close(a[0]);
    close(a[1]);
    VALUE(poll(&f, 1, 2000));
    VALUE(f.revents);
    close(p[0]);
}

/* A chain: each socket lies in the queue of the next; the last close ends them all. */
static void chain(void)
{
    int first[2], p[2], s[2], last = -1;
    NEED(pipe(p) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, first) == 0);
    NEED(pass(first[0], "pipe", &p[1], 1) == 4);
    close(p[1]);
    last = first[1];
    close(first[0]);
    for (int i = 0; i < 400; i++) {
        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        NEED(pass(s[0], "next", &last, 1) == 4);
        close(last);
        close(s[0]);
        last = s[1];
    }
    struct pollfd f = {p[0], POLLIN, 0};
    VALUE(poll(&f, 1, 0));
    close(last);
    VALUE(poll(&f, 1, 2000));
    VALUE(f.revents);
    close(p[0]);
}

static void limit(void)
{
    if (fork() == 0) {
        int s[2], sent = 0, null = open("/dev/null", O_RDWR);
        struct rlimit r = {20, 20};
        NEED(setrlimit(RLIMIT_NOFILE, &r) == 0 && setgid(1234) == 0 && setuid(12345) == 0);
        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        while (sent < 100 && pass(s[0], "x", &null, 1) == 1)
            sent++;
        printf("errno %d after %d\n", errno, sent);
        VALUE(take(s[1], 1, 64, 0, NULL));
        CALL(pass(s[0], "x", &null, 1));
        int many[20];
        for (int i = 0; i < 20; i++)
            many[i] = null;
        while (take(s[1], 1, 64, 0, NULL) == 1) {
        }
        VALUE(pass(s[0], "x", many, 20));
        VALUE(take(s[1], 1, 128, 0, NULL)); /* as many as there are free numbers */
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(void)
{
    close_range(3, ~0u, 0);
    int before = open_count();
    for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++)
        if (type <= SOCK_DGRAM || type == SOCK_SEQPACKET)
            basics(type);
    bad_control();
    cycles();
    chain();
    limit();
    VALUE(open_count() - before);
    return 0;
}
