/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorts what entry.asm brings in: programs' faults go up to the registered
 * handlers, user-copy faults to the exception table, our own bugs to panic.
 */
#include "arch/trap.h"

#include "arch/apic.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "lib/panic.h"

struct exception_entry { /* section .extable, sorted by nothing: it is short */
    uint64_t fault_rip, fixup_rip;
};
extern const struct exception_entry kernel_extable_start[], kernel_extable_end[];

/* Not static: entry.asm reads calls and call_count. */
struct trap_handlers trap_handlers __attribute__((section(".bss.hot.traps")));

void trap_dispatch(struct trap_frame *frame); /* called from entry.asm */
void trap_syscall(struct trap_frame *frame);
void trap_user_return(struct trap_frame *frame);

void trap_set_handlers(const struct trap_handlers *new_handlers)
{
    trap_handlers = *new_handlers;
}

void trap_request_user_return(void)
{
    atomic_store_explicit(&this_cpu()->user_return_work, 1, memory_order_relaxed);
}

__attribute__((hot)) void trap_syscall(struct trap_frame *frame)
{
    trap_handlers.syscall(frame);
}

void trap_user_return(struct trap_frame *frame)
{
    atomic_store_explicit(&this_cpu()->user_return_work, 0, memory_order_relaxed);
    trap_handlers.user_return(frame);
}

static bool fix_up(struct trap_frame *frame)
{
    for (const struct exception_entry *e = kernel_extable_start; e < kernel_extable_end; e++) {
        if (e->fault_rip == frame->rip) {
            frame->rip = e->fixup_rip;
            return true;
        }
    }
    return false;
}

static void page_fault(struct trap_frame *frame)
{
    uint64_t address = read_cr2();

    this_cpu()->page_faults++;
    if (address < USER_END && trap_handlers.page_fault && trap_handlers.page_fault(frame, address))
        return;
    if (frame_is_user(frame)) { /* a program reaching for kernel addresses */
        trap_handlers.page_fault(frame, address);
        return;
    }
    if (fix_up(frame))
        return;
    panic_frame(frame, "kernel page fault at %#lx (%s %s)", address,
                frame->error & PF_PRESENT ? "protection," : "not mapped,",
                frame->error & PF_FETCH   ? "fetch"
                : frame->error & PF_WRITE ? "write"
                                          : "read");
}

static void interrupt(struct trap_frame *frame)
{
    struct percpu *cpu = this_cpu();

    cpu->irq_count++;
    if (frame->vector - TRAP_VECTOR_TIMER < TRAP_LOCAL_VECTORS)
        cpu->local_irqs[frame->vector - TRAP_VECTOR_TIMER]++;
    if (frame->vector == TRAP_VECTOR_SPURIOUS)
        return;
    apic_eoi();
    cpu->irq_depth++;
    trap_handlers.irq((unsigned int)frame->vector);
    cpu->irq_depth--;
    /* Between STI and HLT there should be none; where one comes, it must not be slept over. */
    if (UNLIKELY(frame->rip == (uint64_t)cpu_idle_halt))
        frame->rip = (uint64_t)cpu_idle_halted;
}

__attribute__((hot)) void trap_dispatch(struct trap_frame *frame)
{
    static const char *const names[] = {
        "divide error", "debug",          "NMI",           "breakpoint",         "overflow",
        "bound range",  "invalid opcode", "no FPU",        "double fault",       "coprocessor",
        "invalid TSS",  "segment",        "stack segment", "general protection", "page fault"};

    if (frame->vector == TRAP_PF) {
        page_fault(frame);
        return;
    }
    if (frame->vector >= 32) {
        interrupt(frame);
        return;
    }
    if (frame->vector == 2) {
        smp_on_nmi();
        return;
    }
    if (frame_is_user(frame) && frame->vector != TRAP_DF && frame->vector != TRAP_MC) {
        trap_handlers.user_exception(frame);
        return;
    }
    if (frame->vector == TRAP_GP && fix_up(frame))
        return; /* a non-canonical address from a program */
    panic_frame(frame, "kernel %s (vector %lu, error %#lx)",
                frame->vector < ARRAY_SIZE(names) ? names[frame->vector] : "exception",
                frame->vector, frame->error);
}

void irq_window(void)
{
    irq_enable();
    __asm__ volatile("nop"); /* STI delays by one instruction */
    irq_disable();
}
