/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables: what is right is read, what is wrong is refused, nothing is read outside. */
/* links: guest/drivers/acpi_tables.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi_tables.h"

/* A physical memory of its own size, so that ASan sees reads outside of it. */
static uint8_t *memory;
static size_t memory_size;

#define BASE 0xe0000ull
#define RSDP_AT 0u
#define XSDT_AT 64u
#define MADT_AT 256u

static const void *map(uint64_t address, uint64_t size)
{
    if (address < BASE || address - BASE > memory_size || size > memory_size - (address - BASE))
        return NULL;
    return memory + (address - BASE);
}

static void put32(size_t at, uint32_t value)
{
    memcpy(memory + at, &value, sizeof(value));
}

static void put64(size_t at, uint64_t value)
{
    memcpy(memory + at, &value, sizeof(value));
}

static void fix_sum(size_t at, size_t size, size_t where)
{
    uint8_t sum = 0;
    memory[where] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[where] = (uint8_t)-sum;
}

static void begin_table(size_t at, const char *signature, uint32_t length)
{
    memcpy(memory + at, signature, 4);
    put32(at + 4, length);
    fix_sum(at, length, at + 9);
}

static const uint8_t madt_entries[] = {
    0, 8,  0, 0, 1,    0,    0,    0, /* CPU 0 */
    0, 8,  1, 2, 1,    0,    0,    0, /* CPU with APIC id 2 */
    0, 8,  2, 3, 0,    0,    0,    0, /* disabled */
    1, 12, 0, 0, 0,    0,    0xc0, 0xfe, 0,  0, 0, 0, /* IOAPIC */
    1, 12, 1, 0, 0,    0x10, 0xc0, 0xfe, 24, 0, 0, 0, /* a second one */
    2, 10, 0, 0, 2,    0,    0,    0,    0,  0, /* override */
    9, 16, 0, 0, 0x34, 0x12, 0,    0,    1,  0, 0, 0, 5, 0, 0, 0, /* x2APIC */
    5, 12, 0, 0, 0,    0,    0xe1, 0xfe, 1,  0, 0, 0, /* LAPIC address */
};
#define MADT_SIZE (44u + sizeof(madt_entries))

