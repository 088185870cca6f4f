/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI, modern devices (virtio 1.2, section 4.1), with MSI-X where the device
 * has it, else an interrupt pin.  Only virtio.c and the unit tests include this.
 */
#ifndef DRIVERS_VIRTIO_PCI_H
#define DRIVERS_VIRTIO_PCI_H

#include "drivers/virtio/virtio.h"

/* The virtio devices on PCI, not probed, in the order of their addresses: how many. */
unsigned int virtio_pci_list(struct virtio_device *devices, unsigned int max);

#endif
