/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll(7): files to watch, and those of them that are ready; idle ones cost nothing. */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include "fs/vfs.h"

/* Event bits beside POLL_*; Linux's values. */
#define EPOLL_EXCLUSIVE (1u << 28)
#define EPOLL_WAKEUP (1u << 29)
#define EPOLL_ONESHOT (1u << 30)
#define EPOLL_EDGE (1u << 31)
/* What may go with EPOLLEXCLUSIVE, epoll_ctl(2). */
#define EPOLL_WITH_EXCLUSIVE \
    (EPOLL_EXCLUSIVE | EPOLL_WAKEUP | EPOLL_EDGE | POLL_IN | POLL_OUT | POLL_ERR | POLL_HUP)

struct epoll_result { /* as programs get it */
    uint32_t events;
    uint64_t data;
} __attribute__((packed));
_Static_assert(sizeof(struct epoll_result) == 12, "struct epoll_event");

struct file *epoll_create(void); /* NULL: out of memory */
extern const struct file_ops epoll_ops;
static inline bool is_epoll(const struct file *file)
{
    return file->ops == &epoll_ops;
}
/* 0, -EEXIST, -ENOENT, -EPERM (cannot be polled), -EINVAL, -ELOOP, -ENOMEM. */
int epoll_add(struct file *epoll, struct file *target, int fd, uint32_t events, uint64_t data);
int epoll_modify(struct file *epoll, struct file *target, int fd, uint32_t events, uint64_t data);
int epoll_delete(struct file *epoll, struct file *target, int fd);
/*
 * Up to count results; 0 at the deadline (monotonic; 0: do not wait), -EINTR as -ERESTARTNOHAND.
 * *pass must be 0; with what it is then, epoll_look() has further results of the same wait: no
 * file's twice.
 */
int64_t epoll_wait(struct file *epoll, struct epoll_result *results, uint32_t count,
                   uint64_t deadline_ns, uint64_t *pass);
/* What is ready now, up to count; *pass 0: a new look. */
uint32_t epoll_look(struct file *epoll, struct epoll_result *results, uint32_t count,
                    uint64_t *pass);
/* The last reference to a watched file is gone; from file_put(). */
void epoll_forget_file(struct file *file);

#endif
