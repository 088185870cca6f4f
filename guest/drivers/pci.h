/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI as far as drivers need it: functions found, capabilities, memory BARs, MSI-X
 * (PCI 3.0, chapter 6; PCI-to-PCI bridges 1.2, section 3.2).  Devices may lie: lists and
 * counts are bounded, and what does not fit together is refused with a message.
 *
 * Locking: config space has its own spinlock (pci_config.c).  Enumeration and BARs
 * are for boot and discovery, one caller at a time: virtio.c's list lock.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "lib/types.h"

/* Bus, device and function as they stand in a configuration address: bus << 8 | device << 3 | f. */
typedef uint16_t pci_address;
#define PCI_BUS(address) ((unsigned int)(address) >> 8)
#define PCI_SLOT(address) (((unsigned int)(address) >> 3) & 31u)
#define PCI_FUNCTION(address) ((unsigned int)(address)&7u)

/* 6.1 header, offsets of the 32-bit words that we use */
#define PCI_ID 0x00u /* vendor, device */
#define PCI_COMMAND 0x04u /* command, status */
#define PCI_CLASS 0x08u /* revision, programming interface, class */
#define PCI_HEADER 0x0cu /* cache line, latency, header type, BIST */
#define PCI_BAR0 0x10u
#define PCI_BUSES 0x18u /* bridges: primary, secondary, subordinate */
#define PCI_SUBSYSTEM 0x2cu /* vendor, identifier */
#define PCI_CAPABILITIES 0x34u
#define PCI_INTERRUPT 0x3cu /* line, pin */

#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_NO_INTX 0x0400u
#define PCI_STATUS_CAPABILITIES 0x00100000u /* in the word at PCI_COMMAND */
#define PCI_HEADER_MANY 0x00800000u /* in the word at PCI_HEADER: several functions */
#define PCI_HEADER_TYPE(word) (((word) >> 16) & 0x7fu)
#define PCI_TYPE_BRIDGE 1u
#define PCI_VENDOR_NONE 0xffffu
#define PCI_BARS 6u

#define PCI_CAPABILITY_VENDOR 0x09u
#define PCI_CAPABILITY_MSIX 0x11u

/* ---- configuration space (pci_config.c) ----------------------------------- */

/* Finds out how it is reached: ports, else ECAM by the MCFG.  False: there is no PCI. */
bool pci_config_init(void);
/* offset: a multiple of 4 below 256.  What is not there reads as all ones. */
uint32_t pci_read(pci_address address, unsigned int offset);
void pci_write(pci_address address, unsigned int offset, uint32_t value);

/* ---- functions, capabilities, BARs (pci.c) -------------------------------- */

/* Called for each function; id: the word at PCI_ID. */
typedef void pci_visit(pci_address address, uint32_t id, void *arg);
void pci_for_each(pci_visit *visit, void *arg);

/*
 * The next capability after the one at offset `after` (0: the first); 0: no more.  *word:
 * its first 32 bits.  budget: how many more may be looked at, set to PCI_CAPS_MAX first.
 */
#define PCI_CAPS_MAX 48u /* of 4 bytes each, all that config space has room for */
unsigned int pci_next_capability(pci_address address, unsigned int after, uint32_t *word,
                                 unsigned int *budget);

struct pci_bar {
    uint64_t address, size; /* guest-physical; bytes */
};
/*
 * A memory BAR, sized; one that firmware has left without address gets one.  False, with
 * a message: none, an I/O one, or where RAM or another device is.
 */
bool pci_bar_find(pci_address address, unsigned int index, struct pci_bar *bar);
/* Decoding of memory and mastery of the bus on; the interrupt pin on or off. */
void pci_enable(pci_address address, bool pin);

#endif
