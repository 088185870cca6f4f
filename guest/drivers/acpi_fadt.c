/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading of the FADT, of \_S5 and of the HPET's table.  See acpi_fadt.h; pure. */
#include "drivers/acpi_fadt.h"

#include "lib/string.h"

/* Offsets of table 5.9. */
enum {
    FADT_SMI_COMMAND = 48,
    FADT_ACPI_ENABLE = 52,
    FADT_PM1A_CONTROL = 64,
    FADT_PM1B_CONTROL = 68,
    FADT_PM_TIMER = 76,
    FADT_FLAGS = 112,
    FADT_RESET = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_X_PM_TIMER = 208,
    FADT_SLEEP_CONTROL = 244,
};
#define FLAG_TIMER_32_BITS (1u << 8)
#define FLAG_RESET (1u << 10)
#define FLAG_REDUCED_HARDWARE (1u << 20)
#define GAS_SIZE 12u
#define PORTS 0x10000u
#define PHYSICAL_END (1ull << 46)

static uint64_t get(const struct acpi_header *table, uint32_t at, unsigned int size)
{
    uint64_t value = 0;

    if (at + size <= table->length)
        memcpy(&value, (const uint8_t *)table + at, size);
    return value;
}

/* A generic address at an offset; what we cannot reach is none. */
static struct acpi_register get_register(const struct acpi_header *table, uint32_t at)
{
    struct acpi_register none = {0}, found;

    if (at + GAS_SIZE > table->length)
        return none;
    found.space = (uint8_t)get(table, at, 1);
    found.address = get(table, at + 4, 8);
    switch (found.space) {
    case ACPI_SPACE_MEMORY:
        return found.address < PHYSICAL_END ? found : none;
    case ACPI_SPACE_IO:
        return found.address < PORTS ? found : none;
    case ACPI_SPACE_PCI:
        return found;
    default:
        return none;
    }
}

/* The register of 64 bits, or else the port of the first version. */
static struct acpi_register get_either(const struct acpi_header *table, uint32_t wide,
                                       uint32_t port)
{
    struct acpi_register found = get_register(table, wide);
    uint64_t old = get(table, port, 4);

    if (found.address == 0 && old < PORTS)
        found = (struct acpi_register){.address = old, .space = ACPI_SPACE_IO};
    return found;
}

bool acpi_fadt_read(const struct acpi_header *fadt, struct acpi_fadt *out)
{
    *out = (struct acpi_fadt){0};
    if (fadt->length < FADT_FLAGS + 4)
        return false;
    uint32_t flags = (uint32_t)get(fadt, FADT_FLAGS, 4);
    out->reduced_hardware = (flags & FLAG_REDUCED_HARDWARE) != 0;
    if (out->reduced_hardware) {
        out->sleep_control = get_register(fadt, FADT_SLEEP_CONTROL);
    } else {
        out->pm1a_control = get_either(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL);
        out->pm1b_control = get_either(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL);
        out->pm_timer = get_either(fadt, FADT_X_PM_TIMER, FADT_PM_TIMER);
        out->smi_command = (uint32_t)get(fadt, FADT_SMI_COMMAND, 4);
        out->acpi_enable = (uint8_t)get(fadt, FADT_ACPI_ENABLE, 1);
        if (out->smi_command >= PORTS || out->acpi_enable == 0)
            out->smi_command = 0;
    }
    out->pm_timer_mask = flags & FLAG_TIMER_32_BITS ? UINT32_MAX : 0xffffffu;
    if (flags & FLAG_RESET) {
        out->reset = get_register(fadt, FADT_RESET);
        out->reset_value = (uint8_t)get(fadt, FADT_RESET_VALUE, 1);
    }
    return true;
}

/* ---- \_S5 ------------------------------------------------------------------ */

/* AML, 20.2.2 to 20.2.5 */
#define AML_NAME 0x08u
#define AML_PACKAGE 0x12u
#define AML_BYTE 0x0au
#define AML_WORD 0x0bu
#define AML_DWORD 0x0cu
#define SLEEP_TYPE_MAX 7u

/* An integer constant at *p; false: something else. */
static bool take_integer(const uint8_t **p, const uint8_t *end, uint32_t *value)
{
    unsigned int bytes = 0;

    if (*p >= end)
        return false;
    uint8_t op = *(*p)++;
    if (op == AML_BYTE)
        bytes = 1;
    else if (op == AML_WORD)
        bytes = 2;
    else if (op == AML_DWORD)
        bytes = 4;
    else if (op > 1) /* ZeroOp, OneOp */
        return false;
    *value = op;
    if (bytes == 0)
        return true;
    if ((size_t)(end - *p) < bytes)
        return false;
    *value = 0;
    memcpy(value, *p, bytes);
    *p += bytes;
    return true;
}

/* Name (_S5, Package (n) {a, b, ...}): p is behind the name. */
static bool read_package(const uint8_t *p, const uint8_t *end, uint8_t types[2])
{
    uint32_t value[2] = {0, 0};

    if (end - p < 3 || *p++ != AML_PACKAGE)
        return false;
    p += 1 + (*p >> 6); /* the length's own bytes; what is behind the package is not read */
    if (p >= end)
        return false;
    uint8_t count = *p++;
    for (unsigned int i = 0; i < 2 && i < count; i++) {
        if (!take_integer(&p, end, &value[i]))
            return false;
    }
    if (count == 1) /* one integer of two bytes, in old tables */
        value[1] = value[0] >> 8;
    types[0] = value[0] & 0xffu;
    types[1] = value[1] & 0xffu;
    return count != 0 && types[0] <= SLEEP_TYPE_MAX && types[1] <= SLEEP_TYPE_MAX;
}

bool acpi_find_s5(const struct acpi_header *table, uint8_t types[2])
{
    const uint8_t *start = (const uint8_t *)table + sizeof(*table);
    const uint8_t *end = (const uint8_t *)table + table->length;

    for (const uint8_t *p = start + 1; end - p >= 4; p++) {
        if (*p != '_' || memcmp(p, "_S5_", 4) != 0)
            continue;
        bool named = p[-1] == AML_NAME || (p[-1] == '\\' && p - start >= 2 && p[-2] == AML_NAME);
        if (named && read_package(p + 4, end, types))
            return true;
    }
    return false;
}

/* ---- HPET ------------------------------------------------------------------ */

uint64_t acpi_hpet_address(const struct acpi_header *hpet)
{
    struct acpi_register base = get_register(hpet, 40);

    return base.space == ACPI_SPACE_MEMORY && base.address % 8 == 0 ? base.address : 0;
}
