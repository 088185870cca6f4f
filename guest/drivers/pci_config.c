/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to PCI configuration space: mechanism 1 by ports (PCI 3.0, 3.2.2.3.2), which needs
 * nothing to be read first, or memory as ACPI's MCFG describes it (PCI Firmware 3.2, 4.1).
 * Knows no device.
 */
#include "arch/boot_info.h"
#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "drivers/acpi.h"
#include "drivers/pci.h"
#include "lib/string.h"
#include "mm/paging.h"

#define PORT_ADDRESS 0xcf8u
#define PORT_DATA 0xcfcu
#define ADDRESS_ENABLE 0x80000000u
#define ECAM_FUNCTION_SHIFT 12

static struct spinlock config_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static enum { CONFIG_UNKNOWN, CONFIG_NONE, CONFIG_PORTS, CONFIG_ECAM } mechanism;
static struct acpi_ecam ecam;
/* Buses that are mapped: few have anything on them, and they stay. */
#define ECAM_BUSES_MAX 8u
static struct {
    volatile uint8_t *base;
    unsigned int bus;
} ecam_buses[ECAM_BUSES_MAX];
static unsigned int ecam_bus_count;

/* An address register that can be read back: nothing else answers so. */
static bool has_ports(void)
{
    outl(PORT_ADDRESS, ADDRESS_ENABLE);
    bool same = inl(PORT_ADDRESS) == ADDRESS_ENABLE;
    return same && inl(PORT_DATA) != UINT32_MAX; /* function 0:0.0 is the host bridge */
}

/* "pci=memory" on the command line: for machines whose ports do not do what they should. */
static bool wants_memory(void)
{
    char value[8];

    return cmdline_get("pci", value, sizeof(value), NULL) > 0 && strcmp(value, "memory") == 0;
}

bool pci_config_init(void)
{
    spin_lock(&config_lock);
    if (mechanism == CONFIG_UNKNOWN) {
        mechanism = CONFIG_NONE;
        if (!wants_memory() && has_ports())
            mechanism = CONFIG_PORTS;
        else if (acpi_find_ecam(&ecam))
            mechanism = CONFIG_ECAM;
    }
    spin_unlock(&config_lock);
    return mechanism != CONFIG_NONE;
}

/* A function's registers in memory; NULL: not there, or no room to map them. */
static volatile uint32_t *ecam_page(pci_address address)
{
    unsigned int bus = PCI_BUS(address), i = 0;

    if (bus < ecam.first_bus || bus > ecam.last_bus)
        return NULL;
    while (i < ecam_bus_count && ecam_buses[i].bus != bus)
        i++;
    if (i == ecam_bus_count) {
        if (i == ECAM_BUSES_MAX)
            return NULL;
        uint64_t at = ecam.address + ((uint64_t)bus << ACPI_ECAM_BUS_SHIFT);
        ecam_buses[i].base = paging_map_device(PADDR(at), 1u << ACPI_ECAM_BUS_SHIFT);
        if (ecam_buses[i].base == NULL)
            return NULL;
        ecam_buses[i].bus = bus;
        ecam_bus_count++;
    }
    volatile uint8_t *page = ecam_buses[i].base + ((address & 0xffu) << ECAM_FUNCTION_SHIFT);
    return (volatile uint32_t *)page;
}

uint32_t pci_read(pci_address address, unsigned int offset)
{
    uint32_t value = UINT32_MAX;

    spin_lock(&config_lock);
    if (mechanism == CONFIG_PORTS) {
        outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)address << 8 | offset);
        value = inl(PORT_DATA);
    } else if (mechanism == CONFIG_ECAM) {
        volatile uint32_t *page = ecam_page(address);
        if (page != NULL)
            value = page[offset / 4];
    }
    spin_unlock(&config_lock);
    return value;
}

void pci_write(pci_address address, unsigned int offset, uint32_t value)
{
    spin_lock(&config_lock);
    if (mechanism == CONFIG_PORTS) {
        outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)address << 8 | offset);
        outl(PORT_DATA, value);
    } else if (mechanism == CONFIG_ECAM) {
        volatile uint32_t *page = ecam_page(address);
        if (page != NULL)
            page[offset / 4] = value;
    }
    spin_unlock(&config_lock);
}
