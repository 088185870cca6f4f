/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: a small ELF shared object in every program, so that reading the
 * clock needs no system call.  Mapped as
 *     [vvar]  one page, read-only, from vdso_vvar_page()
 *     [vdso]  vdso_image_size() bytes, read and execute, right behind it; AT_SYSINFO_EHDR
 * All pages are static (part of the kernel image).
 */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

#include "lib/types.h"

/* Page-aligned, padded to whole pages; in the kernel's image. */
extern const uint8_t vdso_image_start[], vdso_image_end[];

static inline size_t vdso_image_size(void)
{
    return (size_t)(vdso_image_end - vdso_image_start);
}

/* Kernel address of the page programs see as [vvar]; filled in at the first call. */
const void *vdso_vvar_page(void);
/* The clock's parameters have changed (clock_set_wall, resume): programs see them. */
void vdso_update_clock(void);

#endif
