/* SPDX-License-Identifier: BSD-2-Clause */
/* Calling other CPUs: see smp.h for the protocol.  Allocates nothing. */
#include "arch/smp.h"

#include "arch/apic.h"
#include "arch/apic_internal.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/trap.h"
#include "lib/panic.h"
#include "lib/string.h"

extern const uint8_t ap_code[], ap_code_end[], ap_code_64[];
void smp_ap_entry(unsigned int cpu); /* called from ap.asm */

struct ap_slot ap_slots[GUEST_CPUS_MAX] LARGE_BSS;
static uint32_t startup_page;
static atomic_bool stopping;
static void (*ap_main)(unsigned int cpu);
static void (*load_config)(void);

void smp_set_source(void (*load_apic_config)(void))
{
    load_config = load_apic_config;
}

unsigned int smp_cpu_count(void)
{
    unsigned int known = atomic_load_explicit(&cpus_present, memory_order_relaxed);

    if (LIKELY(known))
        return known;
    if (load_config)
        load_config();
    known = MIN(apic_config.cpu_count, GUEST_CPUS_MAX);
    atomic_store_explicit(&cpus_present, known, memory_order_relaxed);
    return known;
}

uint32_t smp_own_apic_id(void)
{
    return apic_own_id();
}

void smp_install(paddr_t pa, void *page, uint32_t cr3)
{
    struct ap_page *head = page;
    uint32_t base = (uint32_t)pa.raw;

    ASSERT(pa.raw < 0x100000 && pa.raw % PAGE_SIZE == 0);
    memcpy(page, ap_code, (size_t)(ap_code_end - ap_code));
    head->cr3 = cr3;
    head->cr4 = (uint32_t)read_cr4();
    head->entry = base + (uint32_t)(ap_code_64 - ap_code);
    head->entry_cs = KERNEL_CS;
    head->gdt_limit = sizeof(head->gdt) - 1;
    head->gdt_base = base + offsetof(struct ap_page, gdt);
    startup_page = base >> PAGE_SHIFT;
}

void smp_set_main(void (*main)(unsigned int cpu))
{
    ap_main = main;
}

void smp_prepare(unsigned int cpu, uint32_t apic_id, uint64_t stack_top)
{
    struct ap_slot *slot = &ap_slots[cpu];

    slot->apic_id = apic_id;
    slot->stack_top = stack_top;
    atomic_store(&slot->state, AP_READY);
}

void smp_call(unsigned int cpu)
{
    struct ap_slot *slot = &ap_slots[cpu];

    atomic_store(&slot->state, AP_CALLED);
    apic_send_init(slot->apic_id);
    apic_send_startup(slot->apic_id, startup_page);
}

bool smp_call_again(unsigned int cpu)
{
    struct ap_slot *slot = &ap_slots[cpu];
    unsigned int state = AP_CALLED;

    if (atomic_compare_exchange_strong(&slot->state, &state, AP_READY)) {
        apic_send_init(slot->apic_id);
        return true;
    }
    if (state != AP_READY)
        return false;
    atomic_store(&slot->state, AP_CALLED);
    apic_send_startup(slot->apic_id, startup_page);
    return true;
}

bool smp_has_come(unsigned int cpu)
{
    return atomic_load(&ap_slots[cpu].state) == AP_CLAIMED;
}

void smp_ap_entry(unsigned int cpu)
{
    ap_main(cpu);
}

void smp_stop_others(void)
{
    if (atomic_load(&cpus_online) <= 1)
        return;
    atomic_store(&stopping, true);
    apic_send_nmi_to_others(); /* the kernel runs with interrupts disabled */
}

void smp_on_nmi(void)
{
    if (atomic_load(&stopping))
        cpu_stop();
}
