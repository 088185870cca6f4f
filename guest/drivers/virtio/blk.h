/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk disks as iface/blockdev.h: found and brought up by the first look at them. */
#ifndef DRIVERS_VIRTIO_BLK_H
#define DRIVERS_VIRTIO_BLK_H

#include "iface/blockdev.h"

/* For blockdev_set_source(). */
unsigned int virtio_blk_count(void);
struct blockdev *virtio_blk_get(unsigned int index);

#endif
