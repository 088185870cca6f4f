/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control port of boot/guest_abi.h: the guest's last word (exit status),
 * its reports, and signals from the host.  Knows nothing of who receives them.
 *
 * Locking: none; reports come one at a time per vCPU, the signal set is
 * atomic because ctl_port_signal() is called from signal handlers.
 */
#ifndef VMM_DEV_CTL_PORT_H
#define VMM_DEV_CTL_PORT_H

#include <stdatomic.h>
#include <stdint.h>

#include "vmm/bus/bus.h"
#include "vmm/bus/irq_line.h"

#define CTL_PORT_SIZE 12u
#define CTL_SIGNALS_MAX 64

struct ctl_port {
    struct irq_line line;
    /* kind: enum guest_ctl_kind, unchecked; stats_frame: what was written to the stats port. */
    void (*report)(void *arg, uint32_t kind, uint8_t value, uint32_t stats_frame);
    void *arg;
    _Atomic(uint64_t) signals; /* bit N - 1: signal N waits */
    _Atomic(uint32_t) stats_frame;
    /* The guest names its call area by a page frame; NULL: calls are not offered. */
    void (*area)(void *arg, uint32_t frame);
};

extern const struct bus_ops ctl_port_bus_ops;

/* Any thread, async-signal-safe; -EINVAL unless 1 <= number <= CTL_SIGNALS_MAX. */
int ctl_port_signal(struct ctl_port *ctl, int number);
/* The guest is to look at its memory: IN may well give 0 then.  Any thread. */
void ctl_port_attention(struct ctl_port *ctl);

#endif
