/* SPDX-License-Identifier: BSD-2-Clause */
/* What a CPU that stands still needs: exits brought to their end, watched MSRs, its clock's rate.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "vmm/kvm/vcpu.h"

uint32_t vcpu_tsc_khz(const struct vcpu *vcpu)
{
    int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);

    return khz > 0 ? (uint32_t)khz : 0;
}

int vcpu_set_tsc_khz(const struct vcpu *vcpu, uint32_t khz)
{
    return ioctl(vcpu->fd, KVM_SET_TSC_KHZ, (unsigned long)khz) != 0 ? -errno : 0;
}

int vcpu_complete_exit(struct vcpu *vcpu)
{
    int result;

    vcpu->run->immediate_exit = 1;
    result = ioctl(vcpu->fd, KVM_RUN, 0);
    vcpu->run->immediate_exit = 0;
    return result == 0 || errno == EINTR || errno == EAGAIN ? 0 : -errno;
}

void vcpu_drop_coalesced(struct vcpu *vcpu)
{
    struct kvm_coalesced_mmio_ring *ring =
        (void *)((uint8_t *)vcpu->run + vcpu->vm->coalesced_offset);

    if (vcpu->vm->coalesced_offset != 0) {
        ring->first = ring->last;
    }
}

/*
 * A watched access: the watch ends, and KVM carries the instruction out by itself when it is
 * repeated.  The exit has to be completed first, which steps over the instruction's two bytes.
 */
bool vcpu_repeat_msr_access(struct vcpu *vcpu, enum vcpu_end *end)
{
    struct kvm_regs regs;

    kvm_vm_end_msr_watch(vcpu->vm);
    vcpu->run->msr.error = 0;
    vcpu->run->msr.data = 0;
    /* RDMSR's result is overwritten by the repetition; ECX, which selects, stays. */
    if (vcpu_complete_exit(vcpu) != 0 || ioctl(vcpu->fd, KVM_GET_REGS, &regs) != 0) {
        vcpu->detail = (uint64_t)errno;
        *end = VCPU_SYSTEM_ERROR;
        return false;
    }
    regs.rip -= 2;
    if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) != 0) {
        vcpu->detail = (uint64_t)errno;
        *end = VCPU_SYSTEM_ERROR;
        return false;
    }
    return true;
}
