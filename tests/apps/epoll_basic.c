/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll: level, edge, one-shot, nesting, closed files; timerfd and eventfd behind it. */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static int ep;

static int control(int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(ep, operation, fd, &event);
}

static void show(const char *what, int timeout)
{
    struct epoll_event events[8];
    int count = epoll_wait(ep, events, 8, timeout);
    printf("%s: %d:", what, count);
    for (int i = 0; i < count; i++)
        printf(" %x", events[i].events);
    printf("\n");
}

static void pipes(void)
{
    int p[2];
    NEED(pipe(p) == 0);
    CALL(control(EPOLL_CTL_ADD, p[0], EPOLLIN));
    CALL(control(EPOLL_CTL_ADD, p[0], EPOLLIN));
    CALL(control(EPOLL_CTL_MOD, p[1], EPOLLOUT));
    CALL(control(EPOLL_CTL_DEL, p[1], 0));
    show("empty", 0);
    NEED(write(p[1], "ab", 2) == 2);
    show("level", 0);
    show("level again", 0);
    CALL(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET));
    show("edge", 0);
    show("edge again", 0);
    NEED(write(p[1], "c", 1) == 1);
    show("edge after more", 0);
    CALL(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
    show("one shot", 0);
    show("one shot again", 0);
    CALL(control(EPOLL_CTL_MOD, p[0], EPOLLIN));
    close(p[1]);
    show("writer gone, data", 0);
    char buf[8];
    VALUE(read(p[0], buf, 8));
    show("writer gone", 0);
    int copy = dup(p[0]);
    close(p[0]);
    show("a dup remains", 0);
    close(copy);
    show("all closed", 0);
    NEED(pipe(p) == 0);
    CALL(control(EPOLL_CTL_ADD, p[1], EPOLLOUT));
    close(p[0]);
    show("reader gone", 0);
    CALL(control(EPOLL_CTL_DEL, p[1], 0));
}

static void timers(void)
{
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    uint64_t count = 0;
    struct itimerspec spec = {.it_value.tv_nsec = 20000000, .it_interval.tv_nsec = 10000000}, now;
    NEED(timer >= 0);
    CALL(read(timer, &count, 8));
    CALL(control(EPOLL_CTL_ADD, timer, EPOLLIN));
    CALL(timerfd_settime(timer, 0, &spec, NULL));
    show("armed", 0);
    show("expired", 1000);
    usleep(50000);
    VALUE(read(timer, &count, 8));
    CHECK(count >= 3);
    CALL(timerfd_gettime(timer, &now));
    CHECK(now.it_interval.tv_nsec == 10000000 && now.it_value.tv_nsec <= 10000000);
    spec = (struct itimerspec){0};
    CALL(timerfd_settime(timer, 0, &spec, &now));
    show("disarmed", 30);
    CALL(read(timer, &count, 4));
    CALL(timerfd_create(77, 0));
    CALL(timerfd_gettime(0, &now));
    close(timer);
}

static void events(void)
{
    int event = eventfd(0, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE);
    uint64_t value = 5;
    CALL(read(event, &value, 8));
    CALL(control(EPOLL_CTL_ADD, event, EPOLLIN | EPOLLOUT));
    show("eventfd", 0);
    value = 5;
    VALUE(write(event, &value, 8));
    VALUE(write(event, &value, 8));
    show("eventfd written", 0);
    VALUE(read(event, &value, 8));
    VALUE(value);
    value = UINT64_MAX;
    CALL(write(event, &value, 8));
    value--;
    CALL(write(event, &value, 8));
    show("eventfd full", 0);
    value = 1;
    CALL(write(event, &value, 8));
    VALUE(read(semaphore, &value, 8));
    VALUE(value);
    CALL(read(semaphore, &value, 4));
    close(event);
    close(semaphore);
}

static void nesting(void)
{
    int outer = epoll_create1(EPOLL_CLOEXEC), p[2];
    struct epoll_event event = {.events = EPOLLIN};
    NEED(pipe(p) == 0);
    CALL(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &event));
    CALL(epoll_ctl(ep, EPOLL_CTL_ADD, outer, &event));
    CALL(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &event));
    CALL(control(EPOLL_CTL_ADD, p[0], EPOLLIN));
    VALUE(epoll_wait(outer, &event, 1, 0));
    NEED(write(p[1], "x", 1) == 1);
    VALUE(epoll_wait(outer, &event, 1, 0));
    VALUE(fcntl(outer, F_GETFD));
    close(outer);
}

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    ep = epoll_create1(0);
    NEED(ep >= 0);
    pipes();
    timers();
    events();
    nesting();
    enter_scratch();
    write_file("f", "x");
    CALL(epoll_ctl(ep, EPOLL_CTL_ADD, open("f", O_RDONLY), &event));
    CALL(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &event));
    CALL(epoll_ctl(0, EPOLL_CTL_ADD, ep, &event));
    CALL(epoll_ctl(ep, 17, 0, &event));
    CALL(epoll_wait(ep, &event, 0, 0));
    CALL(epoll_wait(99, &event, 1, 0));
    CALL(epoll_create(0));
    CALL(epoll_create1(1));
    return 0;
}
