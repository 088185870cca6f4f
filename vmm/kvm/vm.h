/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One KVM virtual machine: its descriptors, memory slots and interrupts.
 * With vcpu.c, cpuid.c and probe.c the only place that speaks to KVM.
 *
 * Interrupt controllers: the local APICs are KVM's, the IOAPIC is ours
 * (KVM_CAP_SPLIT_IRQCHIP).  Measured in instruction-count mode against the
 * full in-kernel set (KVM_CREATE_IRQCHIP): creating 9 k instead of 59 k
 * instructions, closing the VM 2 k instead of 21 to 60 k.  The price, 6.0 k
 * instead of 4.0 k for an access to an IOAPIC register, is paid twice per
 * interrupt line that a guest uses.  Interrupts are sent with KVM_SIGNAL_MSI:
 * one system call (KVM_IRQ_LINE needs two for an edge), callable from signal
 * handlers, and as cheap as writing to an irqfd.
 */
#ifndef VMM_KVM_VM_H
#define VMM_KVM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/mem/guest_mem.h"
#include "vmm/vmm.h"

struct kvm_vm {
    int kvm_fd; /* -1: not open */
    int fd;
    size_t run_size; /* bytes of the kvm_run mapping */
    bool sync_regs; /* registers can be set through kvm_run */
    bool tsc_deadline;
    size_t coalesced_offset; /* of the ring from kvm_run; 0: no coalesced zones */
    /* The guest's accesses to MSRs that a call seldom touches are watched, see kvm_vm_watch_msrs().
     */
    _Atomic(bool) msrs_watched;
    pthread_mutex_t coalesced_lock; /* whoever empties the ring, which all CPUs share */
};

/* Opens /dev/kvm and creates a VM; -ENOENT, -EACCES, ... with *error filled. */
int kvm_vm_create(struct kvm_vm *vm, struct vmm_error *error);
/* Gives the regions of guest memory to KVM; mem must outlive the VM. */
int kvm_vm_set_memory(struct kvm_vm *vm, const struct guest_mem *mem, struct vmm_error *error);
/* Any thread, async-signal-safe. */
int kvm_vm_signal_msi(const struct kvm_vm *vm, uint64_t address, uint32_t data);
/* Writes of 4 bytes to gpa signal event_fd instead of leaving the kernel. */
int kvm_vm_add_ioeventfd(const struct kvm_vm *vm, uint64_t gpa, uint32_t match, int event_fd);
/*
 * Writes to [gpa, gpa + size) are collected instead of leaving the guest, and
 * carried out, in order, before the next exit is handled.  For registers whose
 * effect nobody sees before.  Before the first vCPU runs.  Negative errno.
 */
int kvm_vm_coalesce(struct kvm_vm *vm, uint64_t gpa, uint32_t size);
/*
 * From now on the first access to an MSR other than the few that a running kernel uses all the time
 * ends the watch (vcpu.c): as long as it lasts, all others have kept their values.  A hint: hosts
 * without KVM_CAP_X86_MSR_FILTER never watch.
 */
void kvm_vm_watch_msrs(struct kvm_vm *vm);
void kvm_vm_end_msr_watch(struct kvm_vm *vm);
void kvm_vm_destroy(struct kvm_vm *vm);

#endif
