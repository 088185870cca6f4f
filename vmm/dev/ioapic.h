/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O interrupt controller (Intel 82093AA datasheet): 24 pins, each with
 * a redirection entry; an interrupt is a message to the local APICs.
 *
 * Locking: none; every field is atomic, because lines are also raised from
 * signal handlers.  Levels: a pin programmed as level-triggered sends its
 * message each time its device asserts it, also when it was asserted already;
 * there is no wait for the end of interrupt (our devices repeat the assertion
 * as long as something is left).
 */
#ifndef VMM_DEV_IOAPIC_H
#define VMM_DEV_IOAPIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus/bus.h"

#define IOAPIC_PINS 24u
#define IOAPIC_MMIO_SIZE 0x100u

struct ioapic {
    /* Sends a message-signalled interrupt; async-signal-safe. */
    void (*send)(void *arg, uint64_t address, uint32_t data);
    void *arg;
    _Atomic(uint32_t) select;
    _Atomic(uint32_t) id;
    _Atomic(uint32_t) lines; /* levels, bit per pin */
    _Atomic(uint32_t) pending; /* edges that came while masked */
    _Atomic(uint64_t) redirection[IOAPIC_PINS];
};

extern const struct bus_ops ioapic_bus_ops;

void ioapic_init(struct ioapic *ioapic, void (*send)(void *, uint64_t, uint32_t), void *arg);
/* An irq_line's set(); pins out of range are ignored. */
void ioapic_set_line(void *ioapic, unsigned int pin, bool level);

#endif
