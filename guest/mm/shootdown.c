/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdowns: one CPU makes others forget translations and waits until they have.
 *
 * Each CPU has one request of its own (it waits for its end, so it never needs two)
 * and a word of bits: who asks it.  Asking: fill the request, set `waiting` to the CPUs
 * asked, set the own bit in each one's word, interrupt those whose word was empty.
 * Serving: take the whole word, carry each request out, take the own bit out of its
 * `waiting`; after that the request is not touched any more.
 *
 * The kernel runs with interrupts disabled, so whoever waits for another CPU serves
 * requests meanwhile (spin_poll): two CPUs may ask each other, and a CPU may ask while
 * it holds a lock that the other one spins for.
 */
#include "arch/apic.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/spinlock.h"
#include "arch/trap.h"
#include "lib/panic.h"
#include "mm/vma.h"

static struct request {
    atomic_ulong waiting; /* CPUs that have not served it yet */
    struct mm *mm;
    uint64_t start, end;
    atomic_ulong asked_by; /* the other direction: whose requests this CPU has to serve */
} __attribute__((aligned(64))) requests[GUEST_CPUS_MAX] LARGE_BSS;

static void serve(const struct request *request)
{
    struct percpu *cpu = this_cpu();

    if (cpu->active_mm != request->mm)
        return; /* it has loaded other tables since: nothing is left */
    /* No thread of that program runs here: not to be asked again is worth more. */
    if (cpu->current == cpu->idle)
        mm_activate(NULL);
    else
        tlb_flush_local(request->start, request->end);
}

void tlb_serve_shootdowns(void)
{
    unsigned int cpu = this_cpu()->cpu;
    struct request *mine = &requests[cpu];

    if (LIKELY(!atomic_load_explicit(&mine->asked_by, memory_order_relaxed)))
        return;
    unsigned long askers = atomic_exchange(&mine->asked_by, 0);
    while (askers) {
        struct request *request = &requests[__builtin_ctzl(askers)];
        askers &= askers - 1;
        serve(request);
        atomic_fetch_and(&request->waiting, ~(1ul << cpu));
    }
}

static void shoot_down(uint64_t cpus, struct mm *mm, uint64_t start, uint64_t end)
{
    unsigned int cpu = this_cpu()->cpu;
    struct request *mine = &requests[cpu];

    ASSERT(!atomic_load(&mine->waiting));
    mine->mm = mm;
    mine->start = start;
    mine->end = end;
    atomic_store(&mine->waiting, cpus);
    for (uint64_t left = cpus; left; left &= left - 1) {
        unsigned int target = (unsigned int)__builtin_ctzl(left);
        if (!atomic_fetch_or(&requests[target].asked_by, 1ul << cpu))
            apic_send_ipi(target, TRAP_VECTOR_TLB);
    }
    while (atomic_load(&mine->waiting))
        spin_poll();
}

void tlb_start_shootdowns(void)
{
    spin_set_poll(tlb_serve_shootdowns);
    tlb_set_remote_flush(shoot_down);
}
