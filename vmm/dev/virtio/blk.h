/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk (virtio 1.2, 5.2): read, write, flush, identify.
 */
#ifndef VMM_DEV_VIRTIO_BLK_H
#define VMM_DEV_VIRTIO_BLK_H

#include <linux/virtio_blk.h>

#include "vmm/backend/disk.h"
#include "vmm/dev/virtio/device.h"

struct blk {
    struct virtio_device device;
    struct virtio_blk_config config; /* little endian */
    struct disk *disk; /* owned by the caller */
    char id[VIRTIO_BLK_ID_BYTES];
};

void blk_init(struct blk *blk, const struct guest_mem *mem, const atomic_bool *ended,
              struct disk *disk, unsigned int index);
void blk_destroy(struct blk *blk);

#endif
