/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets for no_memory.c, in the middle of which it is included: connections, messages, pairs. */
#ifndef TESTS_HOSTILE_NO_MEMORY_SOCKETS_H
#define TESTS_HOSTILE_NO_MEMORY_SOCKETS_H

#include <sys/socket.h>
#include <sys/un.h>

/* A descriptor and much data over a connection by name. */
static void use_connection(int from, int to)
{
    static char data[70000];
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {data, 5000};
    struct msghdr m = {NULL, 0, &iov, 1, control, sizeof(control), 0};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    *c = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(c), &from, sizeof(from));
    if (!no_memory(sendmsg(from, &m, MSG_DONTWAIT))) {
        REQUIRE(recvmsg(to, &m, 0) == 5000);
        if (m.msg_controllen >= CMSG_LEN(sizeof(int)))
            close(*(int *)(void *)CMSG_DATA(c));
    }
    ssize_t in = send(from, data, sizeof(data), MSG_DONTWAIT), out = 0, part;
    if (no_memory(in))
        return;
    while (out < in && (part = recv(to, data, sizeof(data), MSG_DONTWAIT)) > 0)
        out += part;
    REQUIRE(out == in);
}

static void step_sockets(void)
{
    struct sockaddr_un name = {AF_UNIX, "named"};
    int pair[2], s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), a;

    no_memory(s);
    no_memory(c);
    if (s >= 0 && c >= 0 && !no_memory(bind(s, (void *)&name, sizeof(name)))) {
        if (!no_memory(listen(s, 1)) && !no_memory(connect(c, (void *)&name, sizeof(name))) &&
            !no_memory(a = accept(s, NULL, NULL))) {
            use_connection(c, a);
            close(a);
        }
    }
    unlink("named");
    close(s);
    close(c);
    TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    if (!no_memory(write(pair[0], "hello", 5)))
        REQUIRE(read(pair[1], &name, 10) == 5);
    close(pair[0]);
    close(pair[1]);
}

#endif
