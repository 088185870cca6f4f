/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Death by signal; how the first program died, for whoever embeds the VM: registers and return
 * addresses, found along frame pointers.  The stack is the program's: it is read through
 * mm/uaccess.h, and the walk is bounded and goes upwards only.  Knows nothing of who wants to know.
 */
#include "arch/trap.h"
#include "boot/guest_abi.h"
#include "lib/string.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define CALL_OPCODE 0xe8u /* CALL rel32 */
#define CALL_SIZE 5u
#define LEAF_MAX 4096u /* bytes of code */

static void (*on_crash)(const struct guest_crash *crash);

void process_set_on_crash(void (*crash)(const struct guest_crash *crash))
{
    on_crash = crash;
}

static void add_frame(struct guest_crash *crash, uint64_t return_address)
{
    crash->frames[crash->frame_count++] = return_address;
}

/* [RBP] is the caller's RBP, the return address is behind it: System V ABI, 3.2.2. */
static void walk(struct guest_crash *crash, uint64_t rbp)
{
    uint64_t pair[2], above = crash->rsp;

    while (crash->frame_count < GUEST_CRASH_FRAMES_MAX && rbp >= above && rbp % 8 == 0 &&
           copy_from_user(pair, UADDR(rbp), sizeof(pair)) == 0 && pair[1] != 0 &&
           pair[1] < USER_END) {
        add_frame(crash, pair[1]);
        above = rbp + sizeof(pair);
        rbp = pair[0];
    }
}

/*
 * A function without a frame of its own: what is at RSP then is where the call came from, if
 * the instruction before that is a call of something a little below RIP.
 */
static bool is_called_from(uint64_t rip, uint64_t return_address)
{
    uint8_t call[CALL_SIZE];
    int32_t distance;

    if (return_address < CALL_SIZE ||
        copy_from_user(call, UADDR(return_address - CALL_SIZE), sizeof(call)) != 0 ||
        call[0] != CALL_OPCODE)
        return false;
    memcpy(&distance, call + 1, sizeof(distance));
    return rip - (return_address + (uint64_t)(int64_t)distance) < LEAF_MAX;
}

static void report(const struct kernel_siginfo *info)
{
    const struct trap_frame *frame = thread_frame(current_thread());
    struct process *process = current_process();
    bool fault = info->code > SI_USER && info->code < SI_KERNEL;
    uint64_t caller;

    if (!on_crash || process->pid != 1 || !signal_default_dumps(info->signo))
        return;
    struct guest_crash crash = {
        .version = GUEST_CRASH_VERSION,
        .size = sizeof(crash),
        .signal = (uint32_t)info->signo,
        .code = (uint32_t)info->code,
        .address = fault ? info->fault.address : 0,
        .rip = frame->rip,
        .rsp = frame->rsp,
        .load_bias = current_thread()->mm->load_bias,
    };
    /* Or a call to nowhere: RBP is still the caller's, too. */
    if (get_user_u64(&caller, UADDR(frame->rsp)) == 0 && caller < USER_END &&
        ((info->signo == SIGSEGV && fault && info->fault.address == frame->rip) ||
         is_called_from(frame->rip, caller)))
        add_frame(&crash, caller);
    walk(&crash, frame->rbp);
    on_crash(&crash);
}

void process_die_of(const struct kernel_siginfo *info)
{
    const struct process *process = current_process();
    bool dumps = signal_default_dumps(info->signo) && process->dumpable &&
                 process->rlimits[RLIMIT_CORE].soft > 0;

    report(info);
    process_exit_group(info->signo | (dumps ? 0x80 : 0));
}
