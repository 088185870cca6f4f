/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate of an address space (vma.h): faults pass it in any number, who changes
 * areas closes it.  Nobody sleeps inside, so whoever closes it waits by spinning.
 */
#include "mm/mm_internal.h"

void gate_leave(struct mm *mm)
{
    atomic_fetch_sub_explicit(&mm->gate, 1, memory_order_release);
}

void gate_enter(struct mm *mm)
{
    if (LIKELY(!(atomic_fetch_add_explicit(&mm->gate, 1, memory_order_acquire) & MM_GATE_CLOSED)))
        return;
    gate_leave(mm);
    mutex_lock(&mm->lock); /* who holds it, and has not closed the gate, finds it open */
    atomic_fetch_add_explicit(&mm->gate, 1, memory_order_acquire);
    mutex_unlock(&mm->lock);
}

void mm_change_begin(struct mm *mm)
{
    mutex_lock(&mm->lock);
    atomic_fetch_or(&mm->gate, MM_GATE_CLOSED);
    while (atomic_load_explicit(&mm->gate, memory_order_acquire) != MM_GATE_CLOSED)
        spin_poll();
}

void mm_change_end(struct mm *mm)
{
    atomic_fetch_and_explicit(&mm->gate, ~MM_GATE_CLOSED, memory_order_release);
    mutex_unlock(&mm->lock);
}
