/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page that the kernel writes and the vDSO reads, mapped read-only right
 * before the vDSO's image in each program.  A reader repeats while sequence is odd
 * or has changed.
 */
#ifndef ARCH_VDSO_VVAR_H
#define ARCH_VDSO_VVAR_H

#include <stdint.h>

#define VVAR_CLOCK_TSC 1u /* the TSC may be used; otherwise: system calls */

enum vvar_getcpu { VVAR_GETCPU_SYSCALL = 0, VVAR_GETCPU_RDTSCP = 1, VVAR_GETCPU_RDPID = 2 };

struct vvar {
    uint32_t sequence;
    uint32_t flags; /* VVAR_CLOCK_TSC */
    uint64_t tsc_base;
    uint64_t ns_whole, ns_part; /* ns per tick, and 2^-64 ns: the kernel's mult >> shift exactly */
    uint64_t wall_seconds; /* CLOCK_REALTIME at tsc_base */
    uint64_t wall_ns; /* 0..999999999 */
    uint32_t getcpu; /* enum vvar_getcpu */
};

#endif
