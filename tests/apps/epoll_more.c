/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll(7): exclusive wake-ups, nesting, and changes of the mounts seen through /proc/mounts. */
#include "check.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>

static int watch(int fd, uint32_t events)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = events};

    NEED(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    return epoll;
}

static void exclusive(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    int ends[2], epoll = epoll_create1(0), inner = epoll_create1(0);

    NEED(pipe(ends) == 0);
    CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
    CALL(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    event.events = EPOLLIN;
    CALL(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, inner, &event));
    event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
    CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event));
    NEED(write(ends[1], "x", 1) == 1);
    VALUE(epoll_wait(epoll, &event, 1, 1000));
    CHECK(event.events == EPOLLIN);
    CALL(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], &event));
    VALUE(epoll_wait(epoll, &event, 1, 0));
}

static void nesting(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2], last, epoll;

    NEED(pipe(ends) == 0);
    last = ends[0];
    for (int depth = 0; depth < 5; depth++)
        last = watch(last, EPOLLIN);
    epoll = epoll_create1(0);
    CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, last, &event));
    NEED(write(ends[1], "x", 1) == 1);
    VALUE(epoll_wait(last, &event, 1, 1000));
}

enum { MANY = 300 };

static int many(int epoll, uint32_t events)
{
    for (uint32_t i = 0; i < MANY; i++) {
        struct epoll_event event = {.events = events, .data.u32 = i};

        NEED(epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd(1, EFD_CLOEXEC), &event) == 0);
    }
    return epoll;
}

/* One wait has all that are ready, each once; waits with less room take turns. */
static void many_ready(void)
{
    static const uint32_t kinds[] = {EPOLLIN, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT};
    static struct epoll_event got[2 * MANY];

    for (int kind = 0; kind < 3; kind++) {
        int epoll = many(epoll_create1(EPOLL_CLOEXEC), kinds[kind]), distinct = 0;
        char seen[MANY] = {0};

        VALUE(epoll_wait(epoll, got, 2 * MANY, 1000));
        for (int i = 0; i < MANY; i++)
            distinct += !seen[got[i].data.u32 % MANY]++;
        printf("%d of them distinct\n", distinct);
        VALUE(epoll_wait(epoll, got, 2 * MANY, 0));
        VALUE(epoll_wait(epoll, got, 170, 0));
        VALUE(epoll_wait(epoll, got + 170, 170, 0));
        distinct = 0;
        for (int i = 0; kind == 0 && i < 2 * 170; i++)
            distinct += seen[got[i].data.u32 % MANY]++ == 1;
        printf("%d of them distinct\n", distinct);
        NEED(close_range(3, ~0u, 0) == 0);
    }
}

static void mounts(void)
{
    struct epoll_event event;
    int fd = open("/proc/self/mounts", O_RDONLY), epoll = watch(fd, EPOLLPRI);
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLPRI};

    VALUE(epoll_wait(epoll, &event, 1, 0));
    NEED(mkdir("at", 0700) == 0 && mount("t", "at", "tmpfs", 0, NULL) == 0);
    VALUE(epoll_wait(epoll, &event, 1, 1000));
    CHECK(event.events == (EPOLLPRI | EPOLLERR));
    VALUE(epoll_wait(epoll, &event, 1, 0));
    NEED(umount("at") == 0);
    VALUE(poll(&one, 1, 1000));
    CHECK(one.revents == (POLLIN | POLLPRI | POLLERR));
    VALUE(poll(&one, 1, 1000));
    CHECK(one.revents == POLLIN);
}

int main(void)
{
    if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) == 0)
        NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    enter_scratch();
    exclusive();
    nesting();
    mounts();
    many_ready();
    return 0;
}
