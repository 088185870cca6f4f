/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the other CPUs, as far as the processor is concerned: the page of real-mode
 * code they begin in (boot/ap.asm), INIT and startup IPIs.  Intel SDM 3A, 8.4.
 * Memory, order and patience are sched/cpus.c's.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "boot/guest_abi.h"
#include "lib/types.h"

/*
 * A start is called for again when it got lost (a monitor may create a CPU late).
 * A CPU that found itself called claims the call by a compare-and-swap; the caller
 * takes it back the same way, and only then sends another INIT: no CPU is ever
 * reset after it has claimed its stack.
 */
enum ap_state {
    AP_UNUSED = 0,
    AP_READY = 1, /* prepared; no startup IPI is on its way */
    AP_CALLED = 2,
    AP_CLAIMED = 3, /* it runs */
};

struct ap_slot { /* read by ap.asm */
    atomic_uint state;
    uint32_t apic_id;
    uint64_t stack_top;
};
_Static_assert(sizeof(struct ap_slot) == 16, "ap.asm scales by it");

/* Start of the real-mode page, in ap.asm's code; filled in when it is copied. */
struct ap_page {
    uint8_t jump[8];
    uint32_t cr3, cr4;
    uint32_t entry; /* far pointer: the page's 64-bit code */
    uint16_t entry_cs;
    uint16_t gdt_limit; /* descriptor-table pointer */
    uint32_t gdt_base;
    uint32_t reserved;
    uint64_t gdt[3];
};
_Static_assert(offsetof(struct ap_page, gdt_base) == offsetof(struct ap_page, gdt_limit) + 2,
               "LGDT's operand");

/* The calling CPU's APIC identifier. */
uint32_t smp_own_apic_id(void);
/*
 * Copies the code into a page at pa (below 1 MiB), whose address in the kernel is
 * page; cr3 maps it where it lies, executable, and the kernel.  Once.
 */
void smp_install(paddr_t pa, void *page, uint32_t cr3);
/* main(cpu) will run on that stack, percpu_of[cpu] and its tables being there. */
void smp_prepare(unsigned int cpu, uint32_t apic_id, uint64_t stack_top);
void smp_set_main(void (*main)(unsigned int cpu));
/* INIT and startup IPI at once: for a CPU that has never run. */
void smp_call(unsigned int cpu);
/*
 * For a CPU that has not come, by turns: takes the call back with an INIT; calls again.
 * At least a millisecond apart.  False: it runs already.
 */
bool smp_call_again(unsigned int cpu);

bool smp_has_come(unsigned int cpu); /* it has claimed its stack */

/* How CPUs are counted (drivers/acpi.h), before which only the first is known. */
void smp_set_source(void (*load_apic_config)(void));
/* CPUs of the machine, at least 1; read from ACPI's tables at the first call. */
unsigned int smp_cpu_count(void);
/* A panic: all others stop, for ever, wherever they are. */
void smp_stop_others(void);
/* From the NMI handler: does not return when the others have been stopped. */
void smp_on_nmi(void);

#endif
