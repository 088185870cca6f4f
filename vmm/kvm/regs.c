/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initial register state of the first vCPU, whole, so that nothing has to be
 * read from KVM first.  PVH: Xen's "x86/HVM direct boot ABI"; Linux: Documentation/
 * x86/boot.rst, "64-bit boot protocol".  Reset values: Intel SDM 3A, table 10-1.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/config.h"
#include "vmm/kvm/vcpu.h"

#define CR0_PE (1ull << 0)
#define CR0_ET (1ull << 4)
#define CR0_PG (1ull << 31)
#define CR4_PAE (1ull << 5)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define RFLAGS_RESERVED 2u
#define APIC_BASE_BSP_ENABLED 0xfee00900ull
#define APIC_BASE_X2APIC 0x400ull

#define TYPE_CODE 0xbu /* execute, read, accessed */
#define TYPE_DATA 0x3u /* read, write, accessed */
#define TYPE_TSS_32 0xbu
#define TYPE_LDT 0x2u
/* Linux's __BOOT_CS and __BOOT_DS; PVH leaves selectors open. */
#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u
#define GDT_BYTES 0x20u

static struct kvm_segment flat(uint16_t selector, uint8_t type, bool code_64)
{
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type,
        .present = 1,
        .s = 1,
        .db = !code_64,
        .l = code_64,
        .g = 1,
    };
}

static void fill_sregs(struct kvm_sregs *sregs, const struct vcpu_entry *entry)
{
    bool long_mode = entry->mode == VCPU_LONG_64;
    struct kvm_segment data = flat(SELECTOR_DATA, TYPE_DATA, false);

    memset(sregs, 0, sizeof(*sregs));
    sregs->cs = flat(SELECTOR_CODE, TYPE_CODE, long_mode);
    sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
    sregs->tr = (struct kvm_segment){.limit = 0x67, .type = TYPE_TSS_32, .present = 1};
    sregs->ldt = (struct kvm_segment){.type = TYPE_LDT, .present = 1, .unusable = 1};
    sregs->idt.limit = 0;
    sregs->apic_base = APIC_BASE_BSP_ENABLED | (entry->x2apic ? APIC_BASE_X2APIC : 0);
    sregs->cr0 = CR0_PE | CR0_ET;
    if (long_mode) {
        sregs->cr0 |= CR0_PG;
        sregs->cr3 = entry->cr3;
        sregs->cr4 = CR4_PAE;
        sregs->efer = EFER_LME | EFER_LMA;
        sregs->gdt.base = entry->gdt_gpa;
        sregs->gdt.limit = GDT_BYTES - 1;
    }
}

int vcpu_set_entry(struct vcpu *vcpu, const struct kvm_vm *vm, const struct vcpu_entry *entry,
                   struct vmm_error *error)
{
    struct kvm_regs regs = {.rip = entry->rip, .rflags = RFLAGS_RESERVED};
    struct kvm_sregs sregs;

    if (entry->mode == VCPU_PROTECTED_32) {
        regs.rbx = entry->arg;
    } else {
        regs.rsi = entry->arg;
    }
    fill_sregs(&sregs, entry);
    if (vm->sync_regs) {
        /* Taken over by the first KVM_RUN: two system calls fewer. */
        vcpu->run->s.regs.regs = regs;
        vcpu->run->s.regs.sregs = sregs;
        vcpu->run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
        return 0;
    }
    if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) != 0 || ioctl(vcpu->fd, KVM_SET_REGS, &regs) != 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM refuses the entry registers: %s",
                        strerror(errno));
    }
    return 0;
}
