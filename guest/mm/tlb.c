/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUs remember of page tables: loading an address space and making the
 * TLBs forget.  Intel SDM 3A, 4.10.  The only part of the user half of mm/
 * that needs the real CPU.
 */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "lib/panic.h"
#include "mm/page_table.h"

/* Above this a reload of CR3 is cheaper than page after page. */
#define FLUSH_PAGES_MAX 32u

static void (*remote_flush)(uint64_t cpus, struct mm *mm, uint64_t start, uint64_t end);

void tlb_set_remote_flush(void (*flush)(uint64_t cpus, struct mm *mm, uint64_t start, uint64_t end))
{
    remote_flush = flush;
}

struct mm *current_mm(void)
{
    return this_cpu()->active_mm;
}

void mm_activate(struct mm *mm)
{
    struct percpu *cpu = this_cpu();
    struct mm *old = cpu->active_mm;

    if (old == mm && mm)
        return;
    /* Seen before the tables are used: a flush elsewhere must not miss this CPU. */
    if (mm)
        atomic_fetch_or(&mm->cpu_mask, 1ul << cpu->cpu);
    write_cr3(mm ? mm->root.raw : kernel_root.raw);
    cpu->active_mm = mm;
    if (old && old != mm)
        atomic_fetch_and(&old->cpu_mask, ~(1ul << cpu->cpu));
}

void tlb_flush_local(uint64_t start, uint64_t end)
{
    if ((end - start) / PAGE_SIZE > FLUSH_PAGES_MAX) {
        write_cr3(read_cr3());
        return;
    }
    for (uint64_t address = start; address < end; address += PAGE_SIZE)
        invlpg(address);
}

void tlb_flush_range(struct mm *mm, uint64_t start, uint64_t end)
{
    struct percpu *cpu = this_cpu();

    if (cpu->active_mm == mm)
        tlb_flush_local(start, end);
    if (!remote_flush)
        return;
    /* The entries are written before the mask is read: see mm_activate(). */
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t others = atomic_load(&mm->cpu_mask) & ~(1ul << cpu->cpu);
    if (others)
        remote_flush(others, mm, start, end);
}

bool tlb_is_shared(const struct mm *mm)
{
    return atomic_load(&mm->cpu_mask) & ~(1ul << this_cpu()->cpu);
}

void tlb_drop_lazy(struct mm *mm)
{
    /* Each of them is idle, and what a shootdown does there is to let go. */
    if (atomic_load(&mm->cpu_mask) & ~(1ul << this_cpu()->cpu))
        tlb_flush_range(mm, 0, PAGE_SIZE);
    ASSERT(!(atomic_load(&mm->cpu_mask) & ~(1ul << this_cpu()->cpu)));
}
