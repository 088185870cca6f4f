/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, ppoll and select: what is ready when, timeouts, bad descriptors, signal masks. */
#include "check.h"
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static int caught;

static void on_signal(int number)
{
    (void)number;
    caught++;
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void show(const char *what, struct pollfd *f, int count, int timeout)
{
    printf("%s: %d:", what, poll(f, count, timeout));
    for (int i = 0; i < count; i++)
        printf(" %x", f[i].revents);
    printf("\n");
}

int main(void)
{
    int p[2];
    NEED(pipe(p) == 0);
    struct pollfd f[3] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 99}};
    show("empty", f, 3, 0);
    NEED(write(p[1], "x", 1) == 1);
    show("one byte", f, 3, 1000);
    f[2] = (struct pollfd){99, POLLIN, 0};
    show("bad descriptor", f, 3, 0);
    close(p[1]);
    f[2].fd = -1;
    show("writer closed, data left", f, 1, 0);
    char c;
    NEED(read(p[0], &c, 1) == 1);
    show("writer closed", f, 1, 0);
    NEED(pipe(p) == 0);
    close(p[0]);
    f[0] = (struct pollfd){p[1], POLLOUT, 0};
    show("reader closed", f, 1, 0);
    NEED(pipe(p) == 0);
    f[0] = (struct pollfd){p[0], POLLIN, 0};
    long begin = now_ms();
    show("timeout", f, 1, 60);
    CHECK(now_ms() - begin >= 60);
    f[0] = (struct pollfd){open("/dev/null", O_RDWR), POLLIN | POLLOUT, 0};
    show("null device", f, 1, 0);
    f[0] = (struct pollfd){open("/proc/self/exe", O_RDONLY), POLLIN | POLLOUT, 0};
    show("regular file", f, 1, 0);
    VALUE(poll(NULL, 0, 10));
    CALL(poll(f, 1u << 30, 0));

    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(p[0], &in);
    FD_SET(p[1], &out);
    struct timeval tv = {0, 30000};
    VALUE(select(p[1] + 1, &in, &out, NULL, &tv));
    printf("%d %d\n", FD_ISSET(p[0], &in), FD_ISSET(p[1], &out));
    FD_SET(p[0], &in);
    tv = (struct timeval){0, 30000};
    VALUE(select(p[0] + 1, &in, NULL, NULL, &tv));
    VALUE(tv.tv_usec);
    dup2(p[0], 200); /* descriptors beyond the table's room are not looked at: make it */
    close(200);
    FD_ZERO(&in);
    FD_SET(200, &in);
    CALL(select(201, &in, NULL, NULL, &tv));
    CALL(select(-1, NULL, NULL, NULL, &tv));

    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    signal(SIGUSR1, on_signal);
    sigprocmask(SIG_BLOCK, &block, NULL);
    raise(SIGUSR1);
    VALUE(caught);
    struct timespec ts = {5, 0};
    f[0] = (struct pollfd){p[0], POLLIN, 0};
    CALL(ppoll(f, 1, &ts, &none));
    VALUE(caught);
    raise(SIGUSR1);
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    CALL(pselect(p[0] + 1, &in, NULL, NULL, &ts, &none));
    VALUE(caught);
    return 0;
}
