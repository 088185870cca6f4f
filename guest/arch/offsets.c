/* SPDX-License-Identifier: BSD-2-Clause */
/* Structure offsets for nasm: compiled to assembly, never linked (see Makefile). */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/trap.h"
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
    DEFINE(SEL_USER_CS, USER_CS);
    DEFINE(SEL_USER_DS, USER_DS);
    DEFINE(VECTOR_SYSCALL, TRAP_VECTOR_SYSCALL);
}
