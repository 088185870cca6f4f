/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that block: timeouts, signals and restarts, who wakes whom, many waiters. */
/* cflags: -pthread */
#include "check.h"
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static volatile int caught;

static void on_alarm(int number)
{
    (void)number;
    caught++;
}

static void arm(int restart)
{
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
    struct itimerval t = {{0, 0}, {0, 30000}};
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &t, NULL);
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void after(int ms, int fd, const char *text)
{
    if (fork() == 0) {
        usleep(ms * 1000);
        if (write(fd, text, strlen(text)) < 0)
            _exit(1);
        _exit(0);
    }
}

static void timeouts(int type)
{
    int s[2];
    char buf[16];
    struct timeval tv = {0, 60000}, got = {9, 9};
    socklen_t size = sizeof(got);
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    VALUE(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    VALUE(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &got, &size));
    printf("%ld %ld %d\n", (long)got.tv_sec, (long)got.tv_usec, (int)size);
    long begin = now_ms();
    CALL(recv(s[0], buf, sizeof(buf), 0));
    CHECK(now_ms() - begin >= 60);
    tv.tv_sec = 20; /* the signal comes first, however slow the machine is */
    NEED(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    arm(1);
    CALL(recv(s[0], buf, sizeof(buf), 0)); /* with a timeout there is no restart */
    tv = (struct timeval){0, 0};
    NEED(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    arm(0);
    CALL(recv(s[0], buf, sizeof(buf), 0));
    arm(1);
    after(90, s[1], "restarted");
    VALUE(recv(s[0], buf, sizeof(buf), 0));
    VALUE(caught);
    caught = 0;
    wait(NULL);
    tv = (struct timeval){0, 1000000};
    CALL(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    CALL(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 8));
    tv = (struct timeval){0, 40000};
    NEED(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
    char big[65536] = {0};
    int turns = 0;
    while (send(s[0], big, sizeof(big), 0) == sizeof(big) && turns < 100)
        turns++;
    printf("errno %d\n", errno);
    CHECK(turns > 0 && turns < 100);
    close(s[0]);
    close(s[1]);
}

static void waitall(void)
{
    int s[2];
    char buf[16];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    after(10, s[1], "abc");
    after(40, s[1], "defg");
    VALUE(recv(s[0], buf, 7, MSG_WAITALL));
    printf("%.7s\n", buf);
    after(10, s[1], "xy");
    struct timeval tv = {0, 500000};
    NEED(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    VALUE(recv(s[0], buf, 7, MSG_WAITALL));
    VALUE(write(s[1], "pq", 2));
    VALUE(recv(s[0], buf, 7, MSG_WAITALL | MSG_PEEK));
    VALUE(recv(s[0], buf, 7, MSG_WAITALL | MSG_DONTWAIT));
    int low = 3;
    NEED(setsockopt(s[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)) == 0);
    VALUE(write(s[1], "pq", 2));
    VALUE(recv(s[0], buf, 7, 0));
    while (wait(NULL) > 0) {
    }
    close(s[1]);
    VALUE(recv(s[0], buf, 7, MSG_WAITALL));
    close(s[0]);
}

static void *reader(void *arg)
{
    char byte = 0;
    long got = recv(*(int *)arg, &byte, 1, 0);
    return (void *)(got == 1 ? (long)byte : got);
}

/* Many sleep on one socket: each byte wakes one, the end wakes all. */
static void many(int type)
{
    enum { THREADS = 20 };
    pthread_t t[THREADS];
    int s[2];
    long sum = 0;
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&t[i], NULL, reader, &s[0]) == 0);
    usleep(30000);
    for (char i = 1; i <= THREADS / 2; i++)
        NEED(send(s[1], &i, 1, 0) == 1);
    usleep(10000);
    if (type == SOCK_DGRAM)
        shutdown(s[0], SHUT_RD);
    else
        close(s[1]);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        NEED(pthread_join(t[i], &result) == 0);
        sum += (long)result;
    }
    VALUE(sum);
    close(s[0]);
}

static void *acceptor(void *arg)
{
    int fd = accept(*(int *)arg, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return (void *)(long)(fd >= 0 ? 1 : -errno);
}

static void listener(void)
{
    enum { THREADS = 10 };
    struct sockaddr_un a = {AF_UNIX, ""};
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 +
                     snprintf(a.sun_path + 1, 50, "apps-wait-%d", (int)getpid());
    pthread_t t[THREADS];
    long accepted = 0, refused = 0;
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(bind(l, (void *)&a, size) == 0 && listen(l, 1) == 0);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&t[i], NULL, acceptor, &l) == 0);
    usleep(20000);
    for (int i = 0; i < THREADS - 3; i++) {
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        NEED(connect(c, (void *)&a, size) == 0);
        close(c);
    }
    usleep(20000);
    shutdown(l, SHUT_RDWR);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        NEED(pthread_join(t[i], &result) == 0);
        if ((long)result == 1)
            accepted++;
        else if ((long)result == -EINVAL)
            refused++;
    }
    printf("%ld accepted, %ld refused\n", accepted, refused);
    close(l);
    l = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(bind(l, (void *)&a, size) == 0 && listen(l, 0) == 0);
    struct timeval tv = {0, 20000};
    NEED(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    CALL(accept(l, NULL, NULL));
    arm(0);
    tv.tv_usec = 500000;
    NEED(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    CALL(accept(l, NULL, NULL));
    int c1 = socket(AF_UNIX, SOCK_STREAM, 0), c2 = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(connect(c1, (void *)&a, size) == 0);
    if (fork() == 0) {
        CALL(connect(c2, (void *)&a, size)); /* sleeps until there is room */
        fflush(stdout);
        _exit(0);
    }
    usleep(20000);
    CHECK(accept(l, NULL, NULL) >= 0);
    wait(NULL);
    int c3 = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fork() == 0) {
        close(l);
        CALL(connect(c3, (void *)&a, size)); /* the listener ends meanwhile */
        fflush(stdout);
        _exit(0);
    }
    usleep(20000);
    close(l);
    wait(NULL);
}

