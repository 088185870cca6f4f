/* SPDX-License-Identifier: BSD-2-Clause */
/* New contexts and the segment bases of programs. */
#include "arch/context.h"

#include "arch/cpu.h"
#include "arch/msr.h"

void context_start_kernel(void); /* entry.asm */
void context_start_user(void);

/* What context_switch pops. */
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, rip;
    uint64_t alignment; /* RSP is 16-byte aligned before the first call */
};

static void init(struct context *context, uint64_t top, void (*start)(void), void (*fn)(void *),
                 void *arg)
{
    struct switch_frame *frame =
        (struct switch_frame *)(ALIGN_DOWN(top, 16ul) - sizeof(struct switch_frame));

    *frame =
        (struct switch_frame){.r12 = (uint64_t)arg, .rbx = (uint64_t)fn, .rip = (uint64_t)start};
    context->rsp = (uint64_t)frame;
}

void context_init_kernel(struct context *context, void *stack_top, void (*entry)(void *), void *arg)
{
    init(context, (uint64_t)stack_top, context_start_kernel, entry, arg);
}

void context_init_user(struct context *context, void *stack_top, void (*hook)(void *), void *arg)
{
    struct switch_frame *frame =
        (struct switch_frame *)((char *)stack_top - sizeof(struct trap_frame) -
                                offsetof(struct switch_frame, alignment));

    /* exit_to_user finds the trap frame right above the popped words. */
    frame->r15 = frame->r14 = frame->r13 = frame->rbp = 0;
    frame->r12 = (uint64_t)arg;
    frame->rbx = (uint64_t)hook;
    frame->rip = (uint64_t)context_start_user;
    context->rsp = (uint64_t)frame;
}

/* ---- segment bases -------------------------------------------------------- */

uint64_t user_fs_base_get(void)
{
    uint64_t base;
    if (!cpu_features.fsgsbase)
        return rdmsr(MSR_FS_BASE);
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

void user_fs_base_set(uint64_t base)
{
    if (!cpu_features.fsgsbase)
        wrmsr(MSR_FS_BASE, base);
    else
        __asm__ volatile("wrfsbase %0" : : "r"(base));
}

/* The program's GS base waits in KERNEL_GS_BASE while the kernel runs. */
uint64_t user_gs_base_get(void)
{
    return rdmsr(MSR_KERNEL_GS_BASE);
}

void user_gs_base_set(uint64_t base)
{
    wrmsr(MSR_KERNEL_GS_BASE, base);
}
