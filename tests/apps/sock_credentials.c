/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_PASSCRED, SCM_CREDENTIALS, SO_PEERCRED, SO_PEERGROUPS. */
#include "check.h"
#include <grp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static void show(const struct ucred *c)
{
    const char *who = c->pid == 0 ? "none" : c->pid == getpid() ? "self" : "other";
    printf("pid %s uid %d gid %d", who, (int)c->uid, (int)c->gid);
}

static void take(int s, size_t size)
{
    char text[64] = "", control[128] __attribute__((aligned(8)));
    struct iovec iov = {text, size};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    errno = 0;
    long got = recvmsg(s, &m, MSG_DONTWAIT);
    if (got < 0) {
        printf("errno %d\n", errno);
        return;
    }
    printf("%ld bytes \"%s\", flags %x", got, text, m.msg_flags);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf(", type %d length %zu: ", c->cmsg_type, (size_t)c->cmsg_len);
        if (c->cmsg_type == SCM_CREDENTIALS)
            show((void *)CMSG_DATA(c));
    }
    printf("\n");
}

static long named(int s, const char *text, int pid, int uid, int gid)
{
    struct {
        struct cmsghdr c;
        struct ucred cred;
    } data = {{CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS}, {pid, uid, gid}};
    struct iovec iov = {(char *)text, strlen(text)};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &data, .msg_controllen = sizeof(data)};
    return sendmsg(s, &m, 0);
}

static void peer(const char *what, int s)
{
    struct ucred c = {7, 7, 7};
    socklen_t size = sizeof(c);
    printf("%s: %d size %d ", what, getsockopt(s, SOL_SOCKET, SO_PEERCRED, &c, &size), (int)size);
    show(&c);
    printf("\n");
}

static void messages(int type)
{
    int s[2], on = 1, value = 7;
    socklen_t size = sizeof(value);
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    VALUE(send(s[0], "before", 6, 0));
    NEED(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
    VALUE(getsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &value, &size));
    VALUE(value);
    VALUE(send(s[0], "after", 5, 0));
    VALUE(write(s[0], "write", 5));
    take(s[1], 60);
    take(s[1], 60);
    take(s[1], 60);
    VALUE(named(s[0], "own", getpid(), getuid(), getgid()));
    VALUE(named(s[0], "other", getpid(), 77, 88));
    VALUE(send(s[0], "plain", 5, 0));
    take(s[1], 60);
    take(s[1], 60);
    take(s[1], 60);
    take(s[1], 60);
    CALL(named(s[0], "nobody", 30000, 0, 0));
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    VALUE(send(s[0], "x", 1, 0));
    VALUE(recvmsg(s[1], &m, 0));
    VALUE(m.msg_flags);
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        VALUE(send(s[0], "child", 5, 0));
        VALUE(named(s[0], "as itself", getpid(), 1000, 1000));
        CALL(named(s[0], "as root", getpid(), 0, 1000));
        CALL(named(s[0], "as parent", getppid(), 1000, 1000));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    take(s[1], 60);
    take(s[1], 60);
    take(s[1], 60);
    close(s[0]);
    close(s[1]);
}

static void peers(void)
{
    int s[2];
    socklen_t size;
    struct sockaddr_un a = {AF_UNIX, "creds"};
    gid_t groups[4] = {9, 8, 7}, got[4] = {0};
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    peer("pair", s[0]);
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    peer("unconnected", c);
    size = sizeof(got);
    CALL(getsockopt(c, SOL_SOCKET, SO_PEERGROUPS, got, &size));
    NEED(setgroups(3, groups) == 0);
    NEED(bind(l, (void *)&a, sizeof(a)) == 0 && listen(l, 4) == 0);
    NEED(chmod("creds", 0777) == 0);
    peer("listener", l);
    int on = 1, value = 0;
    size = sizeof(value);
    VALUE(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &value, &size));
    VALUE(value);
    NEED(setsockopt(l, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
    if (fork() == 0) {
        gid_t own[1] = {55};
        NEED(setgroups(1, own) == 0 && setgid(1000) == 0 && setuid(1000) == 0);
        NEED(connect(c, (void *)&a, sizeof(a)) == 0);
        peer("client", c);
        size = 4;
        CALL(getsockopt(c, SOL_SOCKET, SO_PEERGROUPS, got, &size));
        VALUE(size);
        size = 16;
        CALL(getsockopt(c, SOL_SOCKET, SO_PEERGROUPS, got, &size));
        printf("%d: %d %d %d\n", (int)size, (int)got[0], (int)got[1], (int)got[2]);
        VALUE(send(c, "hello", 5, 0));
        fflush(stdout);
        _exit(0);
    }
    int e = accept(l, NULL, NULL);
    wait(NULL);
    peer("accepted", e);
    size = 16;
    CALL(getsockopt(e, SOL_SOCKET, SO_PEERGROUPS, got, &size));
    printf("%d: %d\n", (int)size, (int)got[0]);
    value = 0;
    size = sizeof(value);
    VALUE(getsockopt(e, SOL_SOCKET, SO_PASSCRED, &value, &size));
    VALUE(value);
    take(e, 60);
    CALL(setsockopt(e, SOL_SOCKET, SO_PEERCRED, &value, sizeof(value)));
}

int main(void)
{
    enter_scratch();
    NEED(chmod(".", 0777) == 0);
    setbuf(stdout, NULL);
    messages(SOCK_STREAM);
    messages(SOCK_DGRAM);
    messages(SOCK_SEQPACKET);
    peers();
    return 0;
}
