/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack of a signal handler, as Linux lays it out on x86-64:
 *
 *   low                                                       high
 *   | return address | ucontext | siginfo | pad | XSAVE area | magic | red zone, old stack
 *   ^ RSP: 8 below a multiple of 16               ^ multiple of 64
 *
 * Source: sigaction(2), sigreturn(2), asm/sigcontext.h.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/paging.h"
#include "mm/uaccess.h"
#include "mm/user_fpu.h"
#include "proc/process.h"
#include "syscall/linux_abi.h"

#define RED_ZONE 128u

struct rt_sigframe {
    uint64_t return_address;
    struct linux_ucontext uc;
    struct kernel_siginfo info;
};
_Static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe");

static uint64_t fp_area_size(void)
{
    return user_fpu_size() + (cpu_features.xsave ? sizeof(uint32_t) : 0);
}

uint64_t signal_frame_size_max(void)
{
    return ALIGN_UP(sizeof(struct rt_sigframe) + RED_ZONE + fp_area_size() + 64 + 16, 16ul);
}

static bool on_altstack(const struct signal_task *signals, uint64_t sp)
{
    return !(signals->altstack_flags & SS_AUTODISARM) && sp > signals->altstack_base &&
           sp - signals->altstack_base <= signals->altstack_size;
}

/* ---- FPU state -------------------------------------------------------------- */

static bool push_fpu(uint64_t address)
{
    uint64_t size = user_fpu_size();

    if (user_fpu_save(UADDR(address)))
        return false;
    if (!cpu_features.xsave)
        return true;
    struct linux_fpx_sw_bytes software = {.magic1 = FP_XSTATE_MAGIC1,
                                          .extended_size = (uint32_t)(size + sizeof(uint32_t)),
                                          .xfeatures = cpu_features.xcr0,
                                          .xstate_size = (uint32_t)size};
    return copy_to_user(UADDR(address + FXSAVE_SW_OFFSET), &software, sizeof(software)) == 0 &&
           put_user_u32(UADDR(address + size), FP_XSTATE_MAGIC2) == 0;
}

/* A frame without the magic words has the legacy part only. */
static bool pop_fpu(uint64_t address)
{
    uint64_t size = user_fpu_size();
    struct linux_fpx_sw_bytes software;
    uint32_t magic2 = 0;

    if (!address) {
        user_fpu_reset();
        return true;
    }
    if (!cpu_features.xsave)
        return user_fpu_restore(UADDR(address), XSTATE_LEGACY, true) == 0;
    if (copy_from_user(&software, UADDR(address + FXSAVE_SW_OFFSET), sizeof(software)))
        return false;
    bool legacy = software.magic1 != FP_XSTATE_MAGIC1 || software.xstate_size != size ||
                  get_user_u32(&magic2, UADDR(address + size)) || magic2 != FP_XSTATE_MAGIC2;
    /* The program may name fewer components; what is not named gets its initial value. */
    return user_fpu_restore(UADDR(address), software.xfeatures & cpu_features.xcr0, legacy) == 0;
}

/* ---- registers ---------------------------------------------------------------- */

static void save_registers(struct linux_sigcontext *mc, const struct trap_frame *frame,
                           const struct task *task, uint64_t mask)
{
    *mc = (struct linux_sigcontext){
        .r8 = frame->r8,
        .r9 = frame->r9,
        .r10 = frame->r10,
        .r11 = frame->r11,
        .r12 = frame->r12,
        .r13 = frame->r13,
        .r14 = frame->r14,
        .r15 = frame->r15,
        .rdi = frame->rdi,
        .rsi = frame->rsi,
        .rbp = frame->rbp,
        .rbx = frame->rbx,
        .rdx = frame->rdx,
        .rax = frame->rax,
        .rcx = frame->rcx,
        .rsp = frame->rsp,
        .rip = frame->rip,
        .rflags = frame->rflags,
        .cs = (uint16_t)frame->cs,
        .ss = (uint16_t)frame->ss,
        .err = task->fault_error,
        .trapno = task->fault_vector,
        .oldmask = mask,
        .cr2 = task->fault_address,
    };
}

