/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several processes and threads that serve the same file, each waiting in its own way: blocked in
 * read(2), in poll(2), in epoll_wait(2) edge-triggered, and a thread of a busy process.  The first
 * process serves nothing.  Functions: echo; who (which way); die (without a reply).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD_MAX (70000u)

static void end(const char *what)
{
    perror(what);
    _exit(1);
}

static void reply(int file, const char *status, size_t status_size, const void *data, size_t size)
{
    struct iovec parts[] = {{(void *)(uintptr_t)status, status_size},
                            {(void *)(uintptr_t)data, size}};

    if (writev(file, parts, 2) != (ssize_t)(status_size + size))
        end("reply");
}

/* One request; false: none was there. */
static bool serve(int file, const char *way)
{
    static __thread char record[RECORD_MAX];
    ssize_t length = read(file, record, sizeof(record));

    if (length < 0 && errno == EAGAIN)
        return false;
    if (length <= 0)
        end("read");
    size_t name_size = strlen(record) + 1;
    if (strcmp(record, "echo") == 0)
        reply(file, "0", 2, record + name_size, (size_t)length - name_size);
    else if (strcmp(record, "who") == 0)
        reply(file, "0", 2, way, strlen(way));
    else if (strcmp(record, "die") == 0)
        _exit(0);
    else
        reply(file, "65536", 6, "", 0);
    return true;
}

static void serve_by_read(int file)
{
    for (;;)
        serve(file, "read");
}

static void serve_by_poll(int file)
{
    struct pollfd poll_file = {.fd = file, .events = POLLIN};

    file = poll_file.fd = open("/dev/vmm/call", O_RDWR | O_NONBLOCK);
    for (;;)
        if (poll(&poll_file, 1, -1) == 1)
            serve(file, "poll");
}

static void serve_by_epoll(int file)
{
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};

    file = open("/dev/vmm/call", O_RDWR | O_NONBLOCK);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event) != 0)
        end("epoll_ctl");
    for (;;)
        if (epoll_wait(epoll, &event, 1, -1) == 1)
            while (serve(file, "epoll"))
                ;
}

static void *serve_in_thread(void *arg)
{
    serve_by_read(*(int *)arg);
    return NULL;
}

/* The other thread is awake all the time, but for a moment now and then. */
static void serve_by_thread(int file)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, serve_in_thread, &file) != 0)
        end("pthread_create");
    for (;;)
        usleep(1000);
}

int main(void)
{
    static void (*const ways[])(int file) = {serve_by_read, serve_by_poll, serve_by_epoll,
                                             serve_by_thread};
    int file = open("/dev/vmm/call", O_RDWR);
    int status;

    if (file < 0)
        end("/dev/vmm/call");
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (fork() == 0)
            ways[i](file);
    while (wait(&status) > 0)
        ;
    return 1;
}
