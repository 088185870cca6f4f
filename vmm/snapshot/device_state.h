/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a machine's devices, as plain data: what a driver has set up and how far its queues
 * have come.  Host descriptors are not part of it.
 */
#ifndef VMM_SNAPSHOT_DEVICE_STATE_H
#define VMM_SNAPSHOT_DEVICE_STATE_H

#include "vmm/dev/ctl_port.h"
#include "vmm/dev/ioapic.h"
#include "vmm/dev/uart.h"
#include "vmm/dev/virtio/mmio.h"

struct queue_state {
    uint64_t desc_gpa, avail_gpa, used_gpa;
    uint16_t size, next_avail, next_used, signalled_used;
    uint8_t ready, event_idx, indirect, signalled_valid;
    uint32_t padding;
};

struct slot_state {
    uint32_t id; /* of the device: a slot is loaded into one of its kind only */
    uint32_t interrupt_status;
    uint32_t device_features_sel, driver_features_sel, queue_sel;
    uint32_t sent; /* of a console, see struct console */
    uint64_t features, driver_features;
    uint8_t status, config_generation, in_ended, padding[5];
    struct queue_state queues[VIRTIO_QUEUES_MAX];
};

struct chip_state {
    uint32_t ioapic_select, ioapic_id, ioapic_lines, ioapic_pending;
    uint64_t ioapic_redirection[IOAPIC_PINS];
    uint64_t signals; /* of the control port */
    uint32_t stats_frame;
    uint8_t ier, lcr, mcr, scratch, divisor[2], thr_interrupt, padding[5];
};
_Static_assert(sizeof(struct slot_state) % 8 == 0 && sizeof(struct chip_state) % 8 == 0,
               "snapshots add up 64-bit words");

/* A virtio device with its transport; the caller holds the device's lock. */
void slot_state_save(const struct virtio_mmio *mmio, struct slot_state *state);
/* -EPROTO: that is no state which this device can be in. */
int slot_state_load(struct virtio_mmio *mmio, const struct slot_state *state);
void chip_state_save(struct ioapic *ioapic, struct ctl_port *ctl, struct uart *uart,
                     struct chip_state *state);
void chip_state_load(struct ioapic *ioapic, struct ctl_port *ctl, struct uart *uart,
                     const struct chip_state *state);

#endif
