/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of system calls and the way from SYSCALL into it. */
#include "syscall/dispatch.h"

#include "lib/errno.h"
#include "lib/unsupported.h"
#include "sched/thread.h"
#include "syscall/trace.h"

/* All names one behind the other, so that a place among them is a short number. */
#define ROW(nr, name_, ...) char name_[sizeof(#name_)];
#define MISSING(nr, name_) char name_[sizeof(#name_)];
struct names {
    char none;
#include "syscall/missing.def"
#include "syscall/syscalls.def"
};
#undef ROW
#undef MISSING
_Static_assert(sizeof(struct names) < 65536, "places of names");
#define ROW(nr, name_, ...) .name_ = #name_,
#define MISSING(nr, name_) .name_ = #name_,
static const struct names names = {
#include "syscall/missing.def"
#include "syscall/syscalls.def"
};
#undef ROW
#undef MISSING

const char *syscall_name(uint64_t number)
{
    uint16_t at = syscall_table[number].name;

    return at ? (const char *)&names + at : NULL;
}

#define ROW(nr, name_, handler_, ...) \
    [nr] = {.name = offsetof(struct names, name_), .kinds = {__VA_ARGS__}},
#define MISSING(nr, name_) [nr] = {.name = offsetof(struct names, name_)},
const struct syscall_entry syscall_table[SYSCALL_COUNT] = {
#include "syscall/missing.def"
#include "syscall/syscalls.def"
};
#undef ROW
#undef MISSING

static syscall_handler missing;

/* Rows replace the default, which is what the warning is about. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define ROW(nr, name_, handler_, ...) [nr] = handler_,
syscall_handler *const syscall_handlers[SYSCALL_COUNT] = {
    [0 ... SYSCALL_COUNT - 1] = missing,
#include "syscall/syscalls.def"
};
#undef ROW
#pragma GCC diagnostic pop

uint32_t syscall_counts[SYSCALL_COUNT] LARGE_BSS;
static bool count_calls, split_times;
static atomic_uchar reported[SYSCALL_COUNT] LARGE_BSS; /* missing calls that were named once */

void syscall_split_times(void)
{
    split_times = true;
}

void syscall_leave(void)
{
    if (split_times)
        sched_account_system(false);
}

void syscall_enable_stats(void)
{
    count_calls = true;
}

uint64_t syscall_direct_count(void)
{
    return count_calls || split_times || trace_is_on ? 0 : SYSCALL_COUNT;
}

static int64_t missing(const struct syscall_args *args)
{
    const struct trap_frame *frame =
        (const void *)((const char *)args - offsetof(struct trap_frame, args));
    uint64_t number = frame->orig_rax;

    if (number < SYSCALL_COUNT && !atomic_exchange(&reported[number], 1)) {
        const char *name = syscall_name(number);
        unsupported("system call %lu (%s) is not available: the program got ENOSYS", number,
                    name ? name : "unknown");
    }
    return -ENOSYS;
}

void syscall_dispatch(struct trap_frame *frame)
{
    uint64_t number = frame->orig_rax;

    if (number >= SYSCALL_COUNT) {
        frame->rax = (uint64_t)missing(&frame->args);
        return;
    }
    if (count_calls)
        syscall_counts[number]++;
    if (split_times)
        sched_account_system(true);
    if (UNLIKELY(trace_is_on))
        frame->rax = (uint64_t)trace_call(number, &frame->args);
    else
        frame->rax = (uint64_t)syscall_handlers[number](&frame->args);
    syscall_leave();
    /* An interrupted call: the signal code decides how it goes on, even if the signal is gone. */
    if (UNLIKELY(frame->rax - (uint64_t)-ERESTART_RESTARTBLOCK <=
                 ERESTART_RESTARTBLOCK - ERESTARTSYS))
        trap_request_user_return();
}
