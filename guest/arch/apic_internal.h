/* SPDX-License-Identifier: BSD-2-Clause */
/* The LAPIC timer, for clock.c only: apic.c owns the registers.  Intel SDM 3A, 11.5.4. */
#ifndef ARCH_APIC_INTERNAL_H
#define ARCH_APIC_INTERNAL_H

#include "lib/types.h"

/* One-shot; the interrupt comes when TSC reaches tsc (at once if it has). */
void apic_timer_arm(uint64_t tsc);
void apic_timer_disarm(void);

#endif
