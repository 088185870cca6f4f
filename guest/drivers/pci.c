/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI enumeration, capability lists and memory BARs (PCI 3.0, chapter 6).  Reaches devices by
 * pci_read() and pci_write() only, so that a test can be the devices.  Knows no driver.
 */
#include "drivers/pci.h"

#include "arch/boot_info.h"
#include "drivers/acpi.h"
#include "lib/printf.h"

#define BUSES 256u
#define SLOTS 32u
#define FUNCTIONS 8u
#define CAPABILITY_FIRST 0x40u /* the header ends there */
#define CAPABILITY_LAST 0xfcu

#define CLAIMS_MAX 64u

/* What has been given out, so that two devices that claim one place are noticed. */
static struct {
    uint64_t start, end;
    pci_address owner;
    uint8_t index;
} claims[CLAIMS_MAX] LARGE_BSS;
static unsigned int claim_count;

/* For what firmware gave no address: above all RAM below 4 GiB, below the chips' registers. */
#define WINDOW_START 0xe0000000ull
#define WINDOW_END 0xfe000000ull
static uint64_t window_next; /* 0: none has been wanted yet */

/* ---- enumeration ---------------------------------------------------------- */

struct scan {
    uint64_t buses[BUSES / 64]; /* to be scanned; only ones behind the present are added */
    pci_visit *visit;
    void *arg;
};

/* A bridge's bus has a higher number than its own, so no bus comes twice and the scan ends. */
static void add_bridge(struct scan *scan, pci_address address)
{
    unsigned int secondary = (pci_read(address, PCI_BUSES) >> 8) & 0xffu;

    if (secondary > PCI_BUS(address))
        scan->buses[secondary / 64] |= 1ul << secondary % 64;
    else
        klog(LOG_WARNING, "pci: bridge %02x:%02x.%u leads to bus %u; what is behind it is not seen",
             PCI_BUS(address), PCI_SLOT(address), PCI_FUNCTION(address), secondary);
}

static void scan_slot(struct scan *scan, unsigned int bus, unsigned int slot)
{
    unsigned int functions = 1;

    for (unsigned int f = 0; f < functions; f++) {
        pci_address address = (pci_address)(bus << 8 | slot << 3 | f);
        uint32_t id = pci_read(address, PCI_ID);
        if ((id & 0xffffu) == PCI_VENDOR_NONE || id == 0) {
            if (f == 0)
                return;
            continue;
        }
        uint32_t header = pci_read(address, PCI_HEADER);
        if (f == 0 && (header & PCI_HEADER_MANY))
            functions = FUNCTIONS;
        if (PCI_HEADER_TYPE(header) == PCI_TYPE_BRIDGE)
            add_bridge(scan, address);
        else
            scan->visit(address, id, scan->arg);
    }
}

void pci_for_each(pci_visit *visit, void *arg)
{
    struct scan scan = {.buses = {1}, .visit = visit, .arg = arg};

    if (!pci_config_init())
        return;
    claim_count = 0;
    window_next = 0;
    for (unsigned int bus = 0; bus < BUSES; bus++) {
        if (!(scan.buses[bus / 64] >> bus % 64 & 1))
            continue;
        for (unsigned int slot = 0; slot < SLOTS; slot++)
            scan_slot(&scan, bus, slot);
    }
}

/* ---- capabilities (6.7) --------------------------------------------------- */

unsigned int pci_next_capability(pci_address address, unsigned int after, uint32_t *word,
                                 unsigned int *budget)
{
    unsigned int next;

    if (after != 0)
        next = *word >> 8;
    else if (pci_read(address, PCI_COMMAND) & PCI_STATUS_CAPABILITIES)
        next = pci_read(address, PCI_CAPABILITIES);
    else
        return 0;
    next &= CAPABILITY_LAST; /* the lowest two bits are reserved */
    if (next == 0)
        return 0;
    if (next < CAPABILITY_FIRST || *budget == 0) {
        klog(LOG_WARNING, "pci: the capabilities of %02x:%02x.%u %s", PCI_BUS(address),
             PCI_SLOT(address), PCI_FUNCTION(address),
             *budget == 0 ? "have no end" : "lie in its header");
        return 0;
    }
    --*budget;
    *word = pci_read(address, next);
    return next;
}

/* ---- BARs (6.2.5) --------------------------------------------------------- */

#define BAR_IO 1u
#define BAR_64_BITS 4u
#define BAR_TYPE 6u
#define BAR_FLAGS 15u
#define ADDRESS_MAX (1ull << 46) /* what an x86 CPU may have */

static bool hits_ram(uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < boot_info.ram_count; i++) {
        if (start < boot_info.ram[i].end && end > boot_info.ram[i].start)
            return true;
    }
    return false;
}

/* The claim that a range hits; claim_count: none. */
static unsigned int hit_claim(uint64_t start, uint64_t end)
{
    unsigned int i = 0;
    while (i < claim_count && !(start < claims[i].end && end > claims[i].start))
        i++;
    return i;
}