/* A writer that is blocked goes on when there is room, and ends when the reader does. */
static void blocked_writer(void)
{
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    if (fork() == 0) {
        static char big[1000000];
        close(s[1]);
        signal(SIGPIPE, SIG_IGN);
        long whole = write(s[0], big, sizeof(big));
        errno = 0;
        long done = write(s[0], big, sizeof(big));
        VALUE(whole); /* not before the reader has said its word */
        CHECK(done > 0 && done < (long)sizeof(big));
        CALL(write(s[0], big, 1));
        fflush(stdout);
        _exit(0);
    }
    close(s[0]);
    static char buf[50000];
    long total = 0;
    while (total < 1000000) {
        long part = read(s[1], buf, total + 50000 > 1000000 ? 1000000 - total : 50000);
        NEED(part > 0);
        total += part;
    }
    VALUE(total);
    usleep(20000);
    fflush(stdout);
    close(s[1]);
    wait(NULL);
}

static void edges(void)
{
    int s[2], ep = epoll_create1(0);
    char buf[8];
    struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {0}};
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    NEED(epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &e) == 0);
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(e.events);
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(write(s[1], "abcd", 4));
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(e.events);
    VALUE(read(s[0], buf, 2));
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(write(s[1], "e", 1));
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(shutdown(s[1], SHUT_WR));
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(e.events);
    VALUE(epoll_wait(ep, &e, 1, 0));
    close(s[1]);
    VALUE(epoll_wait(ep, &e, 1, 0));
    VALUE(e.events);
}

int main(void)
{
    setbuf(stdout, NULL);
    timeouts(SOCK_STREAM);
    timeouts(SOCK_DGRAM);
    timeouts(SOCK_SEQPACKET);
    waitall();
    many(SOCK_STREAM);
    many(SOCK_DGRAM);
    many(SOCK_SEQPACKET);
    listener();
    blocked_writer();
    edges();
    return 0;
}
