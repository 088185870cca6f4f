/* SPDX-License-Identifier: BSD-2-Clause */
/* The dirty log of a VM's memory slots, which are numbered as guest_mem_slots() lists them. */
#include "vmm/kvm/dirty.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

int kvm_dirty_start(const struct kvm_vm *vm, const struct guest_mem *mem)
{
    struct kvm_enable_cap manual = {.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
                                    .args = {KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE}};
    struct guest_mem_slot slots[GUEST_MEM_SLOTS];
    unsigned int count = guest_mem_slots(mem, slots);

    if (ioctl(vm->fd, KVM_ENABLE_CAP, &manual) != 0) {
        return -errno;
    }
    for (unsigned int i = 0; i < count; i++) {
        struct kvm_userspace_memory_region slot = {
            .slot = i,
            .flags = KVM_MEM_LOG_DIRTY_PAGES,
            .guest_phys_addr = slots[i].gpa,
            .memory_size = slots[i].size,
            .userspace_addr = (uintptr_t)slots[i].host,
        };

        if (!slots[i].read_only && ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0) {
            return -errno;
        }
    }
    return 0;
}

int kvm_dirty_get(const struct kvm_vm *vm, unsigned int slot, uint64_t *bitmap)
{
    struct kvm_dirty_log log = {.slot = slot, .dirty_bitmap = bitmap};

    return ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log) != 0 ? -errno : 0;
}

int kvm_dirty_clear(const struct kvm_vm *vm, unsigned int slot, uint64_t slot_bytes, size_t word,
                    uint64_t bits)
{
    uint64_t pages = slot_bytes / 4096, first = (uint64_t)word * 64;
    struct kvm_clear_dirty_log log = {.slot = slot,
                                      .num_pages =
                                          (uint32_t)(pages - first < 64 ? pages - first : 64),
                                      .first_page = first,
                                      .dirty_bitmap = &bits};

    return ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &log) != 0 ? -errno : 0;
}
