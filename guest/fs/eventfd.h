/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd(2): a counter to wait for. */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

#include "fs/vfs.h"

/* flags: O_NONBLOCK; semaphore: reads take 1.  NULL: out of memory. */
struct file *eventfd_create(uint64_t initial, uint32_t flags, bool semaphore);

#endif
