/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ACPI says about power and clocks: FADT (5.2.9), the package \_S5 in AML (7.4.2),
 * HPET (IA-PC HPET 1.0a, 3.2.4).  Tables may be wrong in any way; checked as in
 * acpi_tables.h, of which this is a part.  Pure; no hardware.
 */
#ifndef DRIVERS_ACPI_FADT_H
#define DRIVERS_ACPI_FADT_H

#include "drivers/acpi_tables.h"

#define ACPI_HPET_SIGNATURE "HPET"
#define ACPI_SSDT_SIGNATURE "SSDT"

/* 5.2.3.2 generic address */
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };
struct acpi_register {
    uint64_t address; /* 0: there is no such register */
    uint8_t space; /* enum acpi_space; others are taken for no register */
};

struct acpi_fadt {
    struct acpi_register pm1a_control, pm1b_control; /* 4.8.3.2 */
    struct acpi_register sleep_control; /* 4.8.3.7 */
    struct acpi_register reset; /* 4.8.3.6; none unless the flag says that it works */
    struct acpi_register pm_timer; /* 4.8.3.3 */
    uint32_t pm_timer_mask; /* 24 or 32 bits */
    uint8_t reset_value;
    bool reduced_hardware; /* sleep_control is used, and there is no PM1 */
    uint32_t smi_command; /* port; 0: ACPI is always on */
    uint8_t acpi_enable; /* what turns it on there */
};
/* False: too short for anything.  Registers that a short table lacks are none. */
bool acpi_fadt_read(const struct acpi_header *fadt, struct acpi_fadt *out);

/* The sleep types of \_S5 for PM1a and PM1b, 0..7, in a DSDT or SSDT; false: not there. */
bool acpi_find_s5(const struct acpi_header *table, uint8_t types[2]);

/* Where the HPET's registers are; 0: nowhere that we can reach. */
uint64_t acpi_hpet_address(const struct acpi_header *hpet);

#endif
