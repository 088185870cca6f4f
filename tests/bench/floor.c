/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor below any monitor: the smallest KVM client.  Split interrupt chip,
 * one page of memory, one processor in real mode, one OUT; then it prints.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int need(int result, int status)
{
    if (result < 0)
        _exit(status);
    return result;
}

int main(int argc, char **argv)
{
    static const uint8_t code[] = {0xe6, 0x10, 0xf4}; /* out %al, $0x10; hlt */
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rip = 0, .rflags = 2};
    char byte;

    (void)argv;
    int kvm = need(open("/dev/kvm", O_RDWR | O_CLOEXEC), 3);
    int vm = need(ioctl(kvm, KVM_CREATE_VM, 0), 4);
    struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {24}};
    need(ioctl(vm, KVM_ENABLE_CAP, &split), 5);
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 6;
    memcpy(memory, code, sizeof(code));
    struct kvm_userspace_memory_region region = {.memory_size = 4096,
                                                 .userspace_addr = (uintptr_t)memory};
    need(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 7);
    int vcpu = need(ioctl(vm, KVM_CREATE_VCPU, 0), 8);
    int size = need(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), 9);
    struct kvm_run *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED)
        return 10;
    need(ioctl(vcpu, KVM_GET_SREGS, &sregs), 11);
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    need(ioctl(vcpu, KVM_SET_SREGS, &sregs), 12);
    need(ioctl(vcpu, KVM_SET_REGS, &regs), 13);
    need(ioctl(vcpu, KVM_RUN, 0), 14);
    if (run->exit_reason != KVM_EXIT_IO)
        return 15;
    if (write(1, "hello\n", 6) != 6)
        return 16;
    while (argc > 1 && read(0, &byte, 1) > 0)
        ;
    return 0;
}
