/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks as files: /dev/vda and so on, over iface/blockdev.h. */
#ifndef FS_BLOCK_FILE_H
#define FS_BLOCK_FILE_H

#include "fs/vfs.h"

/* device_open_function for block nodes; the minor number counts in steps of 16, as Linux's. */
int block_open(struct inode *inode, struct file *file);

#endif
