/* SPDX-License-Identifier: BSD-2-Clause */
/* Between notify.c (watches) and inotify.c (the file that events are read from). */
#ifndef FS_NOTIFY_INTERNAL_H
#define FS_NOTIFY_INTERNAL_H

#include "fs/inode.h"
#include "fs/notify.h"

struct inotify_record { /* an event that waits to be read */
    struct list link;
    int wd;
    uint32_t mask, cookie, name_length;
    char name[];
};

struct inotify { /* all under notify_lock */
    struct list watches, events;
    uint32_t count; /* of events */
    int next_wd;
    struct wait_queue waiters;
};

extern struct spinlock notify_lock;
int notify_watch(struct inotify *inotify, struct inode *inode, uint32_t mask);
int notify_unwatch(struct inotify *inotify, int wd); /* -1: all */

#endif
