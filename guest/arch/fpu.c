/* SPDX-License-Identifier: BSD-2-Clause */
/* FPU state areas of threads: XSAVE in the standard format, or FXSAVE.  Intel SDM 1, chapter 13. */
#include "arch/context.h"
#include "arch/cpu.h"
#include "lib/string.h"

#define FCW_DEFAULT 0x37fu
#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_OFFSET 24u
#define XSAVE_HEADER 512u /* XSTATE_BV, XCOMP_BV, reserved */
#define XSAVE_HEADER_SIZE 64u

void fpu_init_area(void *area)
{
    uint8_t *bytes = area;
    uint16_t fcw = FCW_DEFAULT;
    uint32_t mxcsr = MXCSR_DEFAULT;

    /* XSTATE_BV = 0 means initial values: only the legacy part and header count. */
    memset(area, 0, XSAVE_HEADER + (cpu_features.xsave ? XSAVE_HEADER_SIZE : 0));
    memcpy(bytes, &fcw, sizeof(fcw));
    memcpy(bytes + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

static enum { SAVE_UNKNOWN, SAVE_PLAIN, SAVE_OPTIMIZED } save_form;

/* At the first save, not at boot: CPUID is an exit. */
static void choose_save_form(void)
{
    uint32_t r[4];

    cpuid(0xd, 1, r);
    save_form = r[0] & 1 ? SAVE_OPTIMIZED : SAVE_PLAIN;
}

void fpu_save(void *area)
{
    if (UNLIKELY(save_form == SAVE_UNKNOWN && cpu_features.xsave))
        choose_save_form();
    if (!cpu_features.xsave)
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
    else if (save_form == SAVE_OPTIMIZED)
        __asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

void fpu_restore(const void *area)
{
    if (!cpu_features.xsave)
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
    else
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}
