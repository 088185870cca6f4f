/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes ACPI tables byte by byte into the boot pages.  Section and table
 * numbers: ACPI specification 6.4.
 */
#include "vmm/load/acpi.h"

#include <string.h>

#include "boot/guest_abi.h"

#define HEADER_BYTES 36u
#define HEADER_LENGTH_AT 4u
#define HEADER_CHECKSUM_AT 9u
#define FADT_BYTES 276u

/* A cursor into the buffer; overflow is remembered and makes acpi_write() fail. */
struct writer {
    uint8_t *bytes;
    size_t size, used;
    uint64_t gpa;
    bool overflow;
};

static void put(struct writer *writer, const void *from, size_t length)
{
    if (length > writer->size - writer->used) {
        writer->overflow = true;
        return;
    }
    memcpy(writer->bytes + writer->used, from, length);
    writer->used += length;
}

static void put8(struct writer *writer, unsigned int value)
{
    uint8_t byte = (uint8_t)value;

    put(writer, &byte, sizeof(byte));
}

static void put16(struct writer *writer, unsigned int value)
{
    uint16_t word = (uint16_t)value;

    put(writer, &word, sizeof(word));
}

static void put32(struct writer *writer, uint32_t value)
{
    put(writer, &value, sizeof(value));
}

static void put64(struct writer *writer, uint64_t value)
{
    put(writer, &value, sizeof(value));
}

static uint64_t here(const struct writer *writer)
{
    return writer->gpa + writer->used;
}

static void align(struct writer *writer, size_t unit)
{
    while (writer->used % unit != 0 && !writer->overflow) {
        put8(writer, 0);
    }
}

static void set_checksum(uint8_t *bytes, size_t length, size_t at)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)-sum;
}

/* 5.2.6; returns where the table starts. */
static size_t begin_table(struct writer *writer, const char *signature, unsigned int revision)
{
    size_t start;

    align(writer, 16);
    start = writer->used;
    put(writer, signature, 4);
    put32(writer, 0); /* length */
    put8(writer, revision);
    put8(writer, 0); /* checksum */
    put(writer, "VMM   VMMBOARD", 14);
    put32(writer, 1);
    put(writer, "VMM ", 4);
    put32(writer, 1);
    return start;
}

static void end_table(struct writer *writer, size_t start)
{
    uint32_t length = (uint32_t)(writer->used - start);

    if (writer->overflow) {
        return;
    }
    memcpy(writer->bytes + start + HEADER_LENGTH_AT, &length, sizeof(length));
    set_checksum(writer->bytes + start, length, HEADER_CHECKSUM_AT);
}

/* ---- MADT (5.2.12) ------------------------------------------------------- */

static uint64_t write_madt(struct writer *writer, unsigned int cpus)
{
    size_t start = begin_table(writer, "APIC", 5);

    put32(writer, GUEST_LAPIC_GPA);
    put32(writer, 0); /* no 8259 */
    for (unsigned int i = 0; i < cpus; i++) {
        put8(writer, 0); /* local APIC */
        put8(writer, 8);
        put8(writer, i); /* processor UID */
        put8(writer, i); /* APIC ID */
        put32(writer, 1); /* enabled */
    }
    put8(writer, 1); /* I/O APIC */
    put8(writer, 12);
    put8(writer, 0);
    put8(writer, 0);
    put32(writer, GUEST_IOAPIC_GPA);
    put32(writer, 0); /* first interrupt */
    end_table(writer, start);
    return writer->gpa + start;
}

/* ---- DSDT (5.2.11.1), AML (20.2) ---------------------------------------- */

/* Package lengths always take two bytes here: up to 4095. */
static size_t begin_package(struct writer *writer)
{
    size_t at = writer->used;

    put16(writer, 0);
    return at;
}

static void end_package(struct writer *writer, size_t at)
{
    size_t length = writer->used - at;

    if (!writer->overflow) {
        writer->bytes[at] = (uint8_t)(0x40 | (length & 0xf));
        writer->bytes[at + 1] = (uint8_t)(length >> 4);
    }
}

static void put_name(struct writer *writer, const char *segment)
{
    put8(writer, 0x08);
    put(writer, segment, 4);
}

static void put_resources(struct writer *writer, const uint8_t *bytes, size_t length)
{
    size_t package;

    put_name(writer, "_CRS");
    put8(writer, 0x11); /* buffer */
    package = begin_package(writer);
    put8(writer, 0x0a);
    put8(writer, (unsigned int)length);
    put(writer, bytes, length);
    end_package(writer, package);
}

static void put_serial_port(struct writer *writer)
{
    static const uint8_t resources[] = {
        0x47,
        0x01,
        GUEST_UART_PORT & 0xff,
        GUEST_UART_PORT >> 8, /* I/O ports, 16-bit decode */
        GUEST_UART_PORT & 0xff,
        GUEST_UART_PORT >> 8,
        0x01,
        0x08,
        0x22,
        1 << GUEST_UART_GSI,
        0x00, /* interrupt, edge */
        0x79,
        0x00, /* end */
    };
    size_t package;

    put(writer, "\x5b\x82", 2); /* device */
    package = begin_package(writer);
    put(writer, "COM1", 4);
    put_name(writer, "_HID");
    put(writer, "\x0c\x41\xd0\x05\x01", 5); /* PNP0501 */
    put_name(writer, "_UID");
    put8(writer, 0x01);
    put_resources(writer, resources, sizeof(resources));
    end_package(writer, package);
}

