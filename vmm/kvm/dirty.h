/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM's log of the pages that the guest writes (api.rst: KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG,
 * KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2).  A page that is cleared is write-protected, and its next
 * write costs a fault; one that is not stays in the log and costs nothing.  Writes of our own
 * process are not in it.
 */
#ifndef VMM_KVM_DIRTY_H
#define VMM_KVM_DIRTY_H

#include "vmm/kvm/vm.h"

/* Words of 64 pages each that a slot's bitmap has. */
static inline size_t kvm_dirty_words(uint64_t slot_bytes)
{
    return (size_t)((slot_bytes / 4096 + 63) / 64);
}

/* From now on writes to the slots that are not read-only are logged.  Negative errno. */
int kvm_dirty_start(const struct kvm_vm *vm, const struct guest_mem *mem);
/* What is in a slot's log; changes nothing. */
int kvm_dirty_get(const struct kvm_vm *vm, unsigned int slot, uint64_t *bitmap);
/* Forgets, and watches again, the pages of `bits` among the 64 from page 64 * word on. */
int kvm_dirty_clear(const struct kvm_vm *vm, unsigned int slot, uint64_t slot_bytes, size_t word,
                    uint64_t bits);

#endif
