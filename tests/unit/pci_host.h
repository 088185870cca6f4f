/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI functions made of bytes, and the kernel around their drivers; for a unit test and a fuzzer.
 */
#ifndef UNIT_PCI_HOST_H
#define UNIT_PCI_HOST_H

#include "drivers/acpi.h"
#include "drivers/irq.h"
#include "drivers/pci.h"

#define HOST_FUNCTIONS_MAX 8u
#define HOST_MAPPINGS_MAX 64u

struct host_function {
    pci_address address;
    uint8_t config[256];
    uint64_t bar_size[PCI_BARS]; /* 0: none; a power of two, fixed bits read as in config */
    bool gone; /* it reads as all ones from now on */
};

/* What a driver has mapped: memory of exactly that size, zero at first. */
struct host_mapping {
    uint64_t address, size;
    uint8_t *memory;
};

extern struct host_function host_functions[HOST_FUNCTIONS_MAX];
extern unsigned int host_function_count;
extern struct host_mapping host_mappings[HOST_MAPPINGS_MAX];
extern unsigned int host_mapping_count;
extern unsigned int host_reads; /* of configuration space */
extern unsigned int host_log_lines;
extern unsigned int host_messages, host_messages_max; /* registered, and how many there are */
extern irq_handler *host_line_handler;
extern void *host_line_arg;
extern struct acpi_ecam host_ecam; /* address 0: none */

struct host_function *host_add(pci_address address, uint32_t id);
void host_put32(struct host_function *function, unsigned int at, uint32_t value);
void host_put8(struct host_function *function, unsigned int at, uint8_t value);
/* The mapped byte that is at a guest-physical address; NULL: nobody has mapped it. */
uint8_t *host_at(uint64_t address);
void host_reset(void); /* frees all; functions gone */

#endif
