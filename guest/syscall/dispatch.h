/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From SYSCALL to handler: table made from syscalls.def.  A handler gets six raw
 * arguments, returns a result or a negative errno, and is thin.  Some calls need
 * the registers: thread_frame(current_thread()).
 */
#ifndef SYSCALL_DISPATCH_H
#define SYSCALL_DISPATCH_H

#include "arch/trap.h"
#include "lib/types.h"
#include "syscall/arg_kinds.h"

#define SYSCALL_COUNT 512u

typedef int64_t syscall_handler(const struct syscall_args *args);

struct syscall_entry {
    uint16_t name; /* where among all names; 0: no such call */
    uint8_t kinds[6];
};
extern const struct syscall_entry syscall_table[SYSCALL_COUNT];
const char *syscall_name(uint64_t number); /* NULL: no such call */
/* Apart from what describes them, so that a start touches one page of it; none is NULL. */
extern syscall_handler *const syscall_handlers[SYSCALL_COUNT];

/* Prototypes of all handlers. */
#define ROW(nr, name, handler, ...) syscall_handler handler;
#include "syscall/syscalls.def"
#undef ROW

void syscall_dispatch(struct trap_frame *frame);
/* So many numbers need no syscall_dispatch(): the entry may call their handlers itself. */
uint64_t syscall_direct_count(void);
extern uint32_t syscall_counts[SYSCALL_COUNT]; /* with "stats" on the command line */
void syscall_enable_stats(void);
/* From here on syscall_dispatch() tells user time from the system's. */
void syscall_split_times(void);
/* For a handler that leaves by trap_exit_to_user(): the call is over. */
void syscall_leave(void);

#endif
