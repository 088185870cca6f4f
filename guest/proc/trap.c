/* SPDX-License-Identifier: BSD-2-Clause */
/* From the CPU's exceptions to signals, and what happens before user mode. */
#include "arch/trap.h"

#include "arch/context.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

/* x87 status and MXCSR exception flags, SDM 1, 8.1.3 and 10.2.3. */
#define FP_INVALID 0x01u
#define FP_DENORMAL 0x02u
#define FP_DIVIDE 0x04u
#define FP_OVERFLOW 0x08u
#define FP_UNDERFLOW 0x10u
#define FP_PRECISION 0x20u

static void note_fault(const struct trap_frame *frame, uint64_t address)
{
    struct task *task = current_task();

    task->fault_vector = frame->vector;
    task->fault_error = frame->error;
    task->fault_address = address;
}

static void segv(const struct trap_frame *frame, int code, uint64_t address)
{
    note_fault(frame, address);
    signal_force(SIGSEGV, code, address);
}

static enum fault_result resolve(struct mm *mm, uint64_t address, uint64_t error, uint64_t user_rsp)
{
    enum fault_result result = mm_fault(mm, address, error, user_rsp);

    if (UNLIKELY(result == FAULT_OOM)) /* once more: others give memory back all the time */
        result = mm_fault(mm, address, error, user_rsp);
    while (UNLIKELY(result == FAULT_OOM) && oom_wait_for_memory())
        result = mm_fault(mm, address, error, user_rsp);
    return result;
}

bool task_page_fault(struct trap_frame *frame, uint64_t address)
{
    struct thread *thread = current_thread();
    bool user = frame_is_user(frame);
    struct mm *mm = thread->mm;

    if (!mm || (!user && address >= USER_END))
        return false;
    if (user && !(frame->error & PF_USER)) {
        /*
         * The CPU itself reached for memory as supervisor on behalf of the program: a
         * descriptor, or (QEMU's TCG) the stack of an IRET.  No mapping helps.
         */
        frame->vector = TRAP_GP;
        note_fault(frame, 0);
        signal_force(SIGSEGV, SI_KERNEL, 0);
        return true;
    }
    enum fault_result result = FAULT_SEGV_MAPERR;
    if (address < USER_END)
        result = resolve(mm, address, frame->error, (user ? frame : thread_frame(thread))->rsp);
    if (result == FAULT_OK) {
        atomic_fetch_add_explicit(&current_task()->process->min_faults, 1, memory_order_relaxed);
        return true;
    }
    if (!user)
        return false; /* a copy: it returns EFAULT */
    /* A kernel address reads as a protection error, so that programs learn nothing of it. */
    if (address >= USER_END)
        frame->error |= PF_PRESENT;
    if (result == FAULT_SIGBUS) {
        note_fault(frame, address);
        signal_force(SIGBUS, BUS_ADRERR, address);
    } else if (result != FAULT_OOM) { /* then SIGKILL is on its way */
        segv(frame, result == FAULT_SEGV_ACCERR ? SEGV_ACCERR : SEGV_MAPERR, address);
    }
    return true;
}

/* Which of the exceptions that are not masked happened. */
static int fpe_code(uint32_t flags)
{
    if (flags & FP_INVALID)
        return FPE_FLTINV;
    if (flags & FP_DIVIDE)
        return FPE_FLTDIV;
    if (flags & FP_OVERFLOW)
        return FPE_FLTOVF;
    if (flags & (FP_UNDERFLOW | FP_DENORMAL))
        return FPE_FLTUND;
    if (flags & FP_PRECISION)
        return FPE_FLTRES;
    return 0;
}

static int fpu_exception_code(bool simd)
{
    struct thread *thread = current_thread();
    const uint8_t *area = thread->fpu;
    uint16_t fcw, fsw;
    uint32_t mxcsr;

    fpu_save(thread->fpu);
    memcpy(&fcw, area, sizeof(fcw));
    memcpy(&fsw, area + 2, sizeof(fsw));
    memcpy(&mxcsr, area + 24, sizeof(mxcsr));
    if (simd)
        return fpe_code(~(mxcsr >> 7) & mxcsr & 0x3f);
    return fpe_code((uint32_t)fsw & ~(uint32_t)fcw & 0x3f);
}

void task_user_exception(struct trap_frame *frame)
{
    note_fault(frame, 0);
    switch (frame->vector) {
    case TRAP_DE:
        signal_force(SIGFPE, FPE_INTDIV, frame->rip);
        break;
    case TRAP_DB:
        frame->rflags &= ~RFLAGS_TF;
        signal_force(SIGTRAP, TRAP_TRACE, frame->rip);
        break;
    case TRAP_BP:
        signal_force(SIGTRAP, SI_KERNEL, 0);
        break;
    case TRAP_UD:
        signal_force(SIGILL, ILL_ILLOPN, frame->rip);
        break;
    case TRAP_MF:
    case TRAP_XM:
        signal_force(SIGFPE, fpu_exception_code(frame->vector == TRAP_XM), frame->rip);
        break;
    case TRAP_AC:
        signal_force(SIGBUS, BUS_ADRALN, 0);
        break;
    case TRAP_NP:
    case TRAP_SS:
        signal_force(SIGBUS, SI_KERNEL, 0);
        break;
    default: /* general protection, overflow, bounds */
        signal_force(SIGSEGV, SI_KERNEL, 0);
    }
}

void task_user_return(struct trap_frame *frame)
{
    struct thread *thread = current_thread();

    sched_user_return();
    if (UNLIKELY(!thread->task))
        return;
    int64_t result = (int64_t)frame->rax;
    bool interrupted =
        (int64_t)frame->orig_rax >= 0 && result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
    if (interrupted || atomic_load_explicit(&thread->signal_pending, memory_order_relaxed))
        signal_deliver(frame);
    if (thread->task->rseq_area.raw)
        rseq_on_return(frame);
}
