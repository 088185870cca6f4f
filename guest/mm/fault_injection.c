/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocations that fail on purpose, in debug builds: /proc/vmm/fail_nth sets it, and
 * tests/hostile/no_memory.c uses it.  Counts; knows no allocator.
 */
#include "mm/page_alloc.h"

#if DEBUG_LOCKS

/* 0: off.  Not exact when several CPUs allocate at once: which one fails does not matter. */
static atomic_ulong fail_after;

bool page_should_fail(void)
{
    if (LIKELY(atomic_load_explicit(&fail_after, memory_order_relaxed) == 0))
        return false;
    return atomic_fetch_sub(&fail_after, 1) == 1;
}

void page_fault_injection(uint64_t nth)
{
    atomic_store(&fail_after, nth);
}

uint64_t page_fault_injection_left(void)
{
    return atomic_load(&fail_after);
}

#endif
