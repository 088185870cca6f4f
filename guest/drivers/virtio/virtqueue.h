/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues, driver side (virtio 1.2, section 2.7), with event index and
 * indirect descriptors.  Knows rings in memory only: how the device is told of
 * them and how it is notified is the transport's business, so two sides can be
 * coupled over plain memory in a test.
 *
 * Locking: none here; the driver's lock (LOCK_RANK_DEVICE) guards a queue.
 *
 * The device is not trusted: what it writes is read once and checked.  An id
 * that is not in flight, a length beyond what it could write, or an index that
 * runs ahead marks the queue broken: no buffer comes back any more, and adding
 * fails with -EIO.
 */
#ifndef DRIVERS_VIRTIO_VIRTQUEUE_H
#define DRIVERS_VIRTIO_VIRTQUEUE_H

#include "drivers/virtio/virtio_spec.h"

/* What the driver remembers of a descriptor, out of the device's sight. */
struct virtqueue_slot {
    void *token; /* of the chain that starts here; NULL: no chain does */
    uint32_t writable; /* bytes the device may write into the chain */
    uint16_t next; /* in the chain or the free list */
    uint16_t count; /* descriptors of the chain */
};
_Static_assert(sizeof(struct virtqueue_slot) == 16, "it stays small");

struct virtqueue {
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    struct virtq_used *used;
    struct virtqueue_slot *slots;
    uint16_t size; /* entries, a power of two */
    uint16_t index; /* of the queue in its device */
    uint16_t free_head, free_count;
    uint16_t avail_next; /* next index to publish, free running */
    uint16_t avail_notified; /* index at the last look at the device's wish */
    uint16_t used_next; /* next used entry to take, free running */
    bool event_idx, indirect, interrupts, broken;
};

/* One part of a buffer: memory in the direct map or the kernel image. */
struct virtq_part {
    void *data;
    uint32_t length; /* bytes, not 0 */
    bool device_writes; /* parts that it reads come first (2.7.4.2) */
};

/* Memory for all parts of a queue, 16-byte aligned, physically contiguous. */
size_t virtqueue_bytes(uint16_t size);
/* A queue of size entries (power of two) in memory; its contents do not matter. */
void virtqueue_init(struct virtqueue *queue, uint16_t index, uint16_t size, void *memory,
                    uint64_t features);

/*
 * Hands a chain to the device; it is seen after virtqueue_publish().  token, not
 * NULL, comes back from virtqueue_take().  0, -ENOSPC, or -EIO (broken).
 */
int virtqueue_add(struct virtqueue *queue, const struct virtq_part *parts, unsigned int count,
                  void *token);
/*
 * The same in one slot, when the device has VIRTIO_F_INDIRECT_DESC: table is
 * memory for count descriptors that stays untouched until the chain is back.
 */
int virtqueue_add_indirect(struct virtqueue *queue, const struct virtq_part *parts,
                           unsigned int count, struct virtq_desc *table, void *token);
/* Shows all added chains; true: the device wants a notification. */
bool virtqueue_publish(struct virtqueue *queue);

/* A chain the device has finished: its token, NULL when there is none. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *written);
bool virtqueue_has_used(const struct virtqueue *queue);
bool virtqueue_idle(const struct virtqueue *queue); /* nothing is with the device */
static inline unsigned int virtqueue_free(const struct virtqueue *queue)
{
    return queue->broken ? 0 : queue->free_count;
}

/*
 * Asks for an interrupt when the next chain is finished.  True: one is already,
 * and the interrupt may not come: take it now.  A hint to the device only.
 */
bool virtqueue_want_interrupt(struct virtqueue *queue);
void virtqueue_no_interrupt(struct virtqueue *queue); /* the state after init */

#endif
