/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables (ACPI 6.4, chapter 5): found, checked and read.  The tables come
 * from firmware or a monitor and may be wrong in any way: lengths, checksums and
 * counts are checked, memory is reached through the caller's map function only.
 */
#ifndef DRIVERS_ACPI_TABLES_H
#define DRIVERS_ACPI_TABLES_H

#include "lib/types.h"

/* 5.2.6 system description table header */
struct acpi_header {
    char signature[4];
    uint32_t length; /* of the whole table */
    uint8_t revision;
    uint8_t checksum; /* all bytes add up to 0 */
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    uint32_t creator_id;
    uint32_t creator_revision;
} __attribute__((packed)); /* tables may lie at any address */
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

#define ACPI_TABLE_SIZE_MAX (1u << 20) /* larger ones are refused */
#define ACPI_TABLES_MAX 64u /* entries of the root table that are looked at */
#define ACPI_MADT_SIGNATURE "APIC"
#define ACPI_FADT_SIGNATURE "FACP"
#define ACPI_MCFG_SIGNATURE "MCFG"

/* Physical memory as a pointer, readable for size bytes; NULL: not there. */
typedef const void *acpi_map_fn(uint64_t address, uint64_t size);

/* The index-th table with a signature, checked; NULL: there is none. */
const struct acpi_header *acpi_tables_find(acpi_map_fn *map, uint64_t rsdp, const char *signature,
                                           unsigned int index);
/* A table by its address, checked; NULL if it is not what it should be. */
const struct acpi_header *acpi_tables_at(acpi_map_fn *map, uint64_t address, const char *signature);
/* The DSDT that a checked FADT names; NULL: none. */
const struct acpi_header *acpi_tables_dsdt(acpi_map_fn *map, const struct acpi_header *fadt);

/* What the MADT says (5.2.12). */
#define ACPI_CPUS_MAX 64u
#define ACPI_IOAPICS_MAX 4u
struct acpi_madt {
    uint64_t lapic_address;
    uint32_t cpu_count; /* enabled ones; more than ACPI_CPUS_MAX are not counted */
    uint32_t apic_ids[ACPI_CPUS_MAX];
    uint64_t low_gsis; /* bit per GSI: overridden to be active low (5.2.12.5) */
    uint64_t high_gsis; /* ... to be active high */
    uint32_t ioapic_count;
    struct {
        uint64_t address;
        uint32_t gsi_base;
    } ioapics[ACPI_IOAPICS_MAX];
};
/* False when the table is malformed; what was read before that is kept. */
bool acpi_madt_read(const struct acpi_header *madt, struct acpi_madt *out);

#define ACPI_ECAM_BUS_SHIFT 20 /* bytes of a bus */
/* PCI's configuration space in memory (PCI Firmware 3.2, 4.1.2), segment 0. */
struct acpi_ecam {
    uint64_t address; /* of bus 0, even where that is not there */
    uint8_t first_bus, last_bus;
};
/* False: the MCFG has no range of segment 0 that makes sense. */
bool acpi_mcfg_read(const struct acpi_header *mcfg, struct acpi_ecam *out);

/* A virtio-mmio device that a DSDT names (_HID "LNRO0005"). */
struct acpi_virtio_mmio {
    uint64_t address;
    uint32_t size;
    uint32_t gsi;
};
/*
 * QEMU's microvm and others list virtio-mmio devices in AML.  No interpreter: the
 * resource template behind each such _HID is read.  Returns how many were found.
 */
unsigned int acpi_dsdt_virtio_mmio(const struct acpi_header *dsdt, struct acpi_virtio_mmio *devices,
                                   unsigned int max);

#endif
