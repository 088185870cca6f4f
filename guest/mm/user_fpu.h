/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FPU's registers straight to and from a program's memory, as signal frames
 * have them.  The CPU checks what it loads, so no copy is needed for that.
 */
#ifndef MM_USER_FPU_H
#define MM_USER_FPU_H

#include "lib/types.h"

#define XSTATE_LEGACY 3ul /* components x87 and SSE */

/* Bytes of an area: XSAVE's standard format, or FXSAVE's on a CPU without it. */
uint64_t user_fpu_size(void);
/* area is 64-byte aligned.  0 or -EFAULT; may sleep. */
int user_fpu_save(uaddr_t area);
/*
 * These components from area, the others get their initial state.  legacy: area is
 * FXSAVE's form.  0, or -EFAULT: not readable or not valid, and the registers hold anything.
 */
int user_fpu_restore(uaddr_t area, uint64_t components, bool legacy);
void user_fpu_reset(void);

#endif
