/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX names: paths as socket inodes, permissions, abstract and automatic names, listeners. */
#include "check.h"
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define OFFSET offsetof(struct sockaddr_un, sun_path)

static socklen_t make(struct sockaddr_un *a, const char *name, size_t length)
{
    memset(a, 0, sizeof(*a));
    a->sun_family = AF_UNIX;
    memcpy(a->sun_path, name, length);
    return OFFSET + length;
}

static int do_bind(int fd, const char *name, size_t length)
{
    struct sockaddr_un a;
    socklen_t size = make(&a, name, length);
    return bind(fd, (void *)&a, size);
}

static int do_connect(int fd, const char *name, size_t length)
{
    struct sockaddr_un a;
    socklen_t size = make(&a, name, length);
    return connect(fd, (void *)&a, size);
}

static void show_name(const char *what, int fd, int peer)
{
    struct sockaddr_un a;
    socklen_t size = sizeof(a);
    memset(&a, 'z', sizeof(a));
    int result = peer ? getpeername(fd, (void *)&a, &size) : getsockname(fd, (void *)&a, &size);
    if (result) {
        printf("%s: errno %d\n", what, errno);
        return;
    }
    printf("%s: %d bytes, family %d,", what, (int)size, a.sun_family);
    for (socklen_t i = OFFSET; i < size && i < sizeof(a); i++)
        printf(" %02x", (unsigned char)a.sun_path[i - OFFSET]);
    printf("\n");
}

static int new_socket(int type)
{
    int fd = socket(AF_UNIX, type, 0);
    NEED(fd >= 0);
    return fd;
}

/* Names that move and go while s listens. */
static void moved(int s, int d)
{
    struct stat st;
    char buf[8];
    CALL(rename("sock", "moved"));
    int c2 = new_socket(SOCK_STREAM);
    CALL(do_connect(c2, "sock", 4));
    CALL(symlink("moved", "link"));
    CALL(do_connect(c2, "link", 4));
    CALL(link("moved", "hard"));
    int c3 = new_socket(SOCK_STREAM);
    fcntl(c3, F_SETFL, O_NONBLOCK);
    CALL(do_connect(c3, "hard", 4)); /* backlog 0: one waits */
    CALL(unlink("moved"));
    CALL(unlink("hard"));
    show_name("unlinked", s, 0);
    CALL(do_bind(d, "sock", 4));
    close(s);
    VALUE(read(c2, buf, sizeof(buf)));
    VALUE(read(c2, buf, sizeof(buf)));
    CALL(do_connect(c3, "link", 4));
    int s2 = new_socket(SOCK_STREAM);
    NEED(do_bind(s2, "dead", 4) == 0 && listen(s2, 1) == 0);
    close(s2);
    CALL(do_connect(c3, "dead", 4));
    s2 = new_socket(SOCK_STREAM);
    CALL(do_bind(s2, "dead", 4));
    VALUE(fchmod(s2, 0600));
    CALL(do_bind(s2, "private", 8));
    NEED(stat("private", &st) == 0);
    printf("%o\n", st.st_mode);
    CALL(mknod("node", S_IFSOCK | 0666, 0));
    CALL(do_connect(c3, "node", 4));
    char longest[108];
    memset(longest, 'l', sizeof(longest));
    int s3 = new_socket(SOCK_STREAM);
    CALL(do_bind(s3, longest, sizeof(longest)));
    struct sockaddr_un out;
    socklen_t size = sizeof(out);
    VALUE(getsockname(s3, (void *)&out, &size));
    VALUE(size);
}

static void paths(void)
{
    struct stat st;
    struct sockaddr_un a;
    int s = new_socket(SOCK_STREAM), c = new_socket(SOCK_STREAM), d = new_socket(SOCK_DGRAM);
    show_name("fresh", s, 0);
    show_name("fresh peer", s, 1);
    CALL(do_connect(c, "nothing", 7));
    write_file("file", "x");
    CALL(do_connect(c, "file", 4));
    CALL(do_connect(c, "file/x", 6));
    umask(022);
    CALL(do_bind(s, "sock", 4));
    show_name("bound without NUL", s, 0);
    CALL(do_bind(s, "other", 5));
    CALL(do_bind(d, "sock", 4));
    CALL(do_bind(d, "file", 4));
    CALL(do_bind(d, "no/such", 7));
    CALL(do_bind(d, "file/x", 6));
    NEED(stat("sock", &st) == 0);
    printf("%o %ld\n", st.st_mode, (long)st.st_size);
    CALL(open("sock", O_RDWR));
    CALL(do_connect(c, "sock", 4));
    CALL(do_connect(d, "sock", 4));
    CALL(listen(c, 5));
    CALL(listen(d, 5));
    CALL(accept(s, NULL, NULL));
    CALL(listen(s, 0));
    CALL(do_connect(d, "sock", 4));
    CALL(do_connect(c, "./sock", 7));
    show_name("connected", c, 0);
    show_name("connected peer", c, 1);
    socklen_t size = sizeof(a);
    int e = accept(s, (void *)&a, &size);
    CHECK(e >= 0);
    printf("accepted from %d bytes\n", (int)size);
    CALL(do_connect(c, "sock", 5));
    CALL(do_connect(s, "sock", 5));
    show_name("accepted", e, 0);
    show_name("accepted peer", e, 1);
    VALUE(write(c, "hi", 2));
    char buf[8];
    VALUE(read(e, buf, sizeof(buf)));
    moved(s, d);
}

