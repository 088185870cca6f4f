/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMIO transport (virtio 1.2, 4.2), one register page per device.  Does
 * not know which device is behind it.  Registers are guarded by the device's
 * lock; the line is raised with it held.
 */
#ifndef VMM_DEV_VIRTIO_MMIO_H
#define VMM_DEV_VIRTIO_MMIO_H

#include "vmm/bus/bus.h"
#include "vmm/bus/irq_line.h"
#include "vmm/dev/virtio/device.h"

#define VIRTIO_MMIO_SIZE 0x1000u
/* After so many notifications a queue counts as busy. */
#define VIRTIO_MMIO_BUSY_KICKS 64u

struct virtio_mmio {
    struct virtio_device *device;
    struct irq_line line;
    /* A queue is notified often: called once per queue, without the lock; may be NULL. */
    void (*busy)(void *arg, struct virtio_mmio *mmio, unsigned int queue);
    void *arg;

    uint32_t interrupt_status; /* VIRTIO_MMIO_INT_* */
    uint32_t device_features_sel, driver_features_sel, queue_sel;
    uint32_t kicks[VIRTIO_QUEUES_MAX]; /* saturates at VIRTIO_MMIO_BUSY_KICKS */
};

extern const struct bus_ops virtio_mmio_bus_ops;

void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio_device *device,
                      const struct irq_line *line);

#endif
