/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's registers for power and time (ACPI 6.4, 4.8 and 16.1; IA-PC HPET 1.0a).  What tables
 * say has been checked by acpi_fadt.c; that a register does what they say is not
 * believed: every wait ends.
 */
#include "drivers/acpi_power.h"

#include "arch/cpu.h"
#include "drivers/acpi.h"
#include "drivers/acpi_fadt.h"
#include "drivers/pci.h"
#include "lib/printf.h"
#include "mm/paging.h"

#define SCI_ENABLED 1u /* PM1 control, 4.8.3.2.1 */
#define PM1_SLEEP_TYPE(type) ((uint32_t)(type) << 10)
#define PM1_SLEEP_MASK 0x3c00u
#define PM1_SLEEP_ENABLE 0x2000u
#define SLEEP_TYPE(type) ((uint32_t)(type) << 2) /* sleep control, 4.8.3.7 */
#define SLEEP_ENABLE 0x20u
#define ACPI_ON_POLLS 100000u
#define AFTERMATH_POLLS 1000000u /* reads of a port: a second at least on hardware */
#define PORT_DELAY 0x80u
#define SSDTS_MAX 16u

static bool read_fadt(struct acpi_fadt *fadt)
{
    const struct acpi_header *table = acpi_find(ACPI_FADT_SIGNATURE, 0);

    return table != NULL && acpi_fadt_read(table, fadt);
}

static volatile uint8_t *map(const struct acpi_register *reg)
{
    return paging_map_device(PADDR(reg->address), sizeof(uint32_t));
}

static uint32_t read16(const struct acpi_register *reg)
{
    if (reg->space == ACPI_SPACE_IO)
        return inw((uint16_t)reg->address);
    volatile uint8_t *at = reg->space == ACPI_SPACE_MEMORY ? map(reg) : NULL;
    return at != NULL ? *(volatile uint16_t *)at : 0;
}

static void write16(const struct acpi_register *reg, uint32_t value)
{
    if (reg->space == ACPI_SPACE_IO) {
        outw((uint16_t)reg->address, (uint16_t)value);
        return;
    }
    volatile uint8_t *at = reg->space == ACPI_SPACE_MEMORY ? map(reg) : NULL;
    if (at != NULL)
        *(volatile uint16_t *)at = (uint16_t)value;
}

/* In PCI's space: bus 0, the device in bits 47..32, the function in 31..16, the offset below. */
static void write8_pci(uint64_t where, uint8_t value)
{
    pci_address address = (pci_address)(((where >> 32) & 31) << 3 | ((where >> 16) & 7));
    unsigned int offset = where & 0xfcu, shift = (where & 3u) * 8;

    if (!pci_config_init())
        return;
    uint32_t old = pci_read(address, offset);
    pci_write(address, offset, (old & ~(0xffu << shift)) | (uint32_t)value << shift);
}

static void write8(const struct acpi_register *reg, uint8_t value)
{
    volatile uint8_t *at;

    switch (reg->space) {
    case ACPI_SPACE_IO:
        outb((uint16_t)reg->address, value);
        break;
    case ACPI_SPACE_PCI:
        write8_pci(reg->address, value);
        break;
    default:
        at = map(reg);
        if (at != NULL)
            *at = value;
        break;
    }
}

/* It takes a moment: with something that is slow but does no harm. */
static void await_end(void)
{
    for (uint32_t i = 0; i < AFTERMATH_POLLS; i++)
        (void)inb(PORT_DELAY);
}

static bool find_s5(uint8_t types[2])
{
    const struct acpi_header *table = acpi_find_dsdt();

    for (unsigned int i = 0; i <= SSDTS_MAX; i++) {
        if (table != NULL && acpi_find_s5(table, types))
            return true;
        table = acpi_find(ACPI_SSDT_SIGNATURE, i);
        if (table == NULL)
            return false;
    }
    return false;
}

/* Firmware owns the registers until ACPI is turned on (16.3.1). */
static void turn_acpi_on(const struct acpi_fadt *fadt)
{
    if (fadt->smi_command == 0 || (read16(&fadt->pm1a_control) & SCI_ENABLED))
        return;
    outb((uint16_t)fadt->smi_command, fadt->acpi_enable);
    for (uint32_t i = 0; i < ACPI_ON_POLLS; i++) {
        if (read16(&fadt->pm1a_control) & SCI_ENABLED)
            return;
        (void)inb(PORT_DELAY);
    }
}

