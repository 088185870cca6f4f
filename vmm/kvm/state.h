/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole state of a virtual CPU, as KVM gives and takes it (Documentation/virt/kvm/api.rst);
 * plain data, so that a snapshot can hold it.  The CPU stands still while it is read or
 * written; any thread may do that.
 */
#ifndef VMM_KVM_STATE_H
#define VMM_KVM_STATE_H

#include <linux/kvm.h>

#include "vmm/kvm/vcpu.h"

#define VCPU_MSRS_MAX 192u

struct vcpu_state {
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_vcpu_events events;
    struct kvm_mp_state mp_state;
    uint32_t has_xsave; /* else fpu is valid */
    uint32_t has_xcrs;
    uint32_t msr_count;
    struct kvm_xcrs xcrs;
    struct kvm_debugregs debugregs;
    struct kvm_lapic_state lapic;
    struct kvm_fpu fpu;
    struct kvm_xsave xsave;
    struct kvm_msr_entry msrs[VCPU_MSRS_MAX]; /* the time stamp counter first */
};
_Static_assert(sizeof(struct vcpu_state) % 8 == 0, "snapshots add up 64-bit words");

/* Finishes what the last exit left open, then reads everything.  Negative errno and a message. */
int vcpu_state_save(struct vcpu *vcpu, struct vcpu_state *state, struct vmm_error *error);
/*
 * Writes everything into a CPU that has not run.  The time stamp counter goes on from its value
 * in the state.
 */
int vcpu_state_load(struct vcpu *vcpu, const struct vcpu_state *state, struct vmm_error *error);
/*
 * The same for a CPU that has run: whatever it did since is undone.  The time stamp counter goes
 * on, unless the guest may have written MSRs (kvm_vm_watch_msrs()): then all of them get their
 * values.
 */
int vcpu_state_reset(struct vcpu *vcpu, const struct vcpu_state *state, struct vmm_error *error);
/* The time stamp counter's value, 0 when KVM does not say. */
uint64_t vcpu_tsc(const struct vcpu *vcpu);

#endif
