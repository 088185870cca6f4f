/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-rng as the seed of last resort: only used when neither boot seed nor CPU gave any. */
#ifndef DRIVERS_VIRTIO_RNG_H
#define DRIVERS_VIRTIO_RNG_H

/* For random_set_source(): reads 64 bytes from the first such device; may sleep. */
void virtio_rng_seed(void);

#endif
