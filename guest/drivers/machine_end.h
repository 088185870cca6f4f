/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a machine that has no monitor of ours: it is said how the program ended, then
 * the machine is turned off, or does what "exit=poweroff|reboot|halt" asks for.
 */
#ifndef DRIVERS_MACHINE_END_H
#define DRIVERS_MACHINE_END_H

#include "boot/guest_abi.h"
#include "lib/types.h"

/* From anywhere, as control_end().  What cannot be done falls back to the next: off, reset, halt.
 */
NORETURN void machine_end(enum guest_ctl_kind kind, uint8_t value);

#endif
