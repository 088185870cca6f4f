/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CPU offers, and its control registers, descriptor tables and per-CPU
 * block.  CPUID costs an exit each under every hypervisor, so few leaves are
 * asked at boot.
 */
#include "arch/cpu.h"

#include "arch/context.h"
#include "arch/descriptors.h"
#include "arch/msr.h"
#include "arch/percpu.h"
#include "arch/trap.h"
#include "lib/string.h"

struct cpu_features cpu_features __attribute__((section(".data.hot.cpu")));

/* The first CPU's block and tables, side by side with what else every boot touches. */
static struct percpu boot_percpu __attribute__((section(".bss.hot.percpu"), aligned(64)));
struct percpu *percpu_of[GUEST_CPUS_MAX] __attribute__((section(".bss.hot.percpu")));
atomic_uint cpus_online __attribute__((section(".data.hot.cpu"))) = 1;
unsigned int cpus_present __attribute__((section(".data.hot.cpu"))) = 1;

void syscall_entry(void); /* entry.asm */

static void detect_basic(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4];

    cpuid(1, 0, r);
    f->stepping = r[0] & 15;
    f->model = ((r[0] >> 4) & 15) | ((r[0] >> 12) & 0xf0);
    f->family = ((r[0] >> 8) & 15) + ((r[0] >> 20) & 255);
    f->hwcap = r[3];
    f->pge = (r[3] >> 13) & 1;
    f->pcid = (r[2] >> 17) & 1;
    f->x2apic = (r[2] >> 21) & 1;
    f->tsc_deadline = (r[2] >> 24) & 1;
    f->xsave = (r[2] >> 26) & 1;
    f->avx = (r[2] >> 28) & 1;
    f->rdrand = (r[2] >> 30) & 1;
    bool hypervisor = (r[2] >> 31) & 1;

    cpuid(7, 0, r);
    f->fsgsbase = r[1] & 1;
    f->smep = (r[1] >> 7) & 1;
    f->erms = (r[1] >> 9) & 1;
    f->rdseed = (r[1] >> 18) & 1;
    f->smap = (r[1] >> 20) & 1;
    f->umip = (r[2] >> 2) & 1;
    f->rdpid = (r[2] >> 22) & 1;
    f->hwcap2 = f->fsgsbase ? 2 : 0; /* HWCAP2_FSGSBASE */

    if (hypervisor) {
        cpuid(0x40000000, 0, r);
        f->hypervisor_base = 0x40000000;
        f->kvm = r[1] == 0x4b4d564b && r[2] == 0x564b4d56; /* "KVMKVMKVM" */
    }
}

static void detect_extended(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4];

    cpuid(0x80000001, 0, r);
    f->gib_pages = (r[3] >> 26) & 1;
    f->rdtscp = (r[3] >> 27) & 1;
    f->physical_bits = 40; /* direct map and page tables need no exact figure */
    f->invariant_tsc = true;
    if (!f->kvm) {
        cpuid(0x80000000, 0, r);
        bool has_power = r[0] >= 0x80000007;
        cpuid(0x80000007, 0, r);
        f->invariant_tsc = has_power && ((r[3] >> 8) & 1);
    }
}

static void detect_xsave(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4];

    f->xsave_size = 512; /* FXSAVE */
    if (!f->xsave)
        return;
    cpuid(0xd, 0, r);
    uint64_t offered = ((uint64_t)r[3] << 32) | r[0];
    f->xcr0 = XCR0_X87_SSE;
    if (f->avx)
        f->xcr0 |= offered & XCR0_AVX;
    if ((f->xcr0 & XCR0_AVX) && (offered & XCR0_AVX512) == XCR0_AVX512)
        f->xcr0 |= XCR0_AVX512;
    /* The standard format is as large as its last component; SDM 1, 13.4.3. */
    f->xsave_size = 512 + 64;
    if (f->xcr0 & XCR0_AVX)
        f->xsave_size = 832;
    if (f->xcr0 & XCR0_AVX512) {
        cpuid(0xd, 7, r); /* Hi16_ZMM is the last one */
        f->xsave_size = r[1] + r[0];
    }
    cpuid(0xd, 1, r);
    f->xsaveopt = r[0] & 1;
    f->xsavec = (r[0] >> 1) & 1;
}

void cpu_detect(void)
{
    detect_basic();
    detect_extended();
    detect_xsave();
}

void cpu_detect_names(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4];

    if (f->vendor[0])
        return;
    cpuid(0, 0, r);
    memcpy(f->vendor, &r[1], 4);
    memcpy(f->vendor + 4, &r[3], 4);
    memcpy(f->vendor + 8, &r[2], 4);
    cpuid(0x80000000, 0, r);
    if (r[0] < 0x80000004)
        return;
    for (uint32_t i = 0; i < 3; i++) {
        cpuid(0x80000002 + i, 0, r);
        memcpy(f->model_name + (size_t)i * 16, r, 16);
    }
}

static void init_control_registers(void)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t cr4 = read_cr4();

    cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (f->pge)
        cr4 |= CR4_PGE;
    if (f->smep)
        cr4 |= CR4_SMEP;
    if (f->smap)
        cr4 |= CR4_SMAP;
    if (f->umip)
        cr4 |= CR4_UMIP;
    if (f->fsgsbase)
        cr4 |= CR4_FSGSBASE;
    if (f->xsave)
        cr4 |= CR4_OSXSAVE;
    write_cr4(cr4);
    if (f->xsave)
        __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)f->xcr0), "d"((uint32_t)(f->xcr0 >> 32)));
}

void cpu_init_this(unsigned int cpu)
{
    struct percpu *pc = cpu == 0 ? &boot_percpu : percpu_of[cpu];

    percpu_of[cpu] = pc;
    pc->self = pc;
    pc->cpu = cpu;
    descriptors_load(cpu);
    wrmsr(MSR_GS_BASE, (uint64_t)pc);
    wrmsr(MSR_STAR, ((uint64_t)(USER_DS - 8) << 48) | ((uint64_t)KERNEL_CS << 32));
    wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    wrmsr(MSR_SFMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_AC | 0x4000 /* NT */);
    if (cpu_features.rdtscp || cpu_features.rdpid)
        wrmsr(MSR_TSC_AUX, cpu);
    init_control_registers();
}

void cpu_set_kernel_stack(uint64_t stack_top)
{
    this_cpu()->kernel_stack_top = stack_top;
    descriptors_set_stack(this_cpu()->cpu, stack_top);
}

NORETURN void cpu_stop(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}
