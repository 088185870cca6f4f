/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Absent PC devices and power control.  Everything here is for kernels that
 * probe before they believe the ACPI tables.
 */
#include "vmm/dev/legacy.h"

#include <stddef.h>

#include "boot/guest_abi.h"

#define I8042_COMMAND 0x64u
#define I8042_RESET 0xfeu
#define PCI_RESET_OFFSET 1u /* port 0xcf9 within 0xcf8.. */
#define PCI_RESET_CPU 0x04u
#define SLEEP_ENABLE 0x20u /* ACPI 6.4, table 4.19 */

static uint64_t absent_read(void *device, uint64_t offset, unsigned int size)
{
    (void)device;
    (void)offset;
    (void)size;
    return UINT64_MAX;
}

static void absent_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
}

static void i8042_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct legacy *legacy = device;

    if (offset == I8042_COMMAND - 0x60u && size == 1 && value == I8042_RESET) {
        legacy->power_off(legacy->arg, true);
    }
}

static void pci_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct legacy *legacy = device;

    if (offset == PCI_RESET_OFFSET && size == 1 && (value & PCI_RESET_CPU) != 0) {
        legacy->power_off(legacy->arg, true);
    }
}

static uint64_t power_read(void *device, uint64_t offset, unsigned int size)
{
    (void)device;
    (void)offset;
    (void)size;
    return 0;
}

static void power_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct legacy *legacy = device;

    if (size != 1) {
        return;
    }
    if (offset == 0 && (value & SLEEP_ENABLE) != 0) {
        legacy->power_off(legacy->arg, false);
    } else if (offset == GUEST_RESET_PORT - GUEST_SLEEP_CONTROL_PORT &&
               value == GUEST_RESET_VALUE) {
        legacy->power_off(legacy->arg, true);
    }
}

static const struct bus_ops absent_ops = {.read = absent_read, .write = absent_write};
static const struct bus_ops i8042_ops = {.read = absent_read, .write = i8042_write};
static const struct bus_ops pci_ops = {.read = absent_read, .write = pci_write};
static const struct bus_ops power_ops = {.read = power_read, .write = power_write};

static const struct {
    uint16_t base, size;
    const struct bus_ops *ops;
} legacy_ports[] = {
    {0x020, 0x02, &absent_ops}, /* PIC */
    {0x040, 0x04, &absent_ops}, /* PIT */
    {0x060, 0x05, &i8042_ops}, /* keyboard controller, port B */
    {0x070, 0x02, &absent_ops}, /* CMOS */
    {0x080, 0x10, &absent_ops}, /* POST codes: written as a delay */
    {0x0a0, 0x02, &absent_ops}, /* second PIC */
    {0x0ed, 0x01, &absent_ops}, /* another delay port */
    {0x2e8, 0x08, &absent_ops}, /* COM4 */
    {0x2f8, 0x08, &absent_ops}, /* COM2 */
    {0x3c0, 0x20, &absent_ops}, /* VGA */
    {0x3e8, 0x08, &absent_ops}, /* COM3 */
    {0x4d0, 0x02, &absent_ops}, /* PIC trigger modes */
    {0xcf8, 0x08, &pci_ops}, /* PCI configuration */
    {GUEST_SLEEP_CONTROL_PORT, 0x04, &power_ops},
};

int legacy_add(struct legacy *legacy, struct bus *ports)
{
    for (size_t i = 0; i < sizeof(legacy_ports) / sizeof(legacy_ports[0]); i++) {
        int error =
            bus_add(ports, legacy_ports[i].base, legacy_ports[i].size, legacy_ports[i].ops, legacy);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}
