/* SPDX-License-Identifier: BSD-2-Clause */
/* See user_fpu.h.  Intel SDM 1, 13.4 (the area), 13.7 and 13.8 (XSAVE and XRSTOR). */
#include "mm/user_fpu.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/usercopy.h"
#include "lib/errno.h"
#include "mm/uaccess.h"

#define FXSAVE_BYTES 512u
#define XSAVE_HEADER_BYTES 64u

uint64_t user_fpu_size(void)
{
    return cpu_features.xsave ? cpu_features.xsave_size : FXSAVE_BYTES;
}

int user_fpu_save(uaddr_t area)
{
    void *at = (void *)area.raw;
    int failed;

    if (!user_range_ok(area, user_fpu_size()))
        return -EFAULT;
    user_access_begin();
    if (!cpu_features.xsave) {
        failed = arch_user_fxsave(at);
    } else {
        /* XSAVE changes single bits of the header. */
        failed = arch_user_clear((char *)at + FXSAVE_BYTES, XSAVE_HEADER_BYTES) != 0 ||
                 arch_user_xsave(at, cpu_features.xcr0);
    }
    user_access_end();
    return failed ? -EFAULT : 0;
}

/* A kernel's area, but the same instructions. */
static void set_initial(uint64_t components)
{
    _Alignas(64) uint8_t area[FXSAVE_BYTES + XSAVE_HEADER_BYTES];

    fpu_init_area(area);
    if (cpu_features.xsave)
        (void)arch_user_xrstor(area, components);
    else
        fpu_restore(area);
}

void user_fpu_reset(void)
{
    set_initial(cpu_features.xcr0);
}

int user_fpu_restore(uaddr_t area, uint64_t components, bool legacy)
{
    const void *at = (const void *)area.raw;
    int failed;

    legacy |= !cpu_features.xsave;
    if (legacy)
        components = XSTATE_LEGACY;
    if (!user_range_ok(area, legacy ? FXSAVE_BYTES : cpu_features.xsave_size))
        return -EFAULT;
    if (cpu_features.xsave && (cpu_features.xcr0 & ~components))
        set_initial(cpu_features.xcr0 & ~components);
    user_access_begin();
    failed = legacy ? arch_user_fxrstor(at) : arch_user_xrstor(at, components);
    user_access_end();
    return failed ? -EFAULT : 0;
}
