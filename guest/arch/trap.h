/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the CPU enters the kernel, and the registers a program left behind.
 *
 *   kernel stack of a thread, top at the right:
 *   | ... C frames ... | struct trap_frame | <- percpu.kernel_stack_top
 *
 * Every entry from user mode builds the full frame at the stack's top, so the
 * registers of a thread are always at thread_frame(thread).
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "lib/types.h"

struct syscall_args {
    uint64_t arg[6];
};

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx; /* callee-saved */
    uint64_t r11;
    union { /* in this order they are the arguments of a system call */
        struct {
            uint64_t rdi, rsi, rdx, r10, r8, r9;
        };
        struct syscall_args args;
    };
    uint64_t rax, rcx;
    uint64_t orig_rax; /* system call number, or -1 for other entries */
    uint64_t vector; /* 0..255; TRAP_VECTOR_SYSCALL for SYSCALL */
    uint64_t error; /* the CPU's error code, or 0 */
    uint64_t rip, cs, rflags, rsp, ss;
};

#define TRAP_VECTOR_SYSCALL 0x100u
#define TRAP_VECTOR_TIMER 0xf0u /* LAPIC timer */
#define TRAP_VECTOR_WAKE 0xf1u /* IPI: look at the run queue */
#define TRAP_VECTOR_TLB 0xf2u /* IPI: shootdown */
#define TRAP_LOCAL_VECTORS 3u /* these three */
#define TRAP_VECTOR_SPURIOUS 0xffu
#define TRAP_VECTOR_IRQ_BASE 0x30u /* GSI n arrives as 0x30 + n */

enum {
    TRAP_DE = 0,
    TRAP_DB = 1,
    TRAP_BP = 3,
    TRAP_OF = 4,
    TRAP_BR = 5,
    TRAP_UD = 6,
    TRAP_NM = 7,
    TRAP_DF = 8,
    TRAP_TS = 10,
    TRAP_NP = 11,
    TRAP_SS = 12,
    TRAP_GP = 13,
    TRAP_PF = 14,
    TRAP_MF = 16,
    TRAP_AC = 17,
    TRAP_MC = 18,
    TRAP_XM = 19
};

#define PF_PRESENT 1u /* error code bits of TRAP_PF */
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_RESERVED 8u
#define PF_FETCH 16u

/* Segment selectors; the order is dictated by SYSCALL/SYSRET. */
#define KERNEL_CS 0x08u
#define KERNEL_DS 0x10u
#define USER_DS 0x1bu
#define USER_CS 0x23u
#define TSS_SELECTOR 0x28u

#define RFLAGS_CF 0x1ul
#define RFLAGS_TF 0x100ul
#define RFLAGS_IF 0x200ul
#define RFLAGS_DF 0x400ul
#define RFLAGS_AC 0x40000ul
#define RFLAGS_USER_MASK 0x244dd5ul /* what a program may set: CF PF AF ZF SF TF DF OF AC ID */

static inline bool frame_is_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) == 3;
}

/*
 * Upward calls, registered by main.c.  All run with interrupts disabled on
 * the current thread's kernel stack (irq: also on the idle context's).
 */
struct trap_handlers {
    /*
     * The entry calls calls[number] itself for numbers below call_count, and leaves by the
     * shortest way: a call that changes its frame, but for RAX, asks for user_return or
     * leaves by trap_exit_to_user().
     */
    int64_t (*const *calls)(const struct syscall_args *args);
    uint64_t call_count;
    void (*syscall)(struct trap_frame *frame); /* the other numbers */
    /*
     * TRAP_PF at an address below the kernel.  From user mode it must resolve the
     * fault or post a signal and return true; from kernel mode (user copy) it may
     * return false, and the exception table decides.
     */
    bool (*page_fault)(struct trap_frame *frame, uint64_t address);
    void (*user_exception)(struct trap_frame *frame); /* any other, from user mode */
    void (*irq)(unsigned int vector); /* timer, IPIs, devices; EOI is done by arch */
    /* Before every return to user mode: signals, rescheduling.  May switch. */
    void (*user_return)(struct trap_frame *frame);
};
void trap_set_handlers(const struct trap_handlers *handlers);

/* Is there anything for user_return?  Per-CPU flag read by the exit path. */
void trap_request_user_return(void);

/* Leaves to user mode with the frame at the top of the current kernel stack. */
NORETURN void trap_exit_to_user(void);

/* Interrupts may come in here; call where long work holds no spinlock. */
void irq_window(void);

#endif
