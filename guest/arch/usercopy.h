/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw copies to and from a program's memory, with faults caught by the exception
 * table (arch/usercopy.asm).  For mm/uaccess.c and mm/user_fpu.c: they check the ranges.
 */
#ifndef ARCH_USERCOPY_H
#define ARCH_USERCOPY_H

#include "arch/cpu.h"
#include "lib/types.h"

#if HOST_TEST
static inline void user_access_begin(void) {}
static inline void user_access_end(void) {}
#else
/* SMAP is lifted between the two: nothing but the copy may happen there. */
static inline void user_access_begin(void)
{
    if (LIKELY(cpu_features.smap))
        __asm__ volatile("stac" : : : "memory", "cc");
}
static inline void user_access_end(void)
{
    if (LIKELY(cpu_features.smap))
        __asm__ volatile("clac" : : : "memory", "cc");
}
#endif

/* Bytes that could not be copied; 0 is success. */
size_t arch_user_copy(void *dst, const void *src, size_t size);
size_t arch_user_clear(void *dst, size_t size);
/* Length without NUL; size when there is no NUL in size bytes; -1: fault. */
ssize_t arch_user_copy_string(char *dst, const char *src, size_t size);
/* 0, or -1: fault. */
int arch_user_load32(uint32_t *value, const void *address);
int arch_user_load64(uint64_t *value, const void *address);
int arch_user_store32(void *address, uint32_t value);
int arch_user_store64(void *address, uint64_t value);
int arch_user_cmpxchg32(void *address, uint32_t expected, uint32_t desired, uint32_t *old);
int arch_user_xchg32(void *address, uint32_t operand, uint32_t *old);
int arch_user_fetch_add32(void *address, uint32_t operand, uint32_t *old);

/* The FPU's registers in the form of FXSAVE or XSAVE; -1 also: what lies there is not valid. */
int arch_user_fxsave(void *area);
int arch_user_fxrstor(const void *area);
int arch_user_xsave(void *area, uint64_t mask);
int arch_user_xrstor(const void *area, uint64_t mask);

#endif
