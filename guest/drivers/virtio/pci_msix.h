/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a virtio PCI device, and the structure that they share with the
 * transport (pci.c).
 *
 * Messages: vector 0 of the device's table is for changes of its configuration, the others are
 * dealt out to queues in turn, one each if there are enough.  A queue is told its vector
 * before it is enabled (virtio 1.2, 4.1.4.3.2), while the table is masked as a whole; what
 * happens until somebody wants interrupts stays pending in the device.
 */
#ifndef DRIVERS_VIRTIO_PCI_MSIX_H
#define DRIVERS_VIRTIO_PCI_MSIX_H

#include "drivers/pci.h"
#include "drivers/virtio/virtio.h"

#define VIRTIO_PCI_QUEUES_MAX 18u /* a console of 8 ports */
#define MSIX_VECTORS_MAX (1u + VIRTIO_PCI_QUEUES_MAX)

struct msix {
    unsigned int capability; /* its offset in config space */
    unsigned int count; /* vectors in use; 0: the device has no messages */
    uint64_t table_address;
};

struct virtio_pci {
    pci_address address;
    volatile struct virtio_pci_common *common;
    volatile uint8_t *notify, *config;
    const volatile uint8_t *isr;
    uint32_t notify_bytes, notify_multiplier, config_bytes;
    uint32_t notify_at[VIRTIO_PCI_QUEUES_MAX];
    struct msix msix;
    struct virtio_device *next_on_pin; /* those with pins, for sharing */
};

/* Looks for usable messages, and has them masked; without any, count stays 0. */
void virtio_pci_find_msix(struct virtio_pci *pci, unsigned int queues);
/* The transport's route operation: messages, else the pin. */
int virtio_pci_route(struct virtio_device *dev);

/* With one vector only, it serves queues and configuration. */
static inline uint16_t msix_vector_of_queue(const struct msix *msix, unsigned int queue)
{
    return msix->count == 1 ? 0 : (uint16_t)(1 + queue % (msix->count - 1));
}

#endif
