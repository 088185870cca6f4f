/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Creating a KVM virtual machine.  Each system call here is part of every
 * start (an ioctl costs 1 to 20 k instructions), so nothing is asked twice
 * and nothing is asked that has only one possible answer.
 */
#include "vmm/kvm/vm.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/config.h"

#define PAGE_SIZE 4096u
#define IOAPIC_PINS 24u
/* Three pages below 4 GiB which Intel CPUs without unrestricted guests need. */
#define INTEL_TSS_GPA 0xfffbd000ul

static int open_device(struct kvm_vm *vm, struct vmm_error *error)
{
    vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (vm->kvm_fd >= 0) {
        return 0;
    }
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return vmm_fail(error, -ENOENT, VMM_FAULT_USAGE,
                        "/dev/kvm does not exist: load kvm_intel or kvm_amd, or use --engine qemu");
    case EACCES:
    case EPERM:
        return vmm_fail(error, -EACCES, VMM_FAULT_USAGE,
                        "/dev/kvm: permission denied: join the group kvm, or use --engine qemu");
    default:
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "/dev/kvm: %s", strerror(errno));
    }
}

static bool host_is_intel(void)
{
    unsigned int eax, ebx, ecx, edx;

    return __get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0 && ebx == signature_INTEL_ebx;
}

static int create_irqchip(struct kvm_vm *vm, struct vmm_error *error)
{
    struct kvm_enable_cap cap = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IOAPIC_PINS}};

    if (ioctl(vm->fd, KVM_ENABLE_CAP, &cap) != 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE,
                        "KVM offers no local APICs (split irqchip): %s", strerror(errno));
    }
    return 0;
}

int kvm_vm_create(struct kvm_vm *vm, struct vmm_error *error)
{
    int result, size;

    *vm = (struct kvm_vm){.kvm_fd = -1, .fd = -1, .coalesced_lock = PTHREAD_MUTEX_INITIALIZER};
    result = open_device(vm, error);
    if (result != 0) {
        return result;
    }
    do {
        vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
    } while (vm->fd < 0 && errno == EINTR);
    if (vm->fd < 0) {
        result = vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM does not create a VM: %s",
                          strerror(errno));
        kvm_vm_destroy(vm);
        return result;
    }
    result = create_irqchip(vm, error);
    size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (result == 0 && size < (int)sizeof(struct kvm_run)) {
        result = vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "KVM reports no size of kvm_run");
    }
    if (result == 0 && host_is_intel() && ioctl(vm->fd, KVM_SET_TSS_ADDR, INTEL_TSS_GPA) != 0) {
        result = vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM_SET_TSS_ADDR: %s", strerror(errno));
    }
    if (result != 0) {
        kvm_vm_destroy(vm);
        return result;
    }
    vm->run_size = (size_t)size;
    vm->sync_regs =
        (ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) &
         (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS)) == (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS);
    vm->tsc_deadline = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
    return 0;
}

int kvm_vm_set_memory(struct kvm_vm *vm, const struct guest_mem *mem, struct vmm_error *error)
{
    struct guest_mem_slot slots[GUEST_MEM_SLOTS];
    unsigned int count = guest_mem_slots(mem, slots);

    for (unsigned int i = 0; i < count; i++) {
        struct kvm_userspace_memory_region slot = {
            .slot = i,
            .flags = slots[i].read_only ? KVM_MEM_READONLY : 0,
            .guest_phys_addr = slots[i].gpa,
            .memory_size = slots[i].size,
            .userspace_addr = (uintptr_t)slots[i].host,
        };

        if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0) {
            return vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM refuses %llu bytes of memory: %s",
                            (unsigned long long)slot.memory_size, strerror(errno));
        }
    }
    return 0;
}

int kvm_vm_signal_msi(const struct kvm_vm *vm, uint64_t address, uint32_t data)
{
    struct kvm_msi msi = {
        .address_lo = (uint32_t)address,
        .address_hi = (uint32_t)(address >> 32),
        .data = data,
    };

    return ioctl(vm->fd, KVM_SIGNAL_MSI, &msi) < 0 ? -errno : 0;
}

int kvm_vm_add_ioeventfd(const struct kvm_vm *vm, uint64_t gpa, uint32_t match, int event_fd)
{
    struct kvm_ioeventfd event = {
        .datamatch = match,
        .addr = gpa,
        .len = 4,
        .fd = event_fd,
        .flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
    };

    return ioctl(vm->fd, KVM_IOEVENTFD, &event) != 0 ? -errno : 0;
}

int kvm_vm_coalesce(struct kvm_vm *vm, uint64_t gpa, uint32_t size)
{
    struct kvm_coalesced_mmio_zone zone = {.addr = gpa, .size = size};
    int page = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);

    if (page <= 0 || ((size_t)page + 1) * PAGE_SIZE > vm->run_size) {
        return -ENOTSUP;
    }
    if (ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone) != 0) {
        return -errno;
    }
    vm->coalesced_offset = (size_t)page * PAGE_SIZE;
    return 0;
}

#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_FS_BASE 0xc0000100u /* GS_BASE, KERNEL_GS_BASE and TSC_AUX follow */

void kvm_vm_watch_msrs(struct kvm_vm *vm)
{
    struct kvm_enable_cap exits = {.cap = KVM_CAP_X86_USER_SPACE_MSR,
                                   .args = {KVM_MSR_EXIT_REASON_FILTER}};
    uint8_t deadline = 1, bases = 0xf;
    struct kvm_msr_filter filter = {
        .flags = KVM_MSR_FILTER_DEFAULT_DENY,
        .ranges = {{.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
                    .base = MSR_TSC_DEADLINE,
                    .nmsrs = 1,
                    .bitmap = &deadline},
                   {.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
                    .base = MSR_FS_BASE,
                    .nmsrs = 4,
                    .bitmap = &bases}},
    };

    atomic_store(&vm->msrs_watched, ioctl(vm->fd, KVM_ENABLE_CAP, &exits) == 0 &&
                                        ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &filter) == 0);
}

void kvm_vm_end_msr_watch(struct kvm_vm *vm)
{
    struct kvm_msr_filter none = {.flags = KVM_MSR_FILTER_DEFAULT_ALLOW};

    if (atomic_exchange(&vm->msrs_watched, false)) {
        ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &none);
    }
}

void kvm_vm_destroy(struct kvm_vm *vm)
{
    if (vm->fd >= 0) {
        close(vm->fd);
    }
    if (vm->kvm_fd >= 0) {
        close(vm->kvm_fd);
    }
    vm->fd = -1;
    vm->kvm_fd = -1;
}
