/* SPDX-License-Identifier: BSD-2-Clause */
/* Structure offsets for nasm: compiled to assembly, never linked (see Makefile). */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "boot/guest_abi.h"
#include "lib/errno.h"

#define DEFINE(name, value) __asm__ volatile("@@" #name " %0" : : "i"(value))

void offsets(void);
void offsets(void)
{
    DEFINE(PERCPU_STACK_TOP, offsetof(struct percpu, kernel_stack_top));
    DEFINE(PERCPU_USER_RSP, offsetof(struct percpu, user_rsp));
    DEFINE(PERCPU_USER_WORK, offsetof(struct percpu, user_return_work));
    DEFINE(FRAME_RBP, offsetof(struct trap_frame, rbp));
    DEFINE(FRAME_R11, offsetof(struct trap_frame, r11));
    DEFINE(FRAME_ARGS, offsetof(struct trap_frame, args));
    DEFINE(FRAME_RAX, offsetof(struct trap_frame, rax));
    DEFINE(FRAME_RCX, offsetof(struct trap_frame, rcx));
    DEFINE(FRAME_ORIG_RAX, offsetof(struct trap_frame, orig_rax));
    DEFINE(FRAME_VECTOR, offsetof(struct trap_frame, vector));
    DEFINE(FRAME_RIP, offsetof(struct trap_frame, rip));
    DEFINE(FRAME_CS, offsetof(struct trap_frame, cs));
    DEFINE(FRAME_RFLAGS, offsetof(struct trap_frame, rflags));
    DEFINE(FRAME_RSP, offsetof(struct trap_frame, rsp));
    DEFINE(FRAME_SIZE, sizeof(struct trap_frame));
    DEFINE(HANDLERS_CALLS, offsetof(struct trap_handlers, calls));
    DEFINE(HANDLERS_CALL_COUNT, offsetof(struct trap_handlers, call_count));
    DEFINE(RESTART_FIRST, ERESTARTSYS);
    DEFINE(RESTART_LAST, ERESTART_RESTARTBLOCK);
    DEFINE(CPUID_LEAF1_EAX, offsetof(struct boot_cpuid, leaf1_eax));
    DEFINE(CPUID_LEAF1_ECX, offsetof(struct boot_cpuid, leaf1_ecx));
    DEFINE(CPUID_LEAF1_EDX, offsetof(struct boot_cpuid, leaf1_edx));
    DEFINE(CPUID_LEAF7_EBX, offsetof(struct boot_cpuid, leaf7_ebx));
    DEFINE(CPUID_LEAF7_ECX, offsetof(struct boot_cpuid, leaf7_ecx));
    DEFINE(CPUID_EXTENDED1_EDX, offsetof(struct boot_cpuid, extended1_edx));
    DEFINE(CPUID_CR4, offsetof(struct boot_cpuid, cr4));
    DEFINE(AP_PAGE_CR3, offsetof(struct ap_page, cr3));
    DEFINE(AP_PAGE_CR4, offsetof(struct ap_page, cr4));
    DEFINE(AP_PAGE_ENTRY, offsetof(struct ap_page, entry));
    DEFINE(AP_PAGE_GDT_POINTER, offsetof(struct ap_page, gdt_limit));
    DEFINE(AP_PAGE_GDT, offsetof(struct ap_page, gdt));
    DEFINE(AP_SLOT_STATE, offsetof(struct ap_slot, state));
    DEFINE(AP_SLOT_APIC_ID, offsetof(struct ap_slot, apic_id));
    DEFINE(AP_SLOT_STACK, offsetof(struct ap_slot, stack_top));
    DEFINE(AP_SLOT_SIZE, sizeof(struct ap_slot));
    DEFINE(AP_SLOTS, GUEST_CPUS_MAX);
    DEFINE(AP_STATE_CALLED, AP_CALLED);
    DEFINE(AP_STATE_CLAIMED, AP_CLAIMED);
    DEFINE(START_INFO_MODULES, offsetof(struct pvh_start_info, nr_modules));
    DEFINE(START_INFO_MODLIST, offsetof(struct pvh_start_info, modlist_paddr));
    DEFINE(MODULE_PADDR, offsetof(struct pvh_module, paddr));
    DEFINE(MODULE_CMDLINE, offsetof(struct pvh_module, cmdline_paddr));
    DEFINE(MODULE_SIZE, sizeof(struct pvh_module));
    DEFINE(CPU_VERSION, GUEST_CPU_VERSION);
    DEFINE(CPU_LEAF1_EAX, offsetof(struct guest_cpu, leaf1_eax));
    DEFINE(CPU_LEAF1_ECX, offsetof(struct guest_cpu, leaf1_ecx));
    DEFINE(CPU_LEAF1_EDX, offsetof(struct guest_cpu, leaf1_edx));
    DEFINE(CPU_LEAF7_EBX, offsetof(struct guest_cpu, leaf7_ebx));
    DEFINE(CPU_LEAF7_ECX, offsetof(struct guest_cpu, leaf7_ecx));
    DEFINE(CPU_EXTENDED1_EDX, offsetof(struct guest_cpu, extended1_edx));
    DEFINE(NOTE_KERNEL, GUEST_NOTE_KERNEL);
    DEFINE(NOTE_VERSION, GUEST_NOTE_VERSION);
    DEFINE(NOTE_DOOR64, GUEST_NOTE_DOOR64);
    DEFINE(SEL_USER_CS, USER_CS);
    DEFINE(SEL_USER_DS, USER_DS);
    DEFINE(VECTOR_SYSCALL, TRAP_VECTOR_SYSCALL);
}
