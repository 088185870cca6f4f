/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux has and this kernel has not, or only in part: named once in the log, so
 * that a user sees why a program misbehaves.  With --strict the machine ends there.
 */
#ifndef LIB_UNSUPPORTED_H
#define LIB_UNSUPPORTED_H

#include "lib/types.h"

/* Once for each place in the code.  From a thread, with no lock held. */
#define UNSUPPORTED(...)                                                   \
    do {                                                                   \
        static atomic_bool told_;                                          \
        if (!atomic_load_explicit(&told_, memory_order_relaxed) &&         \
            !atomic_exchange_explicit(&told_, true, memory_order_relaxed)) \
            unsupported(__VA_ARGS__);                                      \
    } while (0)

void unsupported(const char *format, ...) PRINTF_LIKE(1, 2);
/* Boot, for --strict: what ends the machine; does not return. */
void unsupported_set_end(void (*end)(void));

#endif
