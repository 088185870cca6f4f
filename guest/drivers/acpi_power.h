/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turning a machine off and resetting it by ACPI's registers, and its clocks.  Nothing is
 * read before it is wanted.
 */
#ifndef DRIVERS_ACPI_POWER_H
#define DRIVERS_ACPI_POWER_H

#include "arch/clock.h"

/* Come back where ACPI does not offer it, or it does not happen within some milliseconds.  At any
 * time after paging_init(), from anywhere. */
void acpi_power_off(void);
void acpi_reset(void);

/* For clock_set_references(): the HPET, then the PM timer. */
bool acpi_clock_reference(unsigned int index, struct clock_reference *out);

#endif
