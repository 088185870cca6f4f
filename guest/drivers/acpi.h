/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI as far as the kernel needs it: tables by name, and what the MADT says
 * about processors and interrupt controllers.  Everything is lazy: boot only
 * remembers where the RSDP is.
 */
#ifndef DRIVERS_ACPI_H
#define DRIVERS_ACPI_H

#include "drivers/acpi_tables.h"

/* Boot: physical address of the RSDP, 0 for none.  Touches nothing. */
void acpi_init(uint64_t rsdp);
/* A checked, mapped table, or NULL.  Any time after paging_init(). */
const struct acpi_header *acpi_find(const char *signature, unsigned int index);
const struct acpi_header *acpi_find_dsdt(void);
/*
 * Fills arch's apic_config from the MADT, once; defaults of the PC stay where
 * there is none (one CPU, LAPIC and IOAPIC at their usual places).  Call it
 * before cpu_count or the IOAPIC's address is needed.
 */
void acpi_load_apic_config(void);
/* Is a level-triggered interrupt active low?  As PCI's are where the MADT says nothing. */
bool acpi_line_is_low(unsigned int gsi);
/* Where PCI's configuration space is in memory; false: nowhere. */
bool acpi_find_ecam(struct acpi_ecam *ecam);
/* virtio-mmio devices that the DSDT names; for monitors that do not use the command line. */
unsigned int acpi_virtio_mmio(struct acpi_virtio_mmio *devices, unsigned int max);

#endif
