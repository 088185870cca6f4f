/* SPDX-License-Identifier: BSD-2-Clause */
/* FADT, \_S5 and HPET: what is right is read; what is cut off or absurd is none. */
/* links: guest/drivers/acpi_fadt.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi_fadt.h"

#define FADT_SIZE 276u

/* A table of exactly its length, so that ASan sees reads behind it. */
static struct acpi_header *table_of(const void *bytes, size_t size)
{
    uint8_t *table = calloc(1, sizeof(struct acpi_header) + size);
    uint32_t length = (uint32_t)(sizeof(struct acpi_header) + size);
    memcpy(table + 4, &length, sizeof(length));
    if (bytes != NULL)
        memcpy(table + sizeof(struct acpi_header), bytes, size);
    return (struct acpi_header *)table;
}

static void put(struct acpi_header *table, size_t at, uint64_t value, size_t size)
{
    memcpy((uint8_t *)table + at, &value, size);
}

static struct acpi_header *new_fadt(void)
{
    struct acpi_header *fadt = table_of(NULL, FADT_SIZE - sizeof(struct acpi_header));
    put(fadt, 48, 0xb2, 4);
    put(fadt, 52, 0xf1, 1);
    put(fadt, 64, 0x604, 4);
    put(fadt, 76, 0x608, 4);
    put(fadt, 112, 1 << 10, 4);
    put(fadt, 116, 1, 1);
    put(fadt, 120, 0xcf9, 8);
    put(fadt, 128, 0xf, 1);
    return fadt;
}

static void fadt_names_ports_and_registers(void **state)
{
    (void)state;
    struct acpi_fadt out;
    struct acpi_header *fadt = new_fadt();
    assert_true(acpi_fadt_read(fadt, &out));
    assert_int_equal(out.pm1a_control.address, 0x604);
    assert_int_equal(out.pm1a_control.space, ACPI_SPACE_IO);
    assert_int_equal(out.pm1b_control.address, 0);
    assert_int_equal(out.pm_timer.address, 0x608);
    assert_int_equal(out.pm_timer_mask, 0xffffff);
    assert_int_equal(out.smi_command, 0xb2);
    assert_int_equal(out.acpi_enable, 0xf1);
    assert_int_equal(out.reset.address, 0xcf9);
    assert_int_equal(out.reset_value, 0xf);
    put(fadt, 172, 0, 1); /* a wide register wins */
    put(fadt, 176, 0xfed80804, 8);
    put(fadt, 112, 1 << 8, 4); /* a timer of 32 bits, and no reset */
    assert_true(acpi_fadt_read(fadt, &out));
    assert_int_equal(out.pm1a_control.space, ACPI_SPACE_MEMORY);
    assert_int_equal(out.pm1a_control.address, 0xfed80804);
    assert_int_equal(out.pm_timer_mask, 0xffffffff);
    assert_int_equal(out.reset.address, 0);
    put(fadt, 112, 1 << 20, 4);
    put(fadt, 244, 1, 1);
    put(fadt, 248, 0x600, 8);
    assert_true(acpi_fadt_read(fadt, &out));
    assert_true(out.reduced_hardware);
    assert_int_equal(out.sleep_control.address, 0x600);
    assert_int_equal(out.pm1a_control.address, 0);
    assert_int_equal(out.pm_timer.address, 0);
    free(fadt);
}

static void absurd_registers_are_none(void **state)
{
    (void)state;
    struct acpi_fadt out;
    struct acpi_header *fadt = new_fadt();
    put(fadt, 64, 0x12345678, 4); /* no port */
    put(fadt, 48, 0x10000, 4);
    put(fadt, 116, 1, 1);
    put(fadt, 120, 0x10000, 8);
    put(fadt, 208, 0x7f, 1); /* some other space */
    put(fadt, 212, 0x40, 8);
    put(fadt, 172, 0, 1);
    put(fadt, 176, 1ull << 50, 8); /* more than a CPU can reach */
    assert_true(acpi_fadt_read(fadt, &out));
    assert_int_equal(out.pm1a_control.address, 0);
    assert_int_equal(out.smi_command, 0);
    assert_int_equal(out.reset.address, 0);
    assert_int_equal(out.pm_timer.address, 0x608); /* the port of the first version */
    free(fadt);
}