static void put_virtio_device(struct writer *writer, unsigned int slot)
{
    uint64_t base = GUEST_VIRTIO_MMIO_BASE + slot * GUEST_VIRTIO_MMIO_STRIDE;
    uint32_t base32 = (uint32_t)base, size32 = GUEST_VIRTIO_MMIO_STRIDE;
    uint8_t resources[] = {
        0x86, 0x09, 0x00, 0x01, 0,    0, 0, 0, 0, 0, 0, 0, /* memory, read and write */
        0x89, 0x06, 0x00, 0x03, 0x01, 0, 0, 0, 0, /* interrupt, edge, high */
        0x79, 0x00,
    };
    char name[4] = {'V', 'R', (char)('A' + slot / 10), (char)('0' + slot % 10)};
    size_t package;

    memcpy(resources + 4, &base32, sizeof(base32));
    memcpy(resources + 8, &size32, sizeof(size32));
    resources[17] = (uint8_t)(GUEST_VIRTIO_GSI_BASE + slot);
    put(writer, "\x5b\x82", 2);
    package = begin_package(writer);
    put(writer, name, sizeof(name));
    put_name(writer, "_HID");
    put(writer, "\x0dLNRO0005", 10); /* with its NUL: what Linux's virtio_mmio binds to */
    put_name(writer, "_UID");
    put8(writer, 0x0a);
    put8(writer, slot);
    put_name(writer, "_CCA");
    put8(writer, 0x01);
    put_resources(writer, resources, sizeof(resources));
    end_package(writer, package);
}

static uint64_t write_dsdt(struct writer *writer, uint32_t virtio_slots)
{
    size_t start = begin_table(writer, "DSDT", 2);
    size_t package;

    put_name(writer, "_S5_");
    put(writer, "\x12\x08\x04\x0a", 4); /* package of four */
    put8(writer, GUEST_SLEEP_TYPE_OFF);
    put8(writer, 0x0a);
    put8(writer, GUEST_SLEEP_TYPE_OFF);
    put16(writer, 0);
    put8(writer, 0x10); /* scope */
    package = begin_package(writer);
    put(writer, "\\_SB_", 5);
    put_serial_port(writer);
    for (unsigned int slot = 0; slot < GUEST_VIRTIO_SLOTS_MAX; slot++) {
        if ((virtio_slots & 1u << slot) != 0) {
            put_virtio_device(writer, slot);
        }
    }
    end_package(writer, package);
    end_table(writer, start);
    return writer->gpa + start;
}

/* ---- FADT (5.2.9) -------------------------------------------------------- */

static void set_register(uint8_t *table, size_t at, uint64_t port)
{
    table[at] = 1; /* system I/O */
    table[at + 1] = 8; /* bits */
    table[at + 3] = 1; /* byte access */
    memcpy(table + at + 4, &port, sizeof(port));
}

static uint64_t write_fadt(struct writer *writer, uint64_t dsdt)
{
    static const uint16_t no_vga_no_rtc = 1u << 2 | 1u << 5;
    /* WBINVD, no fixed buttons, reset register, hardware-reduced. */
    static const uint32_t flags = 1u << 0 | 1u << 4 | 1u << 5 | 1u << 10 | 1u << 20;
    uint32_t dsdt32 = (uint32_t)dsdt;
    size_t start = begin_table(writer, "FACP", 6);
    uint8_t body[FADT_BYTES];

    memset(body, 0, sizeof(body));
    memcpy(body + 40, &dsdt32, sizeof(dsdt32));
    memcpy(body + 109, &no_vga_no_rtc, sizeof(no_vga_no_rtc));
    memcpy(body + 112, &flags, sizeof(flags));
    set_register(body, 116, GUEST_RESET_PORT);
    body[128] = GUEST_RESET_VALUE;
    memcpy(body + 140, &dsdt, sizeof(dsdt));
    set_register(body, 244, GUEST_SLEEP_CONTROL_PORT);
    set_register(body, 256, GUEST_SLEEP_STATUS_PORT);
    put(writer, body + HEADER_BYTES, FADT_BYTES - HEADER_BYTES);
    end_table(writer, start);
    return writer->gpa + start;
}

/* ---- Roots (5.2.5, 5.2.8) ------------------------------------------------ */

static void write_rsdp(uint8_t *rsdp, uint64_t xsdt)
{
    static const uint32_t length = 36;

    memset(rsdp, 0, length);
    memcpy(rsdp, "RSD PTR VMM   ", 8);
    memcpy(rsdp + 9, "VMM   ", 6);
    rsdp[15] = 2;
    memcpy(rsdp + 20, &length, sizeof(length));
    memcpy(rsdp + 24, &xsdt, sizeof(xsdt));
    set_checksum(rsdp, 20, 8);
    set_checksum(rsdp, length, 32);
}

size_t acpi_write(const struct acpi_machine *machine, uint8_t *buffer, size_t size, uint64_t gpa)
{
    struct writer writer = {.bytes = buffer, .size = size, .used = 0, .gpa = gpa};
    static const uint8_t rsdp_place[36];
    uint64_t madt, fadt = 0;
    size_t start;

    put(&writer, rsdp_place, sizeof(rsdp_place));
    madt = write_madt(&writer, machine->cpus);
    if (machine->foreign) {
        fadt = write_fadt(&writer, write_dsdt(&writer, machine->virtio_slots));
    }
    start = begin_table(&writer, "XSDT", 1);
    if (fadt != 0) {
        put64(&writer, fadt);
    }
    put64(&writer, madt);
    end_table(&writer, start);
    if (writer.overflow) {
        return 0;
    }
    write_rsdp(buffer, gpa + start);
    return (size_t)(here(&writer) - gpa);
}
