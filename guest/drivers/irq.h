/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device interrupts by GSI (global system interrupt): one handler each.  The
 * first registration reads the MADT; a system without device interrupts in use
 * never looks at it.
 */
#ifndef DRIVERS_IRQ_H
#define DRIVERS_IRQ_H

#include "lib/types.h"

#define IRQ_GSI_MAX 128u

typedef void irq_handler(void *arg);

/*
 * Edge-triggered, active high: what virtio-mmio and our own monitor use.  The
 * handler runs with interrupts disabled and must not sleep.  0, -EINVAL, -EBUSY
 * (another handler has it), or what ioapic_enable() says.
 */
int irq_register(unsigned int gsi, irq_handler *handler, void *arg);
/* From the trap handler of main.c: a vector of a device.  False: nobody's. */
bool irq_dispatch(unsigned int vector);

#endif
