/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entropy device.  A request is answered in part when it asks for much: the
 * device may (5.4.6), and the time under the lock stays bounded.
 */
#include "vmm/dev/virtio/rng.h"

#include <errno.h>
#include <linux/virtio_ids.h>

#define REQUEST_BYTES_MAX 4096u

/* Bytes written, or -EPROTO. */
static int64_t answer(struct virtio_device *device, struct virtq *queue,
                      const struct virtq_chain *chain)
{
    struct rng *rng = (struct rng *)device; /* its first member */
    struct iovec iov[VIRTQ_SEGMENTS_MAX];
    int count = virtq_iov(queue, chain, true, 0, REQUEST_BYTES_MAX, iov);
    size_t total = 0;

    if (count <= 0 || chain->readable > 0) {
        return -EPROTO;
    }
    for (int i = 0; i < count; i++) {
        if (rng->fill(iov[i].iov_base, iov[i].iov_len) != 0) {
            break;
        }
        total += iov[i].iov_len;
    }
    return (int64_t)total;
}

static void notify(struct virtio_device *device, unsigned int index)
{
    virtio_device_serve(device, index, answer);
}

static const struct virtio_device_ops rng_ops = {
    .id = VIRTIO_ID_RNG,
    .queue_count = 1,
    .notify = notify,
};

void rng_init(struct rng *rng, const struct guest_mem *mem, const atomic_bool *ended,
              int (*fill)(void *, size_t))
{
    rng->fill = fill;
    virtio_device_init(&rng->device, &rng_ops, mem, ended, NULL, 0);
}

void rng_destroy(struct rng *rng)
{
    virtio_device_destroy(&rng->device);
}
