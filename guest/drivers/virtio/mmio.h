/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-mmio, version 2 (virtio 1.2, section 4.2), announced as
 * "virtio_mmio.device=SIZE@ADDR:GSI[:ID]" on the command line.  Only virtio.c
 * and the unit tests include this.
 */
#ifndef DRIVERS_VIRTIO_MMIO_H
#define DRIVERS_VIRTIO_MMIO_H

#include "drivers/virtio/virtio.h"

/* A device from "SIZE@ADDR:GSI[:ID]"; false if it is anything else. */
bool virtio_mmio_parse(const char *text, struct virtio_device *dev);
/* The same from numbers; size in bytes. */
bool virtio_mmio_describe(uint64_t address, uint64_t size, uint64_t gsi, struct virtio_device *dev);
/*
 * Maps the registers and reads what the device is, unless dev->kind says it already;
 * VIRTIO_KIND_NONE: unusable.
 */
uint32_t virtio_mmio_probe(struct virtio_device *dev);

#endif
