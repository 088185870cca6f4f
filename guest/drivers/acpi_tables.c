/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading of ACPI tables: RSDP, RSDT/XSDT, MADT, FADT, resources in a DSDT.  Pure; no hardware. */
#include "drivers/acpi_tables.h"

#include "lib/string.h"

#define RSDP_SIZE_V1 20u /* covered by the first checksum (5.2.5.3) */
#define RSDP_SIZE_V2 36u

/* Fields lie unaligned; these read them byte-wise. */
static uint32_t get32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static bool sums_to_zero(const uint8_t *p, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + p[i]);
    return sum == 0;
}

const struct acpi_header *acpi_tables_at(acpi_map_fn *map, uint64_t address, const char *signature)
{
    const struct acpi_header *table = map(address, sizeof(*table));
    if (table == NULL || memcmp(table->signature, signature, 4) != 0)
        return NULL;
    uint32_t length = get32((const uint8_t *)table + offsetof(struct acpi_header, length));
    if (length < sizeof(*table) || length > ACPI_TABLE_SIZE_MAX)
        return NULL;
    table = map(address, length);
    if (table == NULL || !sums_to_zero((const uint8_t *)table, length))
        return NULL;
    return table;
}

/* Address of the root table, and the size of its entries; 0: no valid RSDP (5.2.5.3). */
static uint64_t root_address(acpi_map_fn *map, uint64_t address, unsigned int *entry_size)
{
    const uint8_t *rsdp = address == 0 ? NULL : map(address, RSDP_SIZE_V1);
    if (rsdp == NULL || memcmp(rsdp, "RSD PTR ", 8) != 0 || !sums_to_zero(rsdp, RSDP_SIZE_V1))
        return 0;
    uint8_t revision = rsdp[15];
    uint32_t rsdt = get32(rsdp + 16);
    if (revision >= 2) {
        rsdp = map(address, RSDP_SIZE_V2);
        if (rsdp != NULL && sums_to_zero(rsdp, RSDP_SIZE_V2) && get64(rsdp + 24) != 0) {
            *entry_size = 8;
            return get64(rsdp + 24);
        }
    }
    *entry_size = 4;
    return rsdt;
}

const struct acpi_header *acpi_tables_find(acpi_map_fn *map, uint64_t rsdp, const char *signature,
                                           unsigned int index)
{
    unsigned int entry_size = 4;
    uint64_t address = root_address(map, rsdp, &entry_size);
    if (address == 0)
        return NULL;
    const struct acpi_header *root =
        acpi_tables_at(map, address, entry_size == 8 ? "XSDT" : "RSDT");
    if (root == NULL)
        return NULL;
    const uint8_t *entries = (const uint8_t *)root + sizeof(*root);
    size_t count = (root->length - sizeof(*root)) / entry_size;
    for (size_t i = 0; i < count && i < ACPI_TABLES_MAX; i++) {
        const uint8_t *entry = entries + i * entry_size;
        uint64_t where = entry_size == 8 ? get64(entry) : get32(entry);
        const struct acpi_header *table = where == 0 ? NULL : acpi_tables_at(map, where, signature);
        if (table != NULL && index-- == 0)
            return table;
    }
    return NULL;
}

const struct acpi_header *acpi_tables_dsdt(acpi_map_fn *map, const struct acpi_header *fadt)
{
    enum { FADT_DSDT = 40, FADT_X_DSDT = 140 }; /* 5.2.9 */
    const uint8_t *bytes = (const uint8_t *)fadt;
    uint64_t address = 0;
    if (fadt->length >= FADT_X_DSDT + 8)
        address = get64(bytes + FADT_X_DSDT);
    if (address == 0 && fadt->length >= FADT_DSDT + 4)
        address = get32(bytes + FADT_DSDT);
    return address == 0 ? NULL : acpi_tables_at(map, address, "DSDT");
}

/* ---- MADT (5.2.12) -------------------------------------------------------- */

enum {
    MADT_LAPIC = 0, /* 5.2.12.2 */
    MADT_IOAPIC = 1, /* 5.2.12.3 */
    MADT_OVERRIDE = 2, /* 5.2.12.5 */
    MADT_LAPIC_ADDRESS = 5, /* 5.2.12.8 */
    MADT_X2APIC = 9, /* 5.2.12.12 */
};
#define MADT_CPU_ENABLED 1u
#define MADT_POLARITY 3u /* table 5.57 */
#define MADT_POLARITY_HIGH 1u
#define MADT_POLARITY_LOW 3u
#define MADT_ENTRIES 44u /* after the header: LAPIC address, flags */

static void add_cpu(struct acpi_madt *out, uint32_t apic_id, uint32_t flags)
{
    if ((flags & MADT_CPU_ENABLED) && out->cpu_count < ACPI_CPUS_MAX)
        out->apic_ids[out->cpu_count++] = apic_id;
}

static void add_override(struct acpi_madt *out, uint32_t gsi, unsigned int polarity)
{
    if (gsi >= 64)
        return;
    if (polarity == MADT_POLARITY_LOW)
        out->low_gsis |= 1ul << gsi;
    else if (polarity == MADT_POLARITY_HIGH)
        out->high_gsis |= 1ul << gsi;
}

