/* SPDX-License-Identifier: BSD-2-Clause */
/* What is mounted, for /proc/mounts. */
#ifndef FS_MOUNTS_H
#define FS_MOUNTS_H

#include "lib/types.h"

struct inode;

/* The lines of /proc/mounts; bytes without NUL. */
size_t mounts_text(char *buf, size_t size);
/* The root of /dev: a new reference, or NULL. */
struct inode *devtmpfs_mount(void);

#endif
