/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll in a thread.  Knows no device.
 */
#include "vmm/backend/event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_PER_WAIT 8

void event_loop_init(struct event_loop *loop)
{
    pthread_mutex_init(&loop->lock, NULL);
    loop->epoll_fd = -1;
    loop->wake_fd = -1;
    loop->running = false;
    atomic_init(&loop->stop, false);
}

static void *thread_main(void *arg)
{
    struct event_loop *loop = arg;

    while (!atomic_load(&loop->stop)) {
        struct epoll_event events[EVENTS_PER_WAIT];
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAIT, -1);

        for (int i = 0; i < count && !atomic_load(&loop->stop); i++) {
            struct event_source *source = events[i].data.ptr;

            if (source != NULL) {
                source->ready(source->arg, events[i].events);
            }
        }
    }
    return NULL;
}

static int create_descriptors(struct event_loop *loop)
{
    struct epoll_event wake = {.events = EPOLLIN};

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &wake) != 0) {
        return -errno;
    }
    return 0;
}

/* The thread inherits the mask it is created with: no signal is ever its business. */
static int start_thread(struct event_loop *loop)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&loop->thread, NULL, thread_main, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    loop->running = error == 0;
    return -error;
}

/* epoll knows a descriptor number once; input and output may be the same one. */
static int add_or_change(struct event_loop *loop, struct event_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    int operation = source->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int copy;

    if (epoll_ctl(loop->epoll_fd, operation, source->fd, &event) == 0) {
        return 0;
    }
    if (errno != EEXIST) {
        return -errno;
    }
    copy = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        return -errno;
    }
    source->fd = copy;
    source->duplicated = true;
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, copy, &event) != 0 ? -errno : 0;
}

void event_source_close(struct event_source *source)
{
    if (source->duplicated) {
        close(source->fd);
        source->duplicated = false;
    }
}

int event_loop_arm(struct event_loop *loop, struct event_source *source, uint32_t events)
{
    int error = 0;

    pthread_mutex_lock(&loop->lock);
    if (loop->epoll_fd < 0) {
        error = create_descriptors(loop);
    }
    if (error == 0) {
        error = add_or_change(loop, source, events);
        source->added = source->added || error == 0;
    }
    if (error == 0 && !loop->running && !atomic_load(&loop->stop)) {
        error = start_thread(loop);
    }
    pthread_mutex_unlock(&loop->lock);
    return error;
}

void event_loop_stop(struct event_loop *loop)
{
    uint64_t one = 1;
    bool running;

    /* The flag first: nobody starts the thread once we have looked. */
    pthread_mutex_lock(&loop->lock);
    atomic_store(&loop->stop, true);
    running = loop->running;
    loop->running = false;
    pthread_mutex_unlock(&loop->lock);
    if (running) {
        while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
        }
        pthread_join(loop->thread, NULL);
    }
}

void event_loop_destroy(struct event_loop *loop)
{
    event_loop_stop(loop);
    if (loop->epoll_fd >= 0) {
        close(loop->epoll_fd);
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
    pthread_mutex_destroy(&loop->lock);
}