static int set_up(void **state)
{
    (void)state;
    memory_size = MADT_AT + MADT_SIZE;
    memory = calloc(1, memory_size);
    memcpy(memory + RSDP_AT, "RSD PTR ", 8);
    memory[RSDP_AT + 15] = 2;
    put32(RSDP_AT + 20, 36);
    put64(RSDP_AT + 24, BASE + XSDT_AT);
    fix_sum(RSDP_AT, 20, RSDP_AT + 8);
    fix_sum(RSDP_AT, 36, RSDP_AT + 32);
    put64(XSDT_AT + 36, 0x1000); /* nowhere */
    put64(XSDT_AT + 44, BASE + MADT_AT);
    begin_table(XSDT_AT, "XSDT", 52);
    put32(MADT_AT + 36, 0xfee00000);
    memcpy(memory + MADT_AT + 44, madt_entries, sizeof(madt_entries));
    begin_table(MADT_AT, "APIC", MADT_SIZE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static const struct acpi_header *find(const char *signature, unsigned int index)
{
    return acpi_tables_find(map, BASE + RSDP_AT, signature, index);
}

static void test_madt_is_found_and_read(void **state)
{
    struct acpi_madt madt;
    (void)state;
    const struct acpi_header *table = find("APIC", 0);
    assert_non_null(table);
    assert_true(acpi_madt_read(table, &madt));
    assert_int_equal(madt.cpu_count, 3);
    assert_int_equal(madt.apic_ids[0], 0);
    assert_int_equal(madt.apic_ids[1], 2);
    assert_int_equal(madt.apic_ids[2], 0x1234);
    assert_int_equal(madt.ioapic_count, 2);
    assert_int_equal(madt.ioapics[1].address, 0xfec01000);
    assert_int_equal(madt.ioapics[1].gsi_base, 24);
    assert_int_equal(madt.lapic_address, 0x1fee10000);
    assert_int_equal(madt.low_gsis, 0);
    assert_int_equal(madt.high_gsis, 0);
    memory[MADT_AT + 44 + 48 + 4] = 9; /* the override: GSI 9 ... */
    memory[MADT_AT + 44 + 48 + 8] = 0xf; /* ... level, active low */
    assert_true(acpi_madt_read(table, &madt));
    assert_int_equal(madt.low_gsis, 1 << 9);
    memory[MADT_AT + 44 + 48 + 8] = 0xd;
    assert_true(acpi_madt_read(table, &madt));
    assert_int_equal(madt.high_gsis, 1 << 9);
    memory[MADT_AT + 44 + 48 + 5] = 1; /* GSI 265: not one we know */
    assert_true(acpi_madt_read(table, &madt));
    assert_int_equal(madt.high_gsis, 0);
    assert_null(find("APIC", 1));
    assert_null(find("FACP", 0));
}

static void test_mcfg_says_where_pci_is(void **state)
{
    struct acpi_ecam ecam;
    uint8_t table[44 + 3 * 16] = {0};
    struct acpi_header *mcfg = (struct acpi_header *)table;
    (void)state;
    mcfg->length = sizeof(table);
    assert_false(acpi_mcfg_read(mcfg, &ecam)); /* at address 0 */
    table[44 + 3] = 0xb0; /* another segment's */
    table[44 + 8] = 1;
    table[60 + 3] = 0xc0; /* buses in the wrong order */
    table[60 + 10] = 2;
    table[60 + 11] = 1;
    table[76 + 3] = 0xd0;
    table[76 + 11] = 15;
    assert_true(acpi_mcfg_read(mcfg, &ecam));
    assert_int_equal(ecam.address, 0xd0000000);
    assert_int_equal(ecam.first_bus, 0);
    assert_int_equal(ecam.last_bus, 15);
    table[76 + 1] = 0x10; /* not on a boundary of 1 MiB */
    assert_false(acpi_mcfg_read(mcfg, &ecam));
    table[76 + 1] = 0;
    mcfg->length = 76 + 15; /* cut off */
    assert_false(acpi_mcfg_read(mcfg, &ecam));
}

static void test_rsdt_serves_where_there_is_no_xsdt(void **state)
{
    (void)state;
    memory[RSDP_AT + 15] = 0;
    put32(RSDP_AT + 16, BASE + XSDT_AT);
    fix_sum(RSDP_AT, 20, RSDP_AT + 8);
    put32(XSDT_AT + 36, BASE + MADT_AT);
    begin_table(XSDT_AT, "RSDT", 40);
    assert_non_null(find("APIC", 0));
}

static void test_broken_rsdp_is_refused(void **state)
{
    (void)state;
    assert_null(acpi_tables_find(map, 0, "APIC", 0));
    assert_null(acpi_tables_find(map, BASE + memory_size - 8, "APIC", 0));
    memory[RSDP_AT + 9]++; /* its checksum */
    assert_null(find("APIC", 0));
    memory[RSDP_AT + 9]--;
    memory[RSDP_AT] = 'X';
    fix_sum(RSDP_AT, 20, RSDP_AT + 8);
    assert_null(find("APIC", 0));
}

static void test_broken_tables_are_refused(void **state)
{
    (void)state;
    memory[MADT_AT + 50]++;
    assert_null(find("APIC", 0)); /* checksum */
    memory[MADT_AT + 50]--;
    static const uint32_t lengths[] = {0, 35, MADT_SIZE + 1, 0x7fffffff, UINT32_MAX};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        put32(MADT_AT + 4, lengths[i]);
        assert_null(find("APIC", 0));
    }
}

static void test_xsdt_longer_than_memory(void **state)
{
    (void)state;
    put32(XSDT_AT + 4, 0xffff);
    assert_null(find("APIC", 0));
}

static void test_madt_entry_lengths(void **state)
{
    struct acpi_madt madt;
    (void)state;
    static const uint8_t bad[] = {0, 1, 200};
    for (size_t i = 0; i < sizeof(bad); i++) {
        memory[MADT_AT + 44 + 8 + 1] = bad[i]; /* of the second entry */
        begin_table(MADT_AT, "APIC", MADT_SIZE);
        assert_false(acpi_madt_read(find("APIC", 0), &madt));
        assert_int_equal(madt.cpu_count, 1); /* what came before is kept */
    }
    begin_table(MADT_AT, "APIC", 43);
    assert_false(acpi_madt_read((const void *)(memory + MADT_AT), &madt));
}

static void test_more_cpus_than_fit(void **state)
{
    struct acpi_madt madt;
    const unsigned int count = 200;
    (void)state;
    memory_size = MADT_AT + 44 + count * 8;
    memory = realloc(memory, memory_size);
    memset(memory + MADT_AT, 0, 44);
    for (unsigned int i = 0; i < count; i++) {
        const uint8_t entry[8] = {0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0};
        memcpy(memory + MADT_AT + 44 + i * 8, entry, 8);
    }
    begin_table(MADT_AT, "APIC", 44 + count * 8);
    assert_true(acpi_madt_read(find("APIC", 0), &madt));
    assert_int_equal(madt.cpu_count, ACPI_CPUS_MAX);
}

/* The AML of QEMU's microvm for one virtio-mmio device, as far as it matters. */
static const uint8_t device_aml[] = {
    0x5b, 0x82, 0x35, 'V',  'R',  '0',  '0',  0x08, '_',  'H',  'I',  'D',  0x0d, 'L',  'N',
    'R',  'O',  '0',  '0',  '0',  '5',  0,    0x08, '_',  'U',  'I',  'D',  0x00, 0x08, '_',
    'C',  'R',  'S',  0x11, 0x1a, 0x0a, 0x17, 0x86, 0x09, 0x00, 0x01, 0x00, 0x00, 0xb0, 0xfe,
    0x00, 0x02, 0x00, 0x00, 0x89, 0x06, 0x00, 0x01, 0x01, 0x18, 0x00, 0x00, 0x00, 0x79, 0x00};

static void test_virtio_mmio_in_a_dsdt(void **state)
{
    struct acpi_virtio_mmio devices[4];
    uint8_t table[36 + 2 * sizeof(device_aml)];
    (void)state;
    memset(table, 0, sizeof(table));
    memcpy(table + 36, device_aml, sizeof(device_aml));
    memcpy(table + 36 + sizeof(device_aml), device_aml, sizeof(device_aml));
    table[36 + sizeof(device_aml) + 43] = 0xaa;
    uint32_t length = sizeof(table);
    memcpy(table + 4, &length, 4);
    assert_int_equal(acpi_dsdt_virtio_mmio((const void *)table, devices, 4), 2);
    assert_int_equal(devices[0].address, 0xfeb00000);
    assert_int_equal(devices[0].size, 0x200);
    assert_int_equal(devices[0].gsi, 24);
    assert_int_equal(devices[1].address, 0xfeaa0000 + 0x0);
    assert_int_equal(acpi_dsdt_virtio_mmio((const void *)table, devices, 1), 1);
    /* Cut off anywhere: fewer devices, no read outside (the heap copy ends there). */
    for (uint32_t cut = 36; cut < sizeof(table); cut++) {
        uint8_t *shorter = malloc(cut);
        memcpy(shorter, table, cut);
        memcpy(shorter + 4, &cut, 4);
        assert_in_range(acpi_dsdt_virtio_mmio((const void *)shorter, devices, 4), 0, 2);
        free(shorter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_madt_is_found_and_read, set_up, tear_down),
        cmocka_unit_test(test_mcfg_says_where_pci_is),
        cmocka_unit_test_setup_teardown(test_rsdt_serves_where_there_is_no_xsdt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_rsdp_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_tables_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_xsdt_longer_than_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_madt_entry_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_cpus_than_fit, set_up, tear_down),
        cmocka_unit_test(test_virtio_mmio_in_a_dsdt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
