/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CPU offers, and its control registers, descriptor tables and per-CPU
 * block.  CPUID costs an exit each under every hypervisor, so few leaves are
 * asked at boot.
 */
#include "arch/cpu.h"

#include "arch/boot_info.h"
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
atomic_ulong cpus_online_mask __attribute__((section(".data.hot.cpu"))) = 1;
atomic_uint cpus_present __attribute__((section(".data.hot.cpu")));

void syscall_entry(void); /* entry.asm */

/* For entry.asm: is there a CLAC instruction? */
uint8_t cpu_features_smap __attribute__((section(".data.hot.cpu")));
struct boot_cpuid boot_cpuid __attribute__((section(".data.hot.cpu")));

/* A door that did not ask has left it to us. */
static void ask_cpuid(void)
{
    uint32_t r[4];

    cpuid(0, 0, r);
    if (r[0] >= 7) {
        cpuid(7, 0, r);
        boot_cpuid.leaf7_ebx = r[1];
        boot_cpuid.leaf7_ecx = r[2];
    }
    cpuid(0x80000001, 0, r);
    boot_cpuid.extended1_edx = r[3];
    cpuid(1, 0, r);
    boot_cpuid.leaf1_eax = r[0];
    boot_cpuid.leaf1_ecx = r[2];
    boot_cpuid.leaf1_edx = r[3];
}

static void detect_basic(void)
{
    struct cpu_features *f = &cpu_features;
    const struct boot_cpuid *id = &boot_cpuid;
    uint32_t r[4];

    f->stepping = id->leaf1_eax & 15;
    f->model = ((id->leaf1_eax >> 4) & 15) | ((id->leaf1_eax >> 12) & 0xf0);
    f->family = ((id->leaf1_eax >> 8) & 15) + ((id->leaf1_eax >> 20) & 255);
    f->hwcap = id->leaf1_edx;
    f->pge = (id->leaf1_edx >> 13) & 1;
    f->pcid = (id->leaf1_ecx >> 17) & 1;
    f->x2apic = (id->leaf1_ecx >> 21) & 1;
    f->tsc_deadline = (id->leaf1_ecx >> 24) & 1;
    f->xsave = (id->leaf1_ecx >> 26) & 1;
    f->avx = (id->leaf1_ecx >> 28) & 1;
    f->rdrand = (id->leaf1_ecx >> 30) & 1;
    bool hypervisor = (id->leaf1_ecx >> 31) & 1;

    f->fsgsbase = id->leaf7_ebx & 1;
    f->smep = (id->leaf7_ebx >> 7) & 1;
    f->erms = (id->leaf7_ebx >> 9) & 1;
    f->avx512 = (id->leaf7_ebx >> 16) & 1;
    f->rdseed = (id->leaf7_ebx >> 18) & 1;
    f->smap = (id->leaf7_ebx >> 20) & 1;
    cpu_features_smap = f->smap;
    f->umip = (id->leaf7_ecx >> 2) & 1;
    f->rdpid = (id->leaf7_ecx >> 22) & 1;
    f->hwcap2 = f->fsgsbase ? 2 : 0; /* HWCAP2_FSGSBASE */

    if (boot_info.cpu.kvm_features) {
        f->hypervisor_base = 0x40000000;
        f->kvm = true;
    } else if (hypervisor) {
        cpuid(0x40000000, 0, r);
        f->hypervisor_base = 0x40000000;
        f->kvm = r[1] == 0x4b4d564b && r[2] == 0x564b4d56; /* "KVMKVMKVM" */
    }
}

static void detect_extended(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4];

    f->gib_pages = (boot_cpuid.extended1_edx >> 26) & 1;
    f->rdtscp = (boot_cpuid.extended1_edx >> 27) & 1;
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
    f->xcr0 = XCR0_X87_SSE;
    f->xsave_size = 512 + 64;
    if (f->avx) { /* its place and size are fixed: SDM 1, 13.5.3 */
        f->xcr0 |= XCR0_AVX;
        f->xsave_size = 832;
    }
    if (f->avx && f->avx512) {
        cpuid(0xd, 0, r);
        if ((r[0] & XCR0_AVX512) == XCR0_AVX512) {
            f->xcr0 |= XCR0_AVX512;
            cpuid(0xd, 7, r); /* the standard format ends with Hi16_ZMM */
            f->xsave_size = r[1] + r[0];
        }
    }
}

void cpu_detect(void)
{
    if (!boot_cpuid.leaf1_edx)
        ask_cpuid();
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

static void init_control_registers(bool first)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t now = first && boot_cpuid.cr4 ? boot_cpuid.cr4 : read_cr4(), cr4 = now;

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
    if (cr4 != now) /* the doors have set it: see boot/pvh.asm on what a change costs */
        write_cr4(cr4);
    if (f->xsave && xgetbv0() != f->xcr0)
        __asm__ volatile("xsetbv"
                         :
                         : "c"(0), "a"((uint32_t)f->xcr0), "d"((uint32_t)(f->xcr0 >> 32)));
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
    /* A virtual CPU starts with 0 there; the write is an exit. */
    if ((cpu_features.rdtscp || cpu_features.rdpid) && !(cpu == 0 && cpu_features.kvm))
        wrmsr(MSR_TSC_AUX, cpu);
    init_control_registers(cpu == 0);
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
