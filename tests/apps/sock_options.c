/* SPDX-License-Identifier: BSD-2-Clause */
/* setsockopt and getsockopt of SOL_SOCKET; sendmmsg and recvmmsg; sockets as ends of copies. */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>

static void number(int s, const char *what, int name)
{
    int value = -7;
    socklen_t size = sizeof(value);
    int result = getsockopt(s, SOL_SOCKET, name, &value, &size);
    printf("%s: %d %d size %d errno %d\n", what, result, value, (int)size, result ? errno : 0);
}

static void set(int s, const char *what, int name, int value)
{
    errno = 0;
    int result = setsockopt(s, SOL_SOCKET, name, &value, sizeof(value));
    printf("%s = %d: %d errno %d; ", what, value, result, errno);
    number(s, "now", name);
}

static void options(int type)
{
    int s[2];
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    number(s[0], "type", SO_TYPE);
    number(s[0], "domain", SO_DOMAIN);
    number(s[0], "protocol", SO_PROTOCOL);
    number(s[0], "error", SO_ERROR);
    number(s[0], "accepting", SO_ACCEPTCONN);
    number(s[0], "send low water", SO_SNDLOWAT);
    set(s[0], "reuse", SO_REUSEADDR, 5);
    set(s[0], "keepalive", SO_KEEPALIVE, 1);
    set(s[0], "broadcast", SO_BROADCAST, 1);
    set(s[0], "low water", SO_RCVLOWAT, 0);
    set(s[0], "low water", SO_RCVLOWAT, -1);
    set(s[0], "priority", SO_PRIORITY, 3);
    set(s[0], "send buffer", SO_SNDBUF, 0);
    set(s[0], "send buffer", SO_SNDBUF, 10000);
    set(s[0], "receive buffer", SO_RCVBUF, 0);
    set(s[0], "receive buffer", SO_RCVBUF, 10000);
    set(s[0], "type", SO_TYPE, 1);
    set(s[0], "error", SO_ERROR, 1);
    set(s[0], "nothing", 999, 1);
    struct linger l = {1, 5}, got = {0, 0};
    socklen_t size = sizeof(got);
    VALUE(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
    VALUE(getsockopt(s[0], SOL_SOCKET, SO_LINGER, &got, &size));
    printf("%d %d\n", got.l_onoff, got.l_linger);
    char byte = 7;
    size = 1;
    VALUE(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &byte, &size));
    printf("%d %d\n", byte, (int)size);
    CALL(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &byte, 1));
    CALL(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, NULL, 4));
    CALL(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &byte, -1));
    CALL(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &byte, NULL));
    size = -1;
    CALL(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &byte, &size));
    int on = 1;
    CALL(setsockopt(s[0], 6, 1, &on, 4));
    size = 4;
    CALL(getsockopt(s[0], 6, 1, &on, &size));
    CALL(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &on, 4));
    VALUE(ioctl(s[0], FIONBIO, &on));
    VALUE(fcntl(s[0], F_GETFL) == (O_RDWR | O_NONBLOCK));
    CALL(recv(s[0], &byte, 1, 0));
    close(s[1]);
    if (type != SOCK_DGRAM) {
        NEED(socketpair(AF_UNIX, type, 0, s) == 0);
        NEED(write(s[0], "x", 1) == 1);
        close(s[1]);
        number(s[0], "reset", SO_ERROR);
        number(s[0], "taken", SO_ERROR);
    }
    close(s[0]);
}

static void several(void)
{
    int s[2];
    char in[5][8];
    struct iovec out[4] = {{"one", 3}, {"", 0}, {"three", 5}, {"4", 1}}, iov[5];
    struct mmsghdr m[5] = {0};
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    for (int i = 0; i < 4; i++)
        m[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
    VALUE(sendmmsg(s[0], m, 4, 0));
    printf("%d %d %d %d\n", m[0].msg_len, m[1].msg_len, m[2].msg_len, m[3].msg_len);
    for (int i = 0; i < 5; i++) {
        iov[i] = (struct iovec){in[i], 4};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    VALUE(recvmmsg(s[1], m, 2, 0, NULL));
    printf("%d %d\n", m[0].msg_len, m[1].msg_len);
    VALUE(recvmmsg(s[1], m, 5, MSG_WAITFORONE, NULL));
    printf("%d %x %d\n", m[0].msg_len, m[0].msg_hdr.msg_flags, m[1].msg_len);
    CALL(recvmmsg(s[1], m, 5, MSG_DONTWAIT, NULL));
    VALUE(recvmmsg(s[1], m, 0, 0, NULL));
    struct timespec bad = {-1, 0}, ts = {5, 0};
    CALL(recvmmsg(s[1], m, 5, 0, &bad));
    VALUE(send(s[0], "x", 1, 0));
    VALUE(recvmmsg(s[1], m, 1, 0, &ts));
    CHECK(ts.tv_sec < 5 && ts.tv_sec >= 0);
    m[0].msg_hdr.msg_iov = (void *)8;
    CALL(sendmmsg(s[0], m, 2, 0));
    CALL(sendmmsg(s[0], (void *)8, 2, 0));
    close(s[0]);
    close(s[1]);
}

static void copies(void)
{
    int s[2], p[2];
    char buf[64];
    loff_t off = 2;
    enter_scratch();
    write_file("source", "0123456789");
    int file = open("source", O_RDWR);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && pipe(p) == 0);
    VALUE(sendfile(s[0], file, &off, 5));
    VALUE(off);
    VALUE(read(s[1], buf, sizeof(buf)));
    VALUE(write(s[0], "to the pipe", 11));
    VALUE(splice(s[1], NULL, p[1], NULL, 100, 0));
    VALUE(splice(p[0], NULL, s[1], NULL, 100, 0));
    VALUE(read(s[0], buf, sizeof(buf)));
    printf("%.11s\n", buf);
    VALUE(write(s[0], "to the file", 11));
    CALL(sendfile(file, s[1], NULL, 11));
    CALL(splice(s[1], &off, p[1], NULL, 100, 0));
    CALL(copy_file_range(s[1], NULL, file, NULL, 5, 0));
    close(s[0]);
    VALUE(splice(s[1], NULL, p[1], NULL, 100, 0));
    VALUE(splice(s[1], NULL, p[1], NULL, 100, 0));
}

int main(void)
{
    options(SOCK_STREAM);
    options(SOCK_DGRAM);
    options(SOCK_SEQPACKET);
    several();
    copies();
    return 0;
}
