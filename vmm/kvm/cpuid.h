/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUID that guests see: what KVM supports on this host, with the fields
 * that differ between vCPUs (APIC identifiers, topology) filled in.
 */
#ifndef VMM_KVM_CPUID_H
#define VMM_KVM_CPUID_H

#include <linux/kvm.h>

#include "boot/guest_abi.h"
#include "vmm/kvm/vm.h"

#define CPUID_ENTRIES_MAX 256

/* A struct kvm_cpuid2 with room for its entries. */
struct cpuid_table {
    uint32_t nent, padding;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES_MAX];
};
_Static_assert(offsetof(struct cpuid_table, entries) == offsetof(struct kvm_cpuid2, entries),
               "KVM's layout");

/* What this host's KVM supports, with what every vCPU has in common set.  Negative errno. */
int cpuid_read_host(const struct kvm_vm *vm, unsigned int cpu_count, struct cpuid_table *table);
/*
 * Can this host run a guest that was shown the table?  path: of the snapshot it comes from.  If
 * not, the message names what is missing.
 */
int cpuid_check_host(const struct cpuid_table *table, const char *path, struct vmm_error *error);
/* Turns the table into the one of vCPU index (repeatable with another index). */
void cpuid_set_index(struct cpuid_table *table, unsigned int index);
/* What the table tells a kernel of ours, for its boot information. */
struct guest_cpu cpuid_summary(const struct cpuid_table *table);
/* The state components that a guest kernel uses, of those the table offers; 0: no XSAVE. */
uint64_t cpuid_initial_xcr0(const struct cpuid_table *table);

#endif