static void every_length_is_read_within_its_end(void **state)
{
    (void)state;
    for (uint32_t length = sizeof(struct acpi_header); length <= FADT_SIZE; length++) {
        struct acpi_fadt out;
        struct acpi_header *whole = new_fadt();
        struct acpi_header *fadt =
            table_of((uint8_t *)whole + sizeof(*whole), length - sizeof(*whole));
        assert_true(acpi_fadt_read(fadt, &out) == (length >= 116));
        assert_true(length >= 128 || out.reset.address == 0);
        (void)acpi_hpet_address(fadt);
        free(fadt);
        free(whole);
    }
}

static bool s5(const void *aml, size_t size, uint8_t types[2])
{
    struct acpi_header *table = table_of(aml, size);
    bool found = acpi_find_s5(table, types);
    free(table);
    return found;
}
#define S5(text, types) s5(text, sizeof(text) - 1, types)

static void s5_is_found_in_its_forms(void **state)
{
    (void)state;
    uint8_t types[2];
    /* QEMU: Name (_S5, Package (4) {Zero, Zero, Zero, Zero}) */
    assert_true(S5("junk\x08_S5_\x12\x06\x04\0\0\0\0", types));
    assert_int_equal(types[0] | types[1], 0);
    assert_true(S5("\x5b\x08\\_S5_\x12\x0a\x04\x0a\x05\x0a\x07\0\0", types));
    assert_int_equal(types[0], 5);
    assert_int_equal(types[1], 7);
    assert_true(S5("_\x08_S5_\x12\x40\x01\x02\x01\x0b\x03\0", types)); /* a length of two bytes */
    assert_int_equal(types[0], 1);
    assert_int_equal(types[1], 3);
    assert_true(S5("x\x08_S5_\x12\x04\x01\x0b\x05\x06", types)); /* one integer for both */
    assert_int_equal(types[0], 5);
    assert_int_equal(types[1], 6);
    /* A name that is only mentioned comes first. */
    assert_true(S5("x_S5_\x12\x08_S5_\x12\x04\x02\x0a\x06\x01", types));
    assert_int_equal(types[0], 6);
}

static void broken_s5_is_not_there(void **state)
{
    (void)state;
    uint8_t types[2];
    static const char good[] = "\x5b\x08\\_S5_\x12\x0a\x04\x0a\x05\x0a\x07\0\0";
    for (size_t size = 0; size < 14; size++) /* cut off anywhere */
        assert_false(s5(good, size, types));
    assert_false(S5("x\x08_S5_\x12\x06\x04\x0a\x08\0\0", types)); /* types have three bits */
    assert_false(S5("x\x08_S5_\x12\x06\0\0\0\0\0", types)); /* empty */
    assert_false(S5("x\x08_S5_\x11\x06\x04\0\0\0\0", types)); /* a buffer */
    assert_false(S5("x\x08_S5_\x12\x06\x04\x70\0\0\0", types)); /* computed */
    assert_false(S5("_S5_\x12\x06\x04\0\0\0\0", types));
}

static void hpet_says_where_it_is(void **state)
{
    (void)state;
    struct acpi_header *hpet = table_of(NULL, 20);
    put(hpet, 44, 0xfed00000, 8);
    assert_int_equal(acpi_hpet_address(hpet), 0xfed00000);
    put(hpet, 44, 0xfed00004, 8);
    assert_int_equal(acpi_hpet_address(hpet), 0);
    put(hpet, 44, 0x100, 8);
    put(hpet, 40, ACPI_SPACE_IO, 1);
    assert_int_equal(acpi_hpet_address(hpet), 0);
    free(hpet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fadt_names_ports_and_registers),
        cmocka_unit_test(absurd_registers_are_none),
        cmocka_unit_test(every_length_is_read_within_its_end),
        cmocka_unit_test(s5_is_found_in_its_forms),
        cmocka_unit_test(broken_s5_is_not_there),
        cmocka_unit_test(hpet_says_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