static void sleep_by_pm1(const struct acpi_register *control, uint8_t type)
{
    if (control->address == 0)
        return;
    uint32_t value = (read16(control) & ~PM1_SLEEP_MASK) | PM1_SLEEP_TYPE(type);
    write16(control, value);
    write16(control, value | PM1_SLEEP_ENABLE); /* 16.1.4: the type first */
}

void acpi_power_off(void)
{
    struct acpi_fadt fadt;
    uint8_t types[2];

    if (!read_fadt(&fadt) || !find_s5(types)) {
        klog(LOG_WARNING, "acpi: the tables do not say how to turn the machine off");
        return;
    }
    if (fadt.reduced_hardware) {
        if (fadt.sleep_control.address == 0)
            return;
        write8(&fadt.sleep_control, (uint8_t)(SLEEP_TYPE(types[0]) | SLEEP_ENABLE));
    } else {
        turn_acpi_on(&fadt);
        sleep_by_pm1(&fadt.pm1a_control, types[0]);
        sleep_by_pm1(&fadt.pm1b_control, types[1]);
    }
    await_end();
    klog(LOG_WARNING, "acpi: the machine did not turn off");
}

void acpi_reset(void)
{
    struct acpi_fadt fadt;

    if (!read_fadt(&fadt) || fadt.reset.address == 0)
        return;
    write8(&fadt.reset, fadt.reset_value);
    await_end();
}

/* ---- clocks ---------------------------------------------------------------- */

#define PM_TIMER_HZ 3579545u
/* IA-PC HPET 1.0a, 2.3 */
#define HPET_CAPABILITIES 0x000u
#define HPET_CONFIG 0x010u
#define HPET_COUNTER 0x0f0u
#define HPET_BYTES 0x400u
#define HPET_ENABLE 1u
#define HPET_PERIOD_MAX_FS 100000000u
#define FS_PER_S 1000000000000000ull

static volatile uint8_t *hpet;
static struct acpi_register pm_timer;

static uint32_t hpet_read(unsigned int offset)
{
    return *(volatile uint32_t *)(hpet + offset);
}

static uint32_t read_hpet_counter(void)
{
    return hpet_read(HPET_COUNTER);
}

static uint32_t read_pm_timer(void)
{
    return inl((uint16_t)pm_timer.address);
}

static bool find_hpet(struct clock_reference *out)
{
    const struct acpi_header *table = acpi_find(ACPI_HPET_SIGNATURE, 0);
    uint64_t address = table == NULL ? 0 : acpi_hpet_address(table);

    if (address == 0)
        return false;
    hpet = paging_map_device(PADDR(address), HPET_BYTES);
    if (hpet == NULL)
        return false;
    uint32_t period_fs = hpet_read(HPET_CAPABILITIES + 4);
    if (period_fs == 0 || period_fs > HPET_PERIOD_MAX_FS)
        return false;
    uint32_t config = hpet_read(HPET_CONFIG);
    if (!(config & HPET_ENABLE))
        *(volatile uint32_t *)(hpet + HPET_CONFIG) = config | HPET_ENABLE;
    *out = (struct clock_reference){
        .name = "hpet", .read = read_hpet_counter, .hz = FS_PER_S / period_fs, .mask = UINT32_MAX};
    return true;
}

static bool find_pm_timer(struct clock_reference *out)
{
    struct acpi_fadt fadt;

    if (!read_fadt(&fadt) || fadt.pm_timer.address == 0 || fadt.pm_timer.space != ACPI_SPACE_IO)
        return false;
    pm_timer = fadt.pm_timer;
    *out = (struct clock_reference){
        .name = "acpi_pm", .read = read_pm_timer, .hz = PM_TIMER_HZ, .mask = fadt.pm_timer_mask};
    return true;
}

bool acpi_clock_reference(unsigned int index, struct clock_reference *out)
{
    return index == 0 ? find_hpet(out) : index == 1 && find_pm_timer(out);
}
