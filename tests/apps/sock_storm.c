/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that do everything to the same few sockets at once; what counts is the end of it. */
/* cflags: -pthread */
/* options: -c 4 */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { THREADS = 6, SLOTS = 24, RUN_MS = 600 };

static int slots[SLOTS]; /* descriptors, or -1; closed and used by anybody at any time */
static struct sockaddr_un listener_name = {AF_UNIX, ""}, bound_name = {AF_UNIX, ""};
static socklen_t name_length;
static volatile int stop;

struct state {
    unsigned int seed;
    unsigned long done;
};

static unsigned int below(struct state *s, unsigned int n)
{
    return (unsigned int)rand_r(&s->seed) % n;
}

static int pick(struct state *s)
{
    return __atomic_load_n(&slots[below(s, SLOTS)], __ATOMIC_RELAXED);
}

/* The descriptor takes a slot; what was there is closed. */
static void place(struct state *s, int fd)
{
    int old = __atomic_exchange_n(&slots[below(s, SLOTS)], fd, __ATOMIC_RELAXED);
    if (old >= 0)
        close(old);
}

static void pass(struct state *s)
{
    int fds[2] = {pick(s), pick(s)};
    char control[CMSG_SPACE(sizeof(fds))] = {0}, byte[64] = {0};
    struct iovec iov = {byte, 1 + below(s, sizeof(byte))};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    *CMSG_FIRSTHDR(&m) = (struct cmsghdr){CMSG_LEN(sizeof(fds)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, sizeof(fds));
    sendmsg(pick(s), &m, MSG_DONTWAIT | MSG_NOSIGNAL | (below(s, 4) ? 0 : MSG_OOB));
}

static void receive(struct state *s)
{
    char control[256], byte[64];
    struct iovec iov = {byte, sizeof(byte)};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    int flags = MSG_DONTWAIT | (below(s, 4) ? 0 : MSG_PEEK) | (below(s, 6) ? 0 : MSG_OOB);
    if (recvmsg(pick(s), &m, flags) < 0)
        return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        for (size_t i = 0;
             c->cmsg_type == SCM_RIGHTS && i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
            place(s, ((int *)(void *)CMSG_DATA(c))[i]);
}

static void set(struct state *s)
{
    int fd = pick(s), value = (int)below(s, 12) - 2;

    switch (below(s, 3)) {
    case 0:
        setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &value, sizeof(value));
        break;
    case 1:
        value &= 1;
        setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &value, sizeof(value));
        break;
    default:
        fcntl(fd, F_SETOWN, getpid()); /* SIGURG is ignored */
        ioctl(fd, SIOCATMARK, &value);
    }
}

static void once(struct state *s)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int pair[2], type = types[below(s, 3)] | SOCK_NONBLOCK, fd;
    struct pollfd p = {pick(s), POLLIN | POLLOUT, 0};
    switch (below(s, 12)) {
    case 0:
        if (socketpair(AF_UNIX, type, 0, pair) == 0) {
            place(s, pair[0]);
            place(s, pair[1]);
        }
        break;
    case 1:
        fd = socket(AF_UNIX, type, 0);
        connect(fd, (void *)&listener_name, name_length);
        place(s, fd);
        break;
    case 2:
        fd = socket(AF_UNIX, type, 0);
        if (bind(fd, (void *)&listener_name, name_length) == 0)
            listen(fd, 2);
        place(s, fd);
        break;
    case 3:
        fd = accept(pick(s), NULL, NULL);
        if (fd >= 0)
            place(s, fd);
        break;
    case 4:
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (below(s, 2))
            bind(fd, (void *)&bound_name, name_length);
        else
            connect(fd, (void *)&bound_name, name_length);
        place(s, fd);
        break;
    case 5:
    case 6:
        pass(s);
        break;
    case 7:
    case 8:
        receive(s);
        break;
    case 9:
        shutdown(pick(s), (int)below(s, 3));
        break;
    case 10:
        set(s);
        break;
    default:
        poll(&p, 1, 0);
        place(s, -1);
    }
    s->done++;
}

static void *worker(void *arg)
{
    struct state *s = arg;
    while (!stop)
        once(s);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct state states[THREADS];
    struct timespec t = {0, RUN_MS * 1000000l};
    unsigned long total = 0;
    name_length = offsetof(struct sockaddr_un, sun_path) + 1 +
                  snprintf(listener_name.sun_path + 1, 50, "apps-storm-l-%08d", (int)getpid());
    snprintf(bound_name.sun_path + 1, 50, "apps-storm-b-%08d", (int)getpid());
    memset(slots, 0xff, sizeof(slots));
    for (unsigned int i = 0; i < THREADS; i++) {
        states[i] = (struct state){i + 1, 0};
        NEED(pthread_create(&threads[i], NULL, worker, &states[i]) == 0);
    }
    nanosleep(&t, NULL);
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        total += states[i].done;
    }
    for (int i = 0; i < SLOTS; i++)
        close(slots[i]);
    CHECK(total > THREADS);
    int pair[2]; /* closing looks for sockets that only refer to each other */
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    close(pair[0]);
    VALUE(read(pair[1], &total, 1));
    return 0;
}
