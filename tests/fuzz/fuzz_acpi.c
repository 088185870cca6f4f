/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as physical memory: looking for tables reads nothing outside and ends. */
/* links: guest/drivers/acpi_tables.c guest/drivers/acpi_fadt.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi_fadt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *memory;
static uint64_t memory_size;

/* Tables carry checksums that a fuzzer does not find: every mapped table gets a right one. */
static const void *map(uint64_t address, uint64_t size)
{
    if (address < 4096 || address - 4096 > memory_size || size > memory_size - (address - 4096))
        return NULL;
    uint8_t *at = memory + (address - 4096);
    if (size > sizeof(struct acpi_header)) {
        uint8_t sum = 0;
        for (uint64_t i = 0; i < size; i++)
            sum = (uint8_t)(sum + at[i]);
        at[9] = (uint8_t)(at[9] - sum);
    } else if (size == 20 || size == 36) {
        size_t where = size == 20 ? 8 : 32;
        uint8_t sum = 0;
        if (memcmp(at, "RSD PTR ", 8) != 0)
            return at;
        for (uint64_t i = 0; i < size; i++)
            sum = (uint8_t)(sum + at[i]);
        at[where] = (uint8_t)(at[where] - sum);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acpi_virtio_mmio devices[8];
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    struct acpi_ecam ecam;
    uint8_t types[2];
    memory = malloc(size == 0 ? 1 : size);
    memory_size = size;
    memcpy(memory, data, size);
    const struct acpi_header *table = acpi_tables_find(map, 4096, ACPI_MADT_SIGNATURE, 0);
    if (table != NULL)
        (void)acpi_madt_read(table, &madt);
    table = acpi_tables_find(map, 4096, ACPI_FADT_SIGNATURE, 0);
    if (table != NULL && acpi_fadt_read(table, &fadt))
        table = acpi_tables_dsdt(map, table);
    if (table != NULL) {
        (void)acpi_dsdt_virtio_mmio(table, devices, 8);
        (void)acpi_find_s5(table, types);
    }
    table = acpi_tables_find(map, 4096, ACPI_MCFG_SIGNATURE, 0);
    if (table != NULL)
        (void)acpi_mcfg_read(table, &ecam);
    table = acpi_tables_find(map, 4096, ACPI_HPET_SIGNATURE, 0);
    if (table != NULL)
        (void)acpi_hpet_address(table);
    free(memory);
    return 0;
}
