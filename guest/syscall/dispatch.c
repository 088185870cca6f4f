/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of system calls and the way from SYSCALL into it. */
#include "syscall/dispatch.h"

#include "lib/errno.h"
#include "lib/printf.h"

#define ROW(nr, name_, handler_, ...) \
    [nr] = {.name = #name_, .handler = handler_, .kinds = {__VA_ARGS__}},
#define MISSING(nr, name_) [nr] = {.name = #name_},
const struct syscall_entry syscall_table[SYSCALL_COUNT] = {
#include "syscall/missing.def"
#include "syscall/syscalls.def"
};
#undef ROW
#undef MISSING

uint32_t syscall_counts[SYSCALL_COUNT] LARGE_BSS;
static bool count_calls;
static atomic_uchar reported[SYSCALL_COUNT] LARGE_BSS; /* missing calls that were named once */

void syscall_enable_stats(void)
{
    count_calls = true;
}

static int64_t missing(uint64_t number)
{
    if (number < SYSCALL_COUNT && !atomic_exchange(&reported[number], 1)) {
        const char *name = syscall_table[number].name;
        klog(LOG_WARNING, "system call %lu (%s) is not available: the program got ENOSYS", number,
             name ? name : "unknown");
    }
    return -ENOSYS;
}

__attribute__((hot)) void syscall_dispatch(struct trap_frame *frame)
{
    uint64_t number = frame->orig_rax;
    struct syscall_args args = {
        {frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9}};

    if (UNLIKELY(count_calls) && number < SYSCALL_COUNT)
        syscall_counts[number]++;
    if (UNLIKELY(number >= SYSCALL_COUNT || !syscall_table[number].handler))
        frame->rax = (uint64_t)missing(number);
    else
        frame->rax = (uint64_t)syscall_table[number].handler(&args);
    /* An interrupted call: the signal code decides how it goes on, even if the signal is gone. */
    if (UNLIKELY(frame->rax - (uint64_t)-ERESTART_RESTARTBLOCK <=
                 ERESTART_RESTARTBLOCK - ERESTARTSYS))
        trap_request_user_return();
}
