/* SPDX-License-Identifier: BSD-2-Clause */
/* timerfd(2): a timer to wait for. */
#ifndef FS_TIMERFD_H
#define FS_TIMERFD_H

#include "fs/vfs.h"

/* wall: set by CLOCK_REALTIME; the caller converts.  NULL: out of memory. */
struct file *timerfd_create(bool wall, uint32_t flags);
bool is_timerfd(const struct file *file);
bool timerfd_is_wall(const struct file *file);
struct timerfd_setting {
    uint64_t first_ns; /* monotonic time of the first expiration, 0 disarms */
    uint64_t interval_ns; /* 0: once */
    bool follows_wall; /* first_ns stands for a time of the wall clock */
    bool cancel_on_set; /* TFD_TIMER_CANCEL_ON_SET: a read after a step is -ECANCELED */
};
void timerfd_set(struct file *file, const struct timerfd_setting *setting);
/* The wall clock was set: what follows it comes shift_ns later than it would have. */
void timerfds_clock_was_set(int64_t shift_ns);
/* Time left until the next expiration (0: disarmed), and the interval. */
void timerfd_get(struct file *file, uint64_t *left_ns, uint64_t *interval_ns);

#endif
