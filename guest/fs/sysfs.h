/* SPDX-License-Identifier: BSD-2-Clause */
/* /sys, as far as programs ask for processors and memory there. */
#ifndef FS_SYSFS_H
#define FS_SYSFS_H

#include "fs/vfs.h"

/* The root inode: a new reference, or NULL when out of memory.  Made at the first call. */
struct inode *sysfs_mount(void);

#endif
