/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables of our machine (ACPI 6.4): MADT for everybody; for foreign
 * kernels also FADT (hardware-reduced) and a DSDT that names the serial port
 * and the virtio-mmio devices.
 */
#ifndef VMM_LOAD_ACPI_H
#define VMM_LOAD_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acpi_machine {
    unsigned int cpus;
    uint32_t virtio_slots; /* bit N: slot N has a device */
    bool foreign; /* write FADT and DSDT */
};

/*
 * Writes the tables to buffer, which the guest sees at gpa (16-byte aligned).
 * Returns the bytes used, 0 when they do not fit; the RSDP comes first.
 */
size_t acpi_write(const struct acpi_machine *machine, uint8_t *buffer, size_t size, uint64_t gpa);

#endif
