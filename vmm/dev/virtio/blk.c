/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block device.  A request is header (16 bytes, read), data, status (1 byte,
 * written), cut into segments as the driver likes (2.7.4.1).  A request that
 * is wrong in itself gets an error status; one that has no place for a status
 * breaks the device.
 */
#include "vmm/dev/virtio/blk.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>

#define SECTOR 512u
#define STATUS_BYTES 1u
/* Header and status take two of a chain's segments. */
#define DATA_SEGMENTS_MAX (VIRTQ_SEGMENTS_MAX - 2u)

static bool in_disk(const struct blk *blk, uint64_t sector, uint32_t bytes)
{
    uint64_t sectors = blk->disk->size / SECTOR;

    return bytes % SECTOR == 0 && sector <= sectors && bytes / SECTOR <= sectors - sector;
}

static uint8_t move_data(struct blk *blk, struct virtq *queue, const struct virtq_chain *chain,
                         uint64_t sector, bool write)
{
    struct iovec iov[VIRTQ_SEGMENTS_MAX];
    uint32_t bytes = write ? chain->readable_bytes - (uint32_t)sizeof(struct virtio_blk_outhdr)
                           : chain->writable_bytes - STATUS_BYTES;
    int count, error;

    if (!in_disk(blk, sector, bytes) || (write && blk->disk->read_only)) {
        return VIRTIO_BLK_S_IOERR;
    }
    count =
        virtq_iov(queue, chain, !write, write ? sizeof(struct virtio_blk_outhdr) : 0, bytes, iov);
    if (count < 0) {
        return VIRTIO_BLK_S_IOERR;
    }
    error = write ? disk_write(blk->disk, iov, count, sector * SECTOR)
                  : disk_read(blk->disk, iov, count, sector * SECTOR);
    return error == 0 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
}

static uint8_t identify(struct blk *blk, struct virtq *queue, const struct virtq_chain *chain)
{
    if (chain->writable_bytes < sizeof(blk->id) + STATUS_BYTES ||
        virtq_copy_out(queue, chain, 0, blk->id, sizeof(blk->id)) != 0) {
        return VIRTIO_BLK_S_IOERR;
    }
    return VIRTIO_BLK_S_OK;
}

static uint8_t serve(struct blk *blk, struct virtq *queue, const struct virtq_chain *chain,
                     const struct virtio_blk_outhdr *header)
{
    switch (header->type) {
    case VIRTIO_BLK_T_IN:
        return move_data(blk, queue, chain, header->sector, false);
    case VIRTIO_BLK_T_OUT:
        return move_data(blk, queue, chain, header->sector, true);
    case VIRTIO_BLK_T_FLUSH:
        return disk_flush(blk->disk) == 0 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
    case VIRTIO_BLK_T_GET_ID:
        return identify(blk, queue, chain);
    default:
        return VIRTIO_BLK_S_UNSUPP;
    }
}

/* Bytes written into the chain, or -EPROTO. */
static int64_t answer(struct virtio_device *device, struct virtq *queue,
                      const struct virtq_chain *chain)
{
    struct blk *blk = (struct blk *)device; /* its first member */
    struct virtio_blk_outhdr header;
    uint32_t status_at = chain->writable_bytes - STATUS_BYTES;
    uint8_t status;

    if (chain->writable_bytes < STATUS_BYTES || chain->readable_bytes < sizeof(header) ||
        virtq_copy_in(queue, chain, 0, &header, sizeof(header)) != 0) {
        return -EPROTO;
    }
    status = serve(blk, queue, chain, &header);
    if (virtq_copy_out(queue, chain, status_at, &status, STATUS_BYTES) != 0) {
        return -EPROTO;
    }
    return status == VIRTIO_BLK_S_OK && header.type != VIRTIO_BLK_T_OUT ? chain->writable_bytes
                                                                        : STATUS_BYTES;
}

static void notify(struct virtio_device *device, unsigned int index)
{
    virtio_device_serve(device, index, answer);
}

static const struct virtio_device_ops blk_ops = {
    .id = VIRTIO_ID_BLOCK,
    .queue_count = 1,
    .features =
        1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE,
    .notify = notify,
};

void blk_init(struct blk *blk, const struct guest_mem *mem, const atomic_bool *ended,
              struct disk *disk, unsigned int index)
{
    virtio_device_init(&blk->device, &blk_ops, mem, ended, &blk->config, sizeof(blk->config));
    if (disk->read_only) {
        blk->device.features |= 1ull << VIRTIO_BLK_F_RO;
    }
    blk->disk = disk;
    blk->config.capacity = disk->size / SECTOR;
    blk->config.seg_max = DATA_SEGMENTS_MAX;
    blk->config.blk_size = SECTOR;
    snprintf(blk->id, sizeof(blk->id), "vmm-disk-%u", index);
}

void blk_destroy(struct blk *blk)
{
    virtio_device_destroy(&blk->device);
}
