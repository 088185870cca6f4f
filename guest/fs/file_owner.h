/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal-driven I/O, fcntl(2)'s F_SETOWN, F_SETSIG and O_ASYNC: who hears of an open file,
 * and by which signal.  Made at the first of these calls.
 *
 * Lock: owner->lock (spinlock, leaf but for timers), taken under the wait queues of the
 * file.  A signal may not be sent under such a lock, so a wake-up arms a timer that sends.
 */
#ifndef FS_FILE_OWNER_H
#define FS_FILE_OWNER_H

#include "iface/file.h"

enum file_owner_type { FILE_OWNER_TID, FILE_OWNER_PID, FILE_OWNER_PGRP }; /* F_OWNER_* */

struct file_owner_id {
    int type, id; /* enum file_owner_type; id 0: nobody */
};

/* What a sender gets: proc/ looks the receiver up and checks that the setter may signal it. */
struct file_owner_event {
    struct file_owner_id to;
    uint32_t uid, euid; /* of who set the owner */
    int signo; /* 0: SIGIO, without more information */
    bool urgent; /* SIGURG, whatever signo says */
    int fd;
    uint32_t band; /* POLL_* */
};
void file_owner_set_sender(void (*send)(const struct file_owner_event *event));

/* 0 or -ENOMEM.  The caller has checked that the receiver exists. */
int file_owner_set(struct file *file, struct file_owner_id id, uint32_t uid, uint32_t euid);
struct file_owner_id file_owner_get(struct file *file);
int file_owner_set_signal(struct file *file, int signo);
int file_owner_signal(struct file *file);
/* O_ASYNC: 0, -EINVAL (the file cannot be polled), -ENOMEM. */
int file_owner_set_async(struct file *file, int fd, bool on);
/* Sends now; for events that no wait queue tells: leases.  No spinlock is held. */
void file_owner_notify(struct file *file, int fd, uint32_t band);
void file_owner_urgent(struct file *file); /* SIGURG, also without O_ASYNC; as above */
void file_owner_free(struct file *file); /* the file ends */

#endif
