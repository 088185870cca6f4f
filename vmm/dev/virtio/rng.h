/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng (virtio 1.2, 5.4): random bytes of the host.
 */
#ifndef VMM_DEV_VIRTIO_RNG_H
#define VMM_DEV_VIRTIO_RNG_H

#include "vmm/dev/virtio/device.h"

struct rng {
    struct virtio_device device;
    /* Fills length bytes of a buffer that the guest shares; negative errno. */
    int (*fill)(void *buffer, size_t length);
};

void rng_init(struct rng *rng, const struct guest_mem *mem, const atomic_bool *ended,
              int (*fill)(void *, size_t));
void rng_destroy(struct rng *rng);

#endif
