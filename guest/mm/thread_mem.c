/* SPDX-License-Identifier: BSD-2-Clause */
/* Guarded kernel stacks and FPU areas. */
#include "mm/thread_mem.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"
#include "mm/slab.h"

/*
 * The first few lie in the kernel's own image span, where their pages need no new
 * page table (linker/guest.ld: the last one's top among what every boot touches);
 * guard pages below them are unmapped by paging_init().  Later ones live in a
 * range of their own, a guard page apart.
 */
#define STACK_SLOT (KERNEL_STACK_SIZE + PAGE_SIZE)
#define STACK_AREA_BASE 0xffffffffd0000000ul
#define STACK_AREA_SLOTS 8192u

static struct spinlock stack_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static uint32_t early_used; /* bit per early stack */
static uint32_t next_slot; /* never used from here on */
static uint64_t free_stacks; /* linked through their topmost word */

void *kernel_stack_alloc(void)
{
    spin_lock(&stack_lock);
    for (unsigned int i = EARLY_STACKS; i-- > 0;) {
        if (!(early_used & (1u << i))) {
            early_used |= 1u << i;
            spin_unlock(&stack_lock);
            return early_stacks[i] + STACK_SLOT;
        }
    }
    if (free_stacks) {
        uint64_t top = free_stacks;
        free_stacks = *(uint64_t *)(top - 8);
        spin_unlock(&stack_lock);
        return (void *)top;
    }
    uint64_t base = 0;
    if (next_slot < STACK_AREA_SLOTS)
        base = STACK_AREA_BASE + (uint64_t)next_slot++ * STACK_SLOT;
    spin_unlock(&stack_lock);
    if (!base)
        return NULL;
    if (page_should_fail() || paging_map_kernel(base + PAGE_SIZE, KERNEL_STACK_SIZE) != 0)
        return NULL;
    return (void *)(base + STACK_SLOT);
}

void kernel_stack_free(void *stack_top)
{
    uint64_t top = (uint64_t)stack_top;
    uint64_t early = (uint64_t)early_stacks;

    spin_lock(&stack_lock);
    if (top > early && top <= (uint64_t)early_stacks_end) {
        early_used &= ~(1u << ((top - early) / STACK_SLOT - 1));
    } else {
        *(uint64_t *)(top - 8) = free_stacks;
        free_stacks = top;
    }
    spin_unlock(&stack_lock);
}

/*
 * kmalloc aligns to 16 only, so an area is allocated with room to align it to 64;
 * the byte before the area holds the distance.
 */
void *fpu_alloc(void)
{
    uint8_t *raw = kmalloc(cpu_features.xsave_size + 64);

    if (!raw)
        return NULL;
    uint8_t *area = (uint8_t *)ALIGN_UP((uint64_t)raw + 1, 64ul);
    area[-1] = (uint8_t)(area - raw);
    fpu_init_area(area);
    return area;
}

void fpu_free(void *area)
{
    uint8_t *bytes = area;

    if (bytes)
        kfree(bytes - bytes[-1]);
}