static void load_registers(struct trap_frame *frame, const struct linux_sigcontext *mc)
{
    frame->r8 = mc->r8, frame->r9 = mc->r9, frame->r10 = mc->r10, frame->r11 = mc->r11;
    frame->r12 = mc->r12, frame->r13 = mc->r13, frame->r14 = mc->r14, frame->r15 = mc->r15;
    frame->rdi = mc->rdi, frame->rsi = mc->rsi, frame->rbp = mc->rbp, frame->rbx = mc->rbx;
    frame->rdx = mc->rdx, frame->rax = mc->rax, frame->rcx = mc->rcx, frame->rsp = mc->rsp;
    frame->rip = mc->rip;
    frame->rflags = (mc->rflags & RFLAGS_USER_MASK) | RFLAGS_IF | 2;
    frame->cs = USER_CS;
    frame->ss = USER_DS;
    frame->orig_rax = UINT64_MAX; /* RAX is the program's: nothing to restart */
    frame->vector = 0; /* leave by IRET: RCX and R11 are the program's */
}

bool signal_frame_push(struct trap_frame *frame, int signo, const struct kernel_siginfo *info,
                       const struct signal_action *action, uint64_t mask)
{
    struct task *task = current_task();
    struct signal_task *signals = &task->signals;
    uint64_t sp = frame->rsp - RED_ZONE;
    bool nested = on_altstack(signals, frame->rsp);
    struct rt_sigframe out;

    if ((action->flags & SA_ONSTACK) && signals->altstack_size && !nested)
        sp = signals->altstack_base + signals->altstack_size;
    if (!(action->flags & SA_RESTORER) || action->handler >= USER_END)
        return false;
    uint64_t fp = ALIGN_DOWN(sp - fp_area_size(), 64ul);
    uint64_t address = ALIGN_DOWN(fp - sizeof(out), 16ul) - 8;
    if (fp > sp || address > fp || (nested && !on_altstack(signals, address)))
        return false;

    out.return_address = action->restorer;
    out.uc.link = 0;
    out.uc.flags =
        UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu_features.xsave ? UC_FP_XSTATE : 0);
    out.uc.stack = (struct linux_stack){.sp = signals->altstack_base,
                                        .flags = signals->altstack_flags,
                                        .size = signals->altstack_size};
    save_registers(&out.uc.mcontext, frame, task, mask);
    out.uc.mcontext.fpstate = fp;
    out.uc.sigmask = mask;
    out.info = *info;
    if (!push_fpu(fp) || copy_to_user(UADDR(address), &out, sizeof(out)))
        return false;

    if (signals->altstack_flags & SS_AUTODISARM) {
        signals->altstack_base = signals->altstack_size = 0;
        signals->altstack_flags = SS_DISABLE;
    }
    frame->rdi = (uint64_t)signo;
    frame->rsi = address + offsetof(struct rt_sigframe, info);
    frame->rdx = address + offsetof(struct rt_sigframe, uc);
    frame->rax = 0;
    frame->rip = action->handler;
    frame->rsp = address;
    frame->rflags &= ~(RFLAGS_DF | RFLAGS_TF);
    frame->cs = USER_CS;
    frame->ss = USER_DS;
    /* SYSRET would do, and costs less than IRET: what it loads RIP and flags from is ours. */
    frame->rcx = frame->rip;
    frame->r11 = frame->rflags;
    frame->vector = TRAP_VECTOR_SYSCALL;
    return true;
}

bool signal_frame_pop(struct trap_frame *frame)
{
    struct signal_task *signals = &current_task()->signals;
    struct linux_ucontext uc;
    uint64_t address = frame->rsp - 8; /* the handler's RET took the return address */

    if (copy_from_user(&uc, UADDR(address + offsetof(struct rt_sigframe, uc)), sizeof(uc)))
        return false;
    if (uc.mcontext.rip >= USER_END || !pop_fpu(uc.mcontext.fpstate))
        return false;
    load_registers(frame, &uc.mcontext);
    signal_set_blocked(uc.sigmask);
    bool valid = (uc.stack.flags & SS_DISABLE) || uc.stack.size >= MINSIGSTKSZ;
    if (valid && !(uc.stack.flags & ~(SS_ONSTACK | SS_DISABLE | SS_AUTODISARM)) &&
        !on_altstack(signals, frame->rsp)) {
        bool off = uc.stack.flags & SS_DISABLE;
        signals->altstack_base = off ? 0 : uc.stack.sp;
        signals->altstack_size = off ? 0 : uc.stack.size;
        signals->altstack_flags = uc.stack.flags;
    }
    return true;
}
