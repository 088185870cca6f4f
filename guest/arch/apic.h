/* SPDX-License-Identifier: BSD-2-Clause */
/* Local APIC (x2APIC where offered) and IOAPIC.  Intel SDM 3A, chapter 11; 82093AA datasheet. */
#ifndef ARCH_APIC_H
#define ARCH_APIC_H

#include "lib/types.h"

#define IOAPICS_MAX 4u

/* What ACPI's MADT says; filled by drivers/acpi.c.  Before that, a PC's usual addresses. */
struct apic_config {
    uint64_t lapic_address;
    unsigned int ioapic_count; /* 0: none */
    struct ioapic_config {
        uint64_t address;
        uint32_t gsi_base; /* its pins are this GSI and those that follow */
    } ioapics[IOAPICS_MAX];
    unsigned int cpu_count;
    uint32_t cpu_apic_ids[64];
};
extern struct apic_config apic_config;

/* How to reach the registers (mm/paging.h, paging_map_device): set once at boot. */
void apic_set_mapper(void *(*map)(paddr_t pa, uint64_t size));
/*
 * Boot, before interrupts are enabled: a PC's old controllers may be connected and armed by
 * firmware, and their vectors would look like exceptions.
 */
void apic_silence_pic(void);
/* Done by the functions below when it has not been; costs one test otherwise. */
void apic_init_this_cpu(void);
void apic_eoi(void);
void apic_send_ipi(unsigned int cpu, unsigned int vector);
/* For arch/smp.c. */
uint32_t apic_own_id(void);
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint32_t page); /* page < 256: frame number */
void apic_send_nmi_to_others(void);
/* Routes a GSI to this CPU as vector TRAP_VECTOR_IRQ_BASE + gsi and unmasks it. */
int ioapic_enable(unsigned int gsi, bool level, bool active_low);
/* What a device writes, and where, to raise a vector on this CPU; -EINVAL: it has no such number.
 */
int apic_message(unsigned int vector, uint64_t *address, uint32_t *data);

#endif
