/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory notification, fcntl(2)'s F_NOTIFY: a signal to the owner of an open directory when
 * something in it changes.  What happens comes from notify.h; one mutex guards the watches,
 * innermost of the mutexes: signals are sent under it.
 */
#ifndef FS_DNOTIFY_H
#define FS_DNOTIFY_H

#include "fs/vfs.h"

#define DN_ACCESS 0x1u
#define DN_MODIFY 0x2u
#define DN_CREATE 0x4u
#define DN_DELETE 0x8u
#define DN_RENAME 0x10u
#define DN_ATTRIB 0x20u
#define DN_MULTISHOT 0x80000000u

/* Adds to what the file asks for, 0 ends it.  0, -ENOTDIR, -EINVAL, -ENOMEM. */
int dnotify_set(struct file *file, int fd, uint32_t mask);
/* The same DN_* bits happened in a directory; no spinlock is held. */
void dnotify_tell(const struct inode *dir, uint32_t what);
/* DN_* of inotify's bits. */
uint32_t dnotify_mask(uint32_t in_mask);
void dnotify_forget(const struct file *file); /* the open file ends */

#endif
