/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID for vCPUs.  Leaf numbers and bits: Intel SDM volume 2A "CPUID", AMD
 * APM volume 3 appendix E.
 */
#include "vmm/kvm/cpuid.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#define LEAF1_ECX_X2APIC (1u << 21)
#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_HYPERVISOR (1u << 31)
#define LEAF1_EDX_HTT (1u << 28)
#define LEAF1_EBX_CPUS_SHIFT 16
#define LEAF1_EBX_APIC_ID_SHIFT 24
#define AMD_LEAF8_ECX_COUNT_MASK 0xf0ffu /* NC and ApicIdCoreIdSize */
#define TOPOLOGY_SMT 1u
#define TOPOLOGY_CORE 2u
#define ENTRIES_FIRST_GUESS 96u

static unsigned int bits_for(unsigned int count)
{
    unsigned int bits = 0;

    while ((1u << bits) < count) {
        bits++;
    }
    return bits;
}

/* One package of single-threaded cores: SMT level of one, core level of all. */
static void set_topology(struct kvm_cpuid_entry2 *entry, unsigned int cpu_count)
{
    unsigned int level = entry->index;

    entry->eax = level == 0 ? 0 : bits_for(cpu_count);
    entry->ebx = level == 0 ? 1 : level == 1 ? cpu_count : 0;
    entry->ecx = level | (level == 0 ? TOPOLOGY_SMT << 8 : level == 1 ? TOPOLOGY_CORE << 8 : 0);
    if (level > 1) {
        entry->eax = 0;
    }
}

static void set_common(const struct kvm_vm *vm, struct kvm_cpuid_entry2 *entry,
                       unsigned int cpu_count)
{
    switch (entry->function) {
    case 1:
        entry->ecx |= LEAF1_ECX_HYPERVISOR | (vm->tsc_deadline ? LEAF1_ECX_TSC_DEADLINE : 0);
        entry->ebx = (entry->ebx & 0xffffu) | cpu_count << LEAF1_EBX_CPUS_SHIFT;
        entry->edx = cpu_count > 1 ? entry->edx | LEAF1_EDX_HTT : entry->edx & ~LEAF1_EDX_HTT;
        break;
    case 4: /* cores per package and threads per cache, as if each CPU had its own caches */
        entry->eax = (entry->eax & 0x3fffu) | (cpu_count - 1) << 26;
        break;
    case 0xb:
    case 0x1f:
        set_topology(entry, cpu_count);
        break;
    case 0x80000008:
        entry->ecx =
            (entry->ecx & ~AMD_LEAF8_ECX_COUNT_MASK) | (cpu_count - 1) | bits_for(cpu_count) << 12;
        break;
    default:
        break;
    }
}

int cpuid_read_host(const struct kvm_vm *vm, unsigned int cpu_count, struct cpuid_table *table)
{
    int result;

    /* KVM allocates for the number asked for; hosts report 30 to 60 entries. */
    table->nent = ENTRIES_FIRST_GUESS;
    result = ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, table);
    if (result != 0 && errno == E2BIG) {
        table->nent = CPUID_ENTRIES_MAX;
        result = ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, table);
    }
    if (result != 0) {
        return -errno;
    }
    for (unsigned int i = 0; i < table->nent; i++) {
        set_common(vm, &table->entries[i], cpu_count);
    }
    return 0;
}

void cpuid_set_index(struct cpuid_table *table, unsigned int index)
{
    for (unsigned int i = 0; i < table->nent; i++) {
        struct kvm_cpuid_entry2 *entry = &table->entries[i];

        switch (entry->function) {
        case 1:
            entry->ebx = (entry->ebx & 0x00ffffffu) | index << LEAF1_EBX_APIC_ID_SHIFT;
            break;
        case 0xb:
        case 0x1f:
            entry->edx = index;
            break;
        case 0x8000001e:
            entry->eax = index;
            entry->ebx = (entry->ebx & ~0xffffu) | index; /* one thread per core */
            break;
        default:
            break;
        }
    }
}

#define KVM_SIGNATURE_EBX 0x4b4d564bu /* "KVMK" */

struct guest_cpu cpuid_summary(const struct cpuid_table *table)
{
    struct guest_cpu cpu = {.version = GUEST_CPU_VERSION};
    bool is_kvm = false;

    for (unsigned int i = 0; i < table->nent; i++) {
        const struct kvm_cpuid_entry2 *entry = &table->entries[i];

        switch (entry->function) {
        case 1:
            cpu.leaf1_eax = entry->eax;
            cpu.leaf1_ecx = entry->ecx;
            cpu.leaf1_edx = entry->edx;
            cpu.flags = (entry->ecx & LEAF1_ECX_X2APIC) != 0 ? GUEST_CPU_X2APIC_ON : 0;
            break;
        case 7:
            if (entry->index == 0) {
                cpu.leaf7_ebx = entry->ebx;
                cpu.leaf7_ecx = entry->ecx;
            }
            break;
        case 0x40000000:
            is_kvm = entry->ebx == KVM_SIGNATURE_EBX;
            break;
        case 0x40000001:
            cpu.kvm_features = is_kvm ? entry->eax : 0;
            break;
        case 0x80000001:
            cpu.extended1_edx = entry->edx;
            break;
        default:
            break;
        }
    }
    return cpu;
}

/* Intel SDM 1, 13.3: bits 0 x87, 1 SSE, 2 AVX, 5 to 7 AVX-512. */
#define XCR0_X87_SSE 0x3u
#define XCR0_AVX 0x4u
#define XCR0_AVX512 0xe0u

uint64_t cpuid_initial_xcr0(const struct cpuid_table *table)
{
    for (unsigned int i = 0; i < table->nent; i++) {
        const struct kvm_cpuid_entry2 *entry = &table->entries[i];

        if (entry->function != 0xd || entry->index != 0) {
            continue;
        }
        uint64_t wanted = entry->eax & (XCR0_X87_SSE | XCR0_AVX);
        if ((wanted & XCR0_AVX) != 0 && (entry->eax & XCR0_AVX512) == XCR0_AVX512) {
            wanted |= XCR0_AVX512;
        }
        return (wanted & XCR0_X87_SSE) == XCR0_X87_SSE ? wanted : 0;
    }
    return 0;
}
