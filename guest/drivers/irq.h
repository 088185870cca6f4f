/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device interrupts by GSI (global system interrupt): one handler each.  The
 * first registration reads the MADT; a system without device interrupts in use
 * never looks at it.
 */
#ifndef DRIVERS_IRQ_H
#define DRIVERS_IRQ_H

#include "iface/interrupt.h"

#define IRQ_GSI_MAX 128u
#define IRQ_MSI_MAX 64u /* messages in use at a time */

typedef void irq_handler(void *arg);

/*
 * Edge-triggered, active high: what virtio-mmio and our own monitor use.  The
 * handler runs with interrupts disabled and must not sleep.  0, -EINVAL, -EBUSY
 * (another handler has it), or what ioapic_enable() says.
 */
int irq_register(unsigned int gsi, irq_handler *handler, void *arg);
/* The same for a level-triggered line, PCI's: as the MADT says, else active high. */
int irq_register_level(unsigned int gsi, irq_handler *handler, void *arg);
/*
 * A message-signalled interrupt (Intel SDM 3A, 11.11): what the device is to write where.
 * For ever: messages are not given back.  0, -ENOSPC (all are in use), -EINVAL (this CPU
 * cannot be named in a message).
 */
int irq_register_message(irq_handler *handler, void *arg, uint64_t *address, uint32_t *data);
/* From the trap handler of main.c: a vector of a device.  False: nobody's. */
bool irq_dispatch(unsigned int vector);

#define IRQ_ENTRIES (IRQ_GSI_MAX + IRQ_MSI_MAX)
/* For /proc/interrupts, with index 0, 1, ...: 1, 0 (nobody has it), -1 behind the last. */
int irq_show(unsigned int index, struct interrupt_shown *shown);

#endif