static void bad_addresses(void)
{
    struct sockaddr_un a;
    int s = new_socket(SOCK_STREAM);
    make(&a, "x", 1);
    CALL(bind(s, (void *)&a, 0));
    CALL(bind(s, (void *)&a, 1));
    CALL(bind(s, (void *)&a, sizeof(a) + 1));
    CALL(bind(s, (void *)&a, 4000));
    CALL(bind(s, (void *)&a, -1));
    CALL(bind(s, NULL, 4));
    a.sun_family = AF_INET;
    CALL(bind(s, (void *)&a, 4));
    CALL(connect(s, (void *)&a, 4));
    a.sun_family = AF_UNIX;
    CALL(connect(s, (void *)&a, 2));
    CALL(connect(s, (void *)&a, 1));
    socklen_t size = sizeof(a);
    CALL(getsockname(s, NULL, &size));
    CALL(getsockname(s, (void *)&a, NULL));
    size = -1;
    CALL(getsockname(s, (void *)&a, &size));
    CALL(listen(s, 1));
    CALL(accept(s, NULL, NULL));
    CALL(accept4(s, NULL, NULL, 1));
    char buf[4];
    CALL(recv(s, buf, 4, MSG_DONTWAIT));
    CALL(send(s, buf, 4, 0));
    make(&a, "x", 1);
    CALL(sendto(s, buf, 4, 0, (void *)&a, 5));
    close(s);
}

static void abstract(void)
{
    int s = new_socket(SOCK_STREAM), c = new_socket(SOCK_STREAM), t = new_socket(SOCK_STREAM);
    int d = new_socket(SOCK_DGRAM);
    char name[32];
    int length = snprintf(name, sizeof(name), "%capps-%d", 0, (int)getpid());
    CALL(do_connect(c, name, length));
    CALL(do_bind(s, name, length));
    CALL(do_bind(t, name, length));
    CALL(do_bind(d, name, length)); /* another type, another name */
    CALL(do_bind(t, name, length + 1)); /* a NUL more, another name */
    CALL(do_connect(c, name, length));
    CALL(listen(s, 3));
    CALL(do_connect(c, name, length));
    struct pollfd p = {s, POLLIN | POLLOUT, 0};
    VALUE(poll(&p, 1, 0));
    VALUE(p.revents);
    int e = accept4(s, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(e >= 0 && fcntl(e, F_GETFD) == FD_CLOEXEC && fcntl(e, F_GETFL) == (O_RDWR | O_NONBLOCK));
    VALUE(poll(&p, 1, 0));
    close(s);
    CALL(do_bind(c, name, length));
    int automatic = new_socket(SOCK_DGRAM);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t size = OFFSET;
    CALL(bind(automatic, (void *)&a, size));
    size = sizeof(a);
    VALUE(getsockname(automatic, (void *)&a, &size));
    VALUE(size);
    VALUE(a.sun_path[0]);
    CHECK(strspn(a.sun_path + 1, "0123456789abcdef") == 5);
    CALL(bind(automatic, (void *)&a, OFFSET));
    CALL(do_bind(automatic, "name", 4));
}

static void permissions(void)
{
    int s = new_socket(SOCK_STREAM);
    umask(0);
    NEED(do_bind(s, "/tmp/apps-sock-perm", 19) == 0 && listen(s, 3) == 0);
    NEED(chmod("/tmp/apps-sock-perm", 0644) == 0);
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        int c = new_socket(SOCK_STREAM);
        CALL(do_connect(c, "/tmp/apps-sock-perm", 19));
        CALL(do_bind(c, "/apps-sock", 10));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    NEED(chmod("/tmp/apps-sock-perm", 0666) == 0);
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        CALL(do_connect(new_socket(SOCK_STREAM), "/tmp/apps-sock-perm", 19));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    unlink("/tmp/apps-sock-perm");
}

static void backlog(void)
{
    int s = new_socket(SOCK_STREAM), c[4];
    NEED(do_bind(s, "full", 4) == 0 && listen(s, 1) == 0);
    for (int i = 0; i < 4; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CALL(do_connect(c[i], "full", 4));
    }
    struct timeval tv = {0, 20000};
    fcntl(c[3], F_SETFL, 0);
    VALUE(setsockopt(c[3], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
    CALL(do_connect(c[3], "full", 4));
    close(c[0]);
    int e = accept(s, NULL, NULL);
    char buf[4];
    VALUE(read(e, buf, 4)); /* its peer is closed already */
    CALL(do_connect(c[3], "full", 4));
    VALUE(shutdown(s, SHUT_RD));
    CALL(do_connect(c[2], "full", 4));
    CHECK(accept(s, NULL, NULL) >= 0);
    CHECK(accept(s, NULL, NULL) >= 0);
    CALL(accept(s, NULL, NULL));
}

int main(void)
{
    enter_scratch();
    paths();
    bad_addresses();
    abstract();
    permissions();
    backlog();
    return 0;
}
