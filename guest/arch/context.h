/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching kernel stacks, and the registers that belong to a thread. */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include "arch/trap.h"

struct context {
    uint64_t rsp; /* callee-saved registers and the return address lie there */
};

/* Saves into *from, continues in *to.  Returns when somebody switches back. */
void context_switch(struct context *from, const struct context *to);
/* First switch to it calls entry(arg), which must not return. */
void context_init_kernel(struct context *context, void *stack_top, void (*entry)(void *),
                         void *arg);
/*
 * First switch to it calls hook(arg) on the new stack, then leaves to user mode with the
 * frame that the caller has put at stack_top - sizeof(struct trap_frame).
 */
void context_init_user(struct context *context, void *stack_top, void (*hook)(void *), void *arg);

/* FS and GS base of the program that is about to run or was running. */
uint64_t user_fs_base_get(void);
void user_fs_base_set(uint64_t base);
uint64_t user_gs_base_get(void);
void user_gs_base_set(uint64_t base);

/*
 * FPU state: an XSAVE area in the standard format (FXSAVE without XSAVE),
 * cpu_features.xsave_size bytes, 64-byte aligned (mm/thread_mem.h allocates them).
 * The kernel itself never uses these registers.
 */
void fpu_save(void *area);
void fpu_restore(const void *area);
void fpu_init_area(void *area);

/* Tells the CPU which stack its next entry from user mode uses. */
void cpu_set_kernel_stack(uint64_t stack_top);

#endif
