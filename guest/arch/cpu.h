/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that C cannot say, and what the CPU offers.  x86-64 only. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "lib/types.h"

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
/* The device may look at memory then, and change it. */
static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
/* One exit for all bytes, where the monitor can do that. */
static inline void outsb(uint16_t port, const void *data, size_t count)
{
    __asm__ volatile("rep outsb" : "+S"(data), "+c"(count) : "d"(port) : "memory");
}
static inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return ((uint64_t)hi << 32) | lo;
}
static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}
static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return ((uint64_t)hi << 32) | lo;
}
/* Not before earlier loads. */
static inline uint64_t rdtsc_ordered(void)
{
    __asm__ volatile("lfence" : : : "memory");
    return rdtsc();
}
static inline uint64_t read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
static inline uint64_t read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}
static inline void write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}
static inline uint64_t read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
static inline void write_cr4(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}
static inline void invlpg(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
/* a * b / c without overflow on the way; UINT64_MAX when the result does not fit. */
static inline uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t quotient, remainder, hi = (uint64_t)(product >> 64);

    if (hi >= c)
        return UINT64_MAX;
    __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "a"((uint64_t)product), "d"(hi), "r"(c));
    (void)remainder;
    return quotient;
}
static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}
static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
                     : "a"(leaf), "c"(subleaf));
}
static inline uint64_t xgetbv0(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return ((uint64_t)hi << 32) | lo;
}
/* The kernel's two interrupt states; see sched/LOCKS.md for where they change. */
static inline void irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}
static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}
/* Waits for an interrupt, none can slip in between; returns with them disabled (idle.asm). */
void cpu_idle_wait(void);
/* Its HLT and what follows: an interrupt that comes before the HLT returns behind it. */
extern const char cpu_idle_halt[], cpu_idle_halted[];
NORETURN void cpu_stop(void); /* this CPU, for ever */
/* The last way to end a machine: an exception without an interrupt table resets it. */
NORETURN static inline void cpu_triple_fault(void)
{
    static const struct {
        uint8_t limit_and_base[10];
    } no_table = {{0}};
    __asm__ volatile("lidt %0; int3" : : "m"(no_table));
    __builtin_unreachable();
}

/* Found once on the first CPU (arch/cpu.c); read-only afterwards. */
struct cpu_features {
    bool smep, smap, umip, fsgsbase, pge, pcid, gib_pages, x2apic, tsc_deadline;
    bool invariant_tsc, rdrand, rdseed, rdtscp, rdpid, erms, xsave, avx, avx512, kvm;
    uint32_t physical_bits;
    uint64_t xcr0; /* state components in use */
    uint32_t xsave_size; /* bytes, standard format, of xcr0 */
    uint32_t hypervisor_base; /* CPUID leaf, 0: none */
    char vendor[13], model_name[49];
    uint32_t family, model, stepping;
    uint32_t hwcap; /* AT_HWCAP: CPUID.1:EDX */
    uint32_t hwcap2; /* AT_HWCAP2 */
};
extern struct cpu_features cpu_features;
extern uint8_t cpu_features_smap; /* the same as smap, where assembly finds it */

/* What the door has asked CPUID already; all zero: nothing (leaf1_edx never is). */
struct boot_cpuid {
    uint32_t leaf1_eax, leaf1_ecx, leaf1_edx;
    uint32_t leaf7_ebx, leaf7_ecx;
    uint32_t extended1_edx; /* 0x80000001 */
    uint32_t cr4; /* as the door has set it: reading it may be an exit, too */
};
extern struct boot_cpuid boot_cpuid;

void cpu_detect(void);
void cpu_detect_names(void); /* vendor and model_name: on first need */
/* Control registers, EFER, SYSCALL MSRs and descriptor tables of the calling CPU. */
void cpu_init_this(unsigned int cpu);

#endif
