/* SPDX-License-Identifier: BSD-2-Clause */
/* GDT, IDT and TSS.  The first CPU's are static; those of others in memory the caller gives. */
#include "arch/descriptors.h"

#include "arch/trap.h"
#include "boot/guest_abi.h"

struct tss { /* SDM 3A, 8.7 */
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "TSS");

struct idt_gate { /* SDM 3A, 6.14.1 */
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_mid;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct idt_gate) == 16, "IDT gate");

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

#define IST_STACK_SIZE 4096u
#define IST_STACKS 3u /* NMI, double fault, machine check */
#define GATE_INTERRUPT 0x8eu

struct cpu_tables {
    uint64_t gdt[7];
    struct tss tss;
};

static struct cpu_tables boot_tables __attribute__((section(".bss.hot.tables"), aligned(16)));
static struct cpu_tables *tables_of[GUEST_CPUS_MAX] __attribute__((section(".bss.hot.tables")));
static struct idt_gate idt[256] __attribute__((section(".bss..tables"), aligned(4096)));
static uint8_t boot_ist_stacks[IST_STACKS][IST_STACK_SIZE] LARGE_BSS __attribute__((aligned(16)));

extern const char trap_stubs[256][16];
void trap_nmi(void);
void trap_double_fault(void);
void trap_machine_check(void);

static void set_gate(unsigned int vector, const void *entry, unsigned int ist, unsigned int type)
{
    uint64_t address = (uint64_t)entry;

    idt[vector] = (struct idt_gate){
        .offset_low = (uint16_t)address,
        .selector = KERNEL_CS,
        .ist = (uint8_t)ist,
        .type = (uint8_t)type,
        .offset_mid = (uint16_t)(address >> 16),
        .offset_high = (uint32_t)(address >> 32),
    };
}

void idt_init(void)
{
    for (unsigned int v = 0; v < 256; v++)
        set_gate(v, trap_stubs[v], 0, GATE_INTERRUPT);
    /* INT3 and INTO are instructions a program may use. */
    idt[TRAP_BP].type |= 3 << 5;
    idt[TRAP_OF].type |= 3 << 5;
    set_gate(2, (const void *)trap_nmi, 1, GATE_INTERRUPT);
    set_gate(TRAP_DF, (const void *)trap_double_fault, 2, GATE_INTERRUPT);
    set_gate(TRAP_MC, (const void *)trap_machine_check, 3, GATE_INTERRUPT);
}

static void fill_gdt(struct cpu_tables *t)
{
    uint64_t base = (uint64_t)&t->tss;

    t->gdt[KERNEL_CS / 8] = 0x00af9b000000ffffull;
    t->gdt[KERNEL_DS / 8] = 0x00cf93000000ffffull;
    t->gdt[USER_DS / 8] = 0x00cff3000000ffffull;
    t->gdt[USER_CS / 8] = 0x00affb000000ffffull;
    t->gdt[TSS_SELECTOR / 8] = (sizeof(struct tss) - 1) | ((base & 0xffffff) << 16) |
                               0x0000890000000000ull | ((base >> 24 & 0xff) << 56);
    t->gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
    t->tss.io_map_base = sizeof(struct tss);
}

void descriptors_prepare(unsigned int cpu, void *memory)
{
    struct cpu_tables *t = memory;

    for (unsigned int i = 0; i < IST_STACKS; i++)
        t->tss.ist[i] = (uint64_t)t + PAGE_SIZE + (uint64_t)(i + 1) * IST_STACK_SIZE;
    tables_of[cpu] = t;
}

void descriptors_load(unsigned int cpu)
{
    if (cpu == 0) {
        tables_of[0] = &boot_tables;
        for (unsigned int i = 0; i < IST_STACKS; i++)
            boot_tables.tss.ist[i] = (uint64_t)boot_ist_stacks[i] + IST_STACK_SIZE;
    }
    struct cpu_tables *t = tables_of[cpu];
    fill_gdt(t);

    struct table_pointer gdt_pointer = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};
    struct table_pointer idt_pointer = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0" : : "m"(gdt_pointer));
    __asm__ volatile("lidt %0" : : "m"(idt_pointer));
    __asm__ volatile("lldt %w0" : : "r"(0)); /* none: its reset value covers 64 KiB at 0 */
    __asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
    /* Data segments: SS must be valid after interrupts, the others null. */
    __asm__ volatile("mov %w0, %%ss" : : "r"(KERNEL_DS));
    __asm__ volatile("mov %w0, %%ds; mov %w0, %%es; mov %w0, %%fs; mov %w0, %%gs" : : "r"(0));
}

void descriptors_set_stack(unsigned int cpu, uint64_t stack_top)
{
    tables_of[cpu]->tss.rsp[0] = stack_top;
}
