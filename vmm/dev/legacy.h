/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of the PC for foreign kernels: ports that answer "nobody is
 * there" (keyboard controller, CMOS, timer, PIC, PCI configuration, more
 * serial ports), and the three ways to switch the machine off or reset it.
 */
#ifndef VMM_DEV_LEGACY_H
#define VMM_DEV_LEGACY_H

#include "vmm/bus/bus.h"

struct legacy {
    void (*power_off)(void *arg, bool reset);
    void *arg;
};

/* Negative errno when the bus is full. */
int legacy_add(struct legacy *legacy, struct bus *ports);

#endif
