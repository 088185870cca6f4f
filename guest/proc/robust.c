/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Robust futexes, set_robust_list(2): a thread that dies with locks held marks
 * them, so that the next owner can repair.  The list lies in the program's memory
 * and is not to be believed: its length is bounded, faults end the walk.
 */
#include "lib/errno.h"
#include "mm/uaccess.h"
#include "proc/process.h"
#include "sched/futex.h"
#include "syscall/linux_abi.h"

#define ROBUST_LIST_LIMIT 2048u
#define ROBUST_PI 1ul /* in an entry's lowest bit: a priority-inheriting lock */

static bool mark(struct task *task, uint64_t address, bool pi, bool pending)
{
    uint32_t word, seen;

    if (address & 3)
        return false;
    if (get_user_u32(&word, UADDR(address)))
        return false;
    /* Died between unlocking and taking the entry off: others may wait for a wake. */
    if (pending && !pi && !word) {
        futex_wake(UADDR(address), true, 1, UINT32_MAX);
        return true;
    }
    while ((word & FUTEX_TID_MASK) == (uint32_t)task->tid) {
        uint32_t dead = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;

        if (user_cmpxchg_u32(UADDR(address), word, dead, &seen))
            return false;
        if (seen == word) {
            if (!pi && (word & FUTEX_WAITERS))
                futex_wake(UADDR(address), true, 1, UINT32_MAX);
            return true;
        }
        word = seen;
    }
    return true;
}

void robust_list_exit(struct task *task)
{
    struct linux_robust_list_head head;
    uint64_t list = task->robust_list.raw, entry;

    if (!list || copy_from_user(&head, UADDR(list), sizeof(head)))
        return;
    task->robust_list = UADDR(0);
    entry = head.next;
    for (unsigned int i = 0; i < ROBUST_LIST_LIMIT && (entry & ~ROBUST_PI) != list; i++) {
        uint64_t here = entry & ~ROBUST_PI, next;
        bool readable = get_user_u64(&next, UADDR(here)) == 0;

        if (here != (head.pending & ~ROBUST_PI) &&
            !mark(task, here + (uint64_t)head.futex_offset, entry & ROBUST_PI, false))
            return;
        if (!readable)
            return;
        entry = next;
    }
    if (head.pending & ~ROBUST_PI)
        mark(task, (head.pending & ~ROBUST_PI) + (uint64_t)head.futex_offset,
             head.pending & ROBUST_PI, true);
}
