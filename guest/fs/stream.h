/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standard streams that are no terminal: a chardev as a file that looks like a
 * pipe.  Knows no device; brings nothing up before the first read or write.
 */
#ifndef FS_STREAM_H
#define FS_STREAM_H

#include "iface/chardev.h"
#include "iface/file.h"

/*
 * A new open file on the device: FMODE_READ, FMODE_WRITE or both in mode.  Files
 * of one device share their wait queues.  NULL: out of memory.
 */
struct file *stream_open(struct chardev *dev, uint32_t mode);
/* Makes a file that is being opened (a device node) one on the device.  0 or -ENOMEM. */
int stream_open_file(struct chardev *dev, struct file *file);

#endif
