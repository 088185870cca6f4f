/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O thread of a VM: waits for descriptors and calls their owners.  The
 * thread starts with the first descriptor that is armed, so a VM that needs
 * none pays nothing.  All signals are blocked in it.
 *
 * Locking: loop->lock guards the start and the set of descriptors; it is taken
 * inside any other lock and never held while a ready function runs.
 */
#ifndef VMM_BACKEND_EVENT_LOOP_H
#define VMM_BACKEND_EVENT_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct event_source {
    int fd;
    /* In the I/O thread; events are EPOLL*. */
    void (*ready)(void *arg, uint32_t events);
    void *arg;
    bool added; /* guarded by the loop's lock */
    bool duplicated; /* fd is our own copy: the number was in use in the set */
};

struct event_loop {
    pthread_mutex_t lock;
    int epoll_fd, wake_fd; /* -1 before the first event_loop_arm() */
    bool running;
    pthread_t thread;
    atomic_bool stop;
};

void event_loop_init(struct event_loop *loop);
/*
 * Waits for events (EPOLLIN, EPOLLOUT, with EPOLLONESHOT for once) on
 * source->fd; arming again replaces what was asked before.  The source lives
 * until event_loop_stop().  -EPERM: the descriptor is always ready (a regular
 * file); else negative errno.
 */
int event_loop_arm(struct event_loop *loop, struct event_source *source, uint32_t events);
/* After event_loop_stop(): gives back what arming took. */
void event_source_close(struct event_source *source);
/* Ends the thread and forgets every source.  Not from a ready function. */
void event_loop_stop(struct event_loop *loop);
void event_loop_destroy(struct event_loop *loop);

#endif
