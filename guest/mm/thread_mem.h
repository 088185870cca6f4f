/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory a thread needs: a guarded kernel stack and an FPU area.  Any context. */
#ifndef MM_THREAD_MEM_H
#define MM_THREAD_MEM_H

#include "lib/types.h"

#define KERNEL_STACK_SIZE 16384ul /* usable bytes; a guard page lies below */
#define EARLY_STACKS 4u /* in the kernel image, see thread_mem.c */
/* From linker/guest.ld; paging_init() unmaps their guards. */
extern uint8_t early_stacks[EARLY_STACKS][KERNEL_STACK_SIZE + PAGE_SIZE], early_stacks_end[];

/* Stacks with a guard page below; NULL when out of memory.  Returns the top. */
void *kernel_stack_alloc(void);
void kernel_stack_free(void *stack_top);

/* XSAVE area in its initial state, 64-byte aligned; NULL: out of memory. */
void *fpu_alloc(void);
void fpu_free(void *area);

#endif
