/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the page that the vDSO reads in step with the clock. */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "arch/vdso.h"
#include "arch/vdso/vvar.h"

#define NS_PER_S 1000000000ul

union vvar_page {
    struct vvar data;
    uint8_t bytes[PAGE_SIZE];
};

static union vvar_page page __attribute__((section(".bss..page_aligned"), aligned(4096)));
static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static bool filled;

static void publish(struct vvar *vvar)
{
    vvar->flags = VVAR_CLOCK_TSC; /* always: the page's first touch is a write */
    vvar->sequence++;
    atomic_thread_fence(memory_order_seq_cst); /* odd before any field changes */
    vvar->tsc_base = clock_params.tsc_base;
    uint64_t mult = clock_params.mult, shift = clock_params.shift;
    vvar->ns_whole = mult >> shift;
    vvar->ns_part = shift ? mult << (64 - shift) : 0; /* what is whole falls off the top */
    vvar->wall_seconds = clock_params.wall_base_ns / NS_PER_S;
    vvar->wall_ns = clock_params.wall_base_ns % NS_PER_S;
    vvar->getcpu = cpu_features.rdpid    ? VVAR_GETCPU_RDPID
                   : cpu_features.rdtscp ? VVAR_GETCPU_RDTSCP
                                         : VVAR_GETCPU_SYSCALL;
    atomic_thread_fence(memory_order_seq_cst); /* even after all of them have */
    vvar->sequence++;
}

const void *vdso_vvar_page(void)
{
    spin_lock(&lock);
    if (!filled) {
        publish(&page.data);
        filled = true;
    }
    spin_unlock(&lock);
    return &page;
}

void vdso_update_clock(void)
{
    spin_lock(&lock);
    /* Before the first program there is nobody to see it. */
    if (filled)
        publish(&page.data);
    spin_unlock(&lock);
}
