/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7), with indirect
 * descriptors and event index.  The driver is hostile: everything it can
 * change is read once, checked, and used from the copy.
 *
 *   guest                       this file
 *   descriptors, avail ring --> virtq_pop()   a chain, copied and bounded
 *   used ring               <-- virtq_push()
 *
 * Locking: the owner's (the device lock).  Errors: -EPROTO when the driver
 * broke the protocol; the queue is then unusable until it is set up again.
 */
#ifndef VMM_DEV_VIRTIO_QUEUE_H
#define VMM_DEV_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/mem/guest_mem.h"

#define VIRTQ_SIZE_MAX 128u
/* Segments of one chain: as long as the ring, or one indirect table. */
#define VIRTQ_SEGMENTS_MAX 128u
/* Bytes of one chain; its length is reported in 32 bits (2.7.8.2). */
#define VIRTQ_CHAIN_BYTES_MAX (256u << 20)

struct virtq_segment {
    uint64_t gpa;
    uint32_t length; /* bytes, not 0 */
};

/* Device-readable segments come first (2.7.4.2). */
struct virtq_chain {
    uint16_t head;
    uint16_t readable; /* segments[0 .. readable) */
    uint16_t writable; /* segments[readable .. readable + writable) */
    uint32_t readable_bytes, writable_bytes;
    struct virtq_segment segments[VIRTQ_SEGMENTS_MAX];
};

struct virtq {
    /* As the driver configured it; read by the transport. */
    uint16_t size_max;
    uint16_t size; /* power of two up to size_max, checked by virtq_enable() */
    bool ready;
    uint64_t desc_gpa, avail_gpa, used_gpa;

    /* Valid while ready.  The rings lie in anonymous RAM that never moves. */
    const struct guest_mem *mem;
    uint8_t *desc, *avail, *used;
    bool event_idx, indirect;
    uint16_t next_avail; /* of the next chain to take */
    uint16_t next_used; /* of the next element to give back */
    uint16_t signalled_used; /* next_used when the driver was last interrupted */
    bool signalled_valid;
};

/* Back to the state after reset; size_max stays. */
void virtq_reset(struct virtq *queue);
/* Checks the addresses and makes it ready; -EPROTO. */
int virtq_enable(struct virtq *queue, const struct guest_mem *mem, bool event_idx, bool indirect);
/* 1: *chain is filled; 0: nothing is there; -EPROTO. */
int virtq_pop(struct virtq *queue, struct virtq_chain *chain);
/* Takes the last popped chain back: it will be popped again. */
void virtq_unpop(struct virtq *queue);
/* Gives the chain back, with the bytes written into its writable part. */
void virtq_push(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
/* Should the driver be interrupted for what was pushed since the last time? */
bool virtq_wants_interrupt(struct virtq *queue);
void virtq_disable_notify(struct virtq *queue);
/* True when chains arrived meanwhile: process them, nobody will notify for them. */
bool virtq_enable_notify(struct virtq *queue);

/*
 * I/O vectors of a part of the chain: from byte skip on, at most limit bytes.
 * Returns their number (0: nothing left), or -EFAULT when a segment is not in
 * memory that such an access may reach.
 */
int virtq_iov(const struct virtq *queue, const struct virtq_chain *chain, bool writable,
              uint32_t skip, uint32_t limit, struct iovec iov[VIRTQ_SEGMENTS_MAX]);
/* Copies between the chain's readable or writable bytes and a buffer; -EFAULT, -EINVAL. */
int virtq_copy_in(const struct virtq *queue, const struct virtq_chain *chain, uint32_t skip,
                  void *to, uint32_t length);
int virtq_copy_out(const struct virtq *queue, const struct virtq_chain *chain, uint32_t skip,
                   const void *from, uint32_t length);

#endif