static void add_claim(uint64_t start, uint64_t end, pci_address owner, unsigned int index)
{
    if (claim_count == CLAIMS_MAX)
        return;
    claims[claim_count].start = start;
    claims[claim_count].end = end;
    claims[claim_count].owner = owner;
    claims[claim_count++].index = (uint8_t)index;
}

/* Configuration space itself may be in the window; nobody needs to know before. */
static void open_window(void)
{
    struct acpi_ecam ecam;

    window_next = WINDOW_START;
    if (acpi_find_ecam(&ecam))
        add_claim(ecam.address + ((uint64_t)ecam.first_bus << ACPI_ECAM_BUS_SHIFT),
                  ecam.address + ((ecam.last_bus + 1ull) << ACPI_ECAM_BUS_SHIFT), 0, PCI_BARS);
}

/* 0: no room.  Sizes are powers of two, and addresses multiples of them. */
static uint64_t allocate(uint64_t size)
{
    if (window_next == 0)
        open_window();
    uint64_t at = ALIGN_UP(window_next, size);

    while (size <= WINDOW_END - WINDOW_START && at <= WINDOW_END - size) {
        unsigned int claim = hit_claim(at, at + size);
        if (claim == claim_count) {
            window_next = at + size;
            return at;
        }
        at = ALIGN_UP(claims[claim].end, size);
    }
    return 0;
}

static bool refuse(pci_address address, unsigned int index, const char *why)
{
    klog(LOG_ERR, "pci: BAR %u of %02x:%02x.%u %s", index, PCI_BUS(address), PCI_SLOT(address),
         PCI_FUNCTION(address), why);
    return false;
}

/* The size that the address bits which cannot be set tell; decoding is off meanwhile. */
static uint64_t measure(pci_address address, unsigned int offset, bool wide, uint64_t old)
{
    uint32_t command = pci_read(address, PCI_COMMAND) & 0xffffu;
    uint64_t mask = ~0ull << 32;

    pci_write(address, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
    pci_write(address, offset, UINT32_MAX);
    mask |= pci_read(address, offset) & ~BAR_FLAGS;
    pci_write(address, offset, (uint32_t)old);
    if (wide) {
        pci_write(address, offset + 4, UINT32_MAX);
        mask = (mask & UINT32_MAX) | (uint64_t)pci_read(address, offset + 4) << 32;
        pci_write(address, offset + 4, (uint32_t)(old >> 32));
    }
    pci_write(address, PCI_COMMAND, command);
    uint64_t size = mask & -mask; /* the lowest bit that can be set */
    /* All bits above it can be set, too, or this is no BAR. */
    return (uint32_t)mask != 0 || wide ? (mask == -size ? size : 0) : 0;
}

static bool claim(pci_address address, unsigned int index, const struct pci_bar *bar)
{
    uint64_t end = bar->address + bar->size;

    if (end > ADDRESS_MAX || end < bar->address || (bar->address & (bar->size - 1)) != 0)
        return refuse(address, index, "has an impossible address");
    if (hits_ram(bar->address, end) || (bar->address < 0xfef00000ull && end > 0xfec00000ull))
        return refuse(address, index, "lies where RAM or an interrupt controller is");
    unsigned int hit = hit_claim(bar->address, end);
    if (hit < claim_count)
        return (claims[hit].owner == address && claims[hit].index == index) ||
               refuse(address, index, "overlaps another device's");
    add_claim(bar->address, end, address, index);
    return true;
}

bool pci_bar_find(pci_address address, unsigned int index, struct pci_bar *bar)
{
    unsigned int offset = PCI_BAR0 + index * 4;
    uint64_t old = index < PCI_BARS ? pci_read(address, offset) : UINT32_MAX;
    bool wide = (old & BAR_TYPE) == BAR_64_BITS;

    if ((old & BAR_IO) || (wide && index == PCI_BARS - 1))
        return refuse(address, index, "is none of memory");
    if (wide)
        old |= (uint64_t)pci_read(address, offset + 4) << 32;
    bar->address = old & ~(uint64_t)BAR_FLAGS;
    bar->size = measure(address, offset, wide, old);
    if (bar->size == 0)
        return refuse(address, index, "has no size");
    if (bar->address == 0) {
        bar->address = PCI_BUS(address) == 0 ? allocate(bar->size) : 0;
        if (bar->address == 0)
            return refuse(address, index, "has no address, and there is none to give");
        pci_write(address, offset, (uint32_t)bar->address);
        if (wide)
            pci_write(address, offset + 4, 0);
    }
    return claim(address, index, bar);
}

void pci_enable(pci_address address, bool pin)
{
    uint32_t command = pci_read(address, PCI_COMMAND) & 0xffffu;

    command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX;
    if (pin)
        command &= ~PCI_COMMAND_NO_INTX;
    pci_write(address, PCI_COMMAND, command); /* the status half clears by ones */
}
