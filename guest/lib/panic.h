/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own bugs: say what, where from and with which values, then stop the VM. */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

#include "lib/types.h"

struct trap_frame;

NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same, with the registers of a trap. */
NORETURN void panic_frame(const struct trap_frame *frame, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* Where a thread that is not running was: rsp as context_switch() saved it. */
void backtrace_switched_out(uint64_t rsp);
/* How to stop: set once at boot (main.c).  Does not return. */
void panic_set_stop(void (*stop)(void));

/* No effects inside the condition. */
#define ASSERT(cond)                                                         \
    do {                                                                     \
        if (UNLIKELY(!(cond)))                                               \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
    } while (0)

#endif
