/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all virtio devices have in common (virtio 1.2, section 2): features,
 * status, queues, and a table of functions per kind.  A device does not know
 * its transport; the transport does not know the device.
 *
 * Locking: device->lock guards the device, its queues and its transport's
 * registers.  Every function of the table is called with it held.  It is the
 * innermost lock but for the event loop's.  Nothing blocks under it, except
 * disk reads and writes.
 */
#ifndef VMM_DEV_VIRTIO_DEVICE_H
#define VMM_DEV_VIRTIO_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/dev/virtio/queue.h"

#define VIRTIO_QUEUES_MAX 2u

struct virtio_device;

struct virtio_device_ops {
    uint32_t id; /* VIRTIO_ID_* */
    unsigned int queue_count;
    uint64_t features; /* beside those every device has */
    /* The driver made buffers available. */
    void (*notify)(struct virtio_device *device, unsigned int queue);
    /* Back to power-on state; queues are reset by the caller.  May be NULL. */
    void (*reset)(struct virtio_device *device);
};

struct virtio_device {
    const struct virtio_device_ops *ops;
    const struct guest_mem *mem;
    /* True once the VM ends: loops over queues end then, so none is endless. */
    const atomic_bool *ended;
    const void *config; /* configuration space, read-only to the driver */
    size_t config_size;

    /* Interrupts the driver, set by the transport: used buffers, or configuration. */
    void (*interrupt)(void *transport, bool config_changed);
    void *transport;

    pthread_mutex_t lock;
    uint64_t features; /* offered */
    uint64_t driver_features; /* accepted */
    uint8_t status; /* VIRTIO_CONFIG_S_* */
    uint8_t config_generation;
    struct virtq queues[VIRTIO_QUEUES_MAX];
};

void virtio_device_init(struct virtio_device *device, const struct virtio_device_ops *ops,
                        const struct guest_mem *mem, const atomic_bool *ended, const void *config,
                        size_t config_size);
static inline bool virtio_device_ended(const struct virtio_device *device)
{
    return atomic_load_explicit(device->ended, memory_order_relaxed);
}
void virtio_device_destroy(struct virtio_device *device);

/* ---- With the lock held ------------------------------------------------- */

/* The driver writes the status register; writing 0 resets. */
void virtio_device_set_status(struct virtio_device *device, uint8_t status);
/* The driver says queue_ready = 1. */
void virtio_device_enable_queue(struct virtio_device *device, unsigned int queue);
/* True while requests may be processed: DRIVER_OK, and not broken. */
bool virtio_device_running(const struct virtio_device *device);
/* The driver broke the protocol: DEVICE_NEEDS_RESET (2.1.2), no queue is looked at again. */
void virtio_device_break(struct virtio_device *device);
/* Interrupts for pushed buffers if the driver wants that. */
void virtio_device_signal_used(struct virtio_device *device, unsigned int queue);
void virtio_device_config_changed(struct virtio_device *device);
/*
 * Answers every request of a queue, one after the other; for the notify
 * function of devices that need not wait for anything.  answer() returns how
 * many bytes it wrote into the chain; a negative errno breaks the device.
 */
void virtio_device_serve(struct virtio_device *device, unsigned int queue,
                         int64_t (*answer)(struct virtio_device *device, struct virtq *queue,
                                           const struct virtq_chain *chain));

/* ---- Takes the lock ------------------------------------------------------ */

void virtio_device_notify(struct virtio_device *device, unsigned int queue);

#endif
