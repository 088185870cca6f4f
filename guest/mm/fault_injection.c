/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocations that fail on purpose, for tests.  Counts; knows no allocator. */
#include "mm/page_alloc.h"

/* 0: off.  Not exact when several CPUs allocate at once: which one fails does not matter. */
static uint64_t fail_after __attribute__((section(".bss.hot.fail")));

bool page_should_fail(void)
{
    if (LIKELY(fail_after == 0))
        return false;
    return --fail_after == 0;
}

void page_fault_injection(uint64_t nth)
{
    fail_after = nth;
}