static void read_entry(const uint8_t *entry, uint8_t length, struct acpi_madt *out)
{
    switch (entry[0]) {
    case MADT_LAPIC:
        if (length >= 8)
            add_cpu(out, entry[3], get32(entry + 4));
        break;
    case MADT_X2APIC:
        if (length >= 16)
            add_cpu(out, get32(entry + 4), get32(entry + 8));
        break;
    case MADT_IOAPIC:
        if (length >= 12 && out->ioapic_count < ACPI_IOAPICS_MAX) {
            out->ioapics[out->ioapic_count].address = get32(entry + 4);
            out->ioapics[out->ioapic_count].gsi_base = get32(entry + 8);
            out->ioapic_count++;
        }
        break;
    case MADT_OVERRIDE:
        if (length >= 10)
            add_override(out, get32(entry + 4), entry[8] & MADT_POLARITY);
        break;
    case MADT_LAPIC_ADDRESS:
        if (length >= 12)
            out->lapic_address = get64(entry + 4);
        break;
    default: /* NMIs, and what is newer */
        break;
    }
}

bool acpi_madt_read(const struct acpi_header *madt, struct acpi_madt *out)
{
    const uint8_t *bytes = (const uint8_t *)madt;
    memset(out, 0, sizeof(*out));
    if (madt->length < MADT_ENTRIES)
        return false;
    out->lapic_address = get32(bytes + sizeof(*madt));
    uint32_t offset = MADT_ENTRIES;
    while (madt->length - offset >= 2) {
        uint8_t length = bytes[offset + 1];
        if (length < 2 || length > madt->length - offset)
            return false;
        read_entry(bytes + offset, length, out);
        offset += length;
    }
    return true;
}

/* ---- MCFG ----------------------------------------------------------------- */

bool acpi_mcfg_read(const struct acpi_header *mcfg, struct acpi_ecam *out)
{
    enum { MCFG_ENTRIES = 44, MCFG_ENTRY = 16 };
    const uint8_t *bytes = (const uint8_t *)mcfg;
    for (uint32_t at = MCFG_ENTRIES; at + MCFG_ENTRY <= mcfg->length; at += MCFG_ENTRY) {
        uint64_t address = get64(bytes + at);
        uint32_t segment = bytes[at + 8] | (uint32_t)bytes[at + 9] << 8;
        uint8_t first = bytes[at + 10], last = bytes[at + 11];
        if (segment != 0 || first > last || address == 0 || (address & 0xfffff) != 0 ||
            address >= 1ull << 46)
            continue;
        *out = (struct acpi_ecam){.address = address, .first_bus = first, .last_bus = last};
        return true;
    }
    return false;
}

/* ---- virtio-mmio in AML --------------------------------------------------- */

#define VIRTIO_MMIO_HID "LNRO0005"
#define AML_SEARCH_MAX 256u /* a device object's names and resources lie this close */

/* Resource descriptors, 6.4.2 and 6.4.3 */
#define RESOURCE_END_TAG 0x79u
#define RESOURCE_LARGE 0x80u
#define RESOURCE_MEMORY32_FIXED 0x86u
#define RESOURCE_INTERRUPT 0x89u

/* One descriptor: reads it into *device, returns its size, 0: this is none. */
static size_t read_resource(const uint8_t *p, size_t left, struct acpi_virtio_mmio *device)
{
    if (left < 3 || !(p[0] & RESOURCE_LARGE))
        return 0;
    size_t length = 3u + p[1] + ((size_t)p[2] << 8);
    if (length > left)
        return 0;
    if (p[0] == RESOURCE_MEMORY32_FIXED && length >= 12) {
        device->address = get32(p + 4);
        device->size = get32(p + 8);
    } else if (p[0] == RESOURCE_INTERRUPT && length >= 9 && p[4] >= 1) {
        device->gsi = get32(p + 5);
    }
    return length;
}

/* The resource template that follows a _HID: it begins with Memory32Fixed. */
static bool read_template(const uint8_t *p, size_t left, struct acpi_virtio_mmio *device)
{
    *device = (struct acpi_virtio_mmio){0};
    for (size_t i = 0; i + 12 <= left && i < AML_SEARCH_MAX; i++) {
        if (p[i] != RESOURCE_MEMORY32_FIXED || p[i + 1] != 9 || p[i + 2] != 0)
            continue;
        size_t step;
        while (i < left && p[i] != RESOURCE_END_TAG &&
               (step = read_resource(p + i, left - i, device)) != 0)
            i += step;
        return device->address != 0 && device->gsi != 0;
    }
    return false;
}

unsigned int acpi_dsdt_virtio_mmio(const struct acpi_header *dsdt, struct acpi_virtio_mmio *devices,
                                   unsigned int max)
{
    const uint8_t *bytes = (const uint8_t *)dsdt;
    const size_t hid_size = sizeof(VIRTIO_MMIO_HID); /* AML strings end in NUL */
    unsigned int count = 0;
    for (size_t i = sizeof(*dsdt); i + hid_size <= dsdt->length && count < max; i++) {
        if (memcmp(bytes + i, VIRTIO_MMIO_HID, hid_size) != 0)
            continue;
        i += hid_size - 1;
        if (read_template(bytes + i + 1, dsdt->length - i - 1, &devices[count]))
            count++;
    }
    return count;
}
