/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing CPUs up: their memory, the calls, and calling again those that do not come
 * (a monitor may create a CPU after its call went out).  The first CPU prepares and
 * calls; each one then finds its own way to its idle loop, all at the same time.
 */
#include "sched/cpus.h"

#include "arch/apic.h"
#include "arch/boot_info.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/descriptors.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "lib/printf.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"
#include "mm/thread_mem.h"
#include "mm/vma.h"
#include "sched/internal.h"

#define LOW_MEMORY_START 0x10000ul /* below lies what loaders and monitors use */
#define LOW_MEMORY_END 0xa0000ul
#define CALL_AGAIN_MIN_NS 1000000ul
#define CALL_AGAIN_MAX_NS 50000000ul
#define GIVE_UP_NS 20000000000ul

/* A CPU's block: descriptor tables and stacks, and its struct percpu behind the tables. */
#define BLOCK_ORDER 2u
#define PERCPU_OFFSET 1024u
_Static_assert((PAGE_SIZE << BLOCK_ORDER) == DESCRIPTORS_SIZE, "a CPU's block");
_Static_assert(PERCPU_OFFSET + sizeof(struct percpu) <= PAGE_SIZE, "before the stacks");

static struct {
    atomic_bool started;
    unsigned int prepared; /* CPUs that have their memory, the first included */
    atomic_uint expected; /* the same, once all have been called; 0 before */
    uint64_t since_ns, pause_ns;
    struct timer timer; /* looks for those that did not come */
    struct wait_queue all_there;
    atomic_bool settled; /* all run, or were given up */
} bring_up;

static bool all_online(void)
{
    return atomic_load(&cpus_online) == atomic_load(&bring_up.expected);
}

static void settle(void)
{
    /* What programs are told from now on: the CPUs that are really there. */
    atomic_store(&cpus_present, atomic_load(&cpus_online));
    atomic_store(&bring_up.settled, true);
    wake_all(&bring_up.all_there, 0);
}

/* ---- on the new CPU ---- */

static void ap_main(unsigned int cpu)
{
    cpu_init_this(cpu);
    mm_activate(NULL); /* leaves the tables in low memory */
    apic_init_this_cpu();
    sched_start_cpu();
    atomic_fetch_or(&cpus_online_mask, 1ul << cpu);
    atomic_fetch_add(&cpus_online, 1);
    if (all_online())
        settle();
    sched_idle_loop();
}

/* ---- on the first one ---- */

/* Room for the real-mode page and three page tables, in memory that nobody else manages. */
static bool find_low_memory(paddr_t *pa)
{
    const uint64_t size = PAGE_SIZE + PAGING_LOW_TABLES_SIZE;

    for (uint32_t i = 0; i < boot_info.ram_count; i++) {
        uint64_t start = MAX(boot_info.ram[i].start, LOW_MEMORY_START);
        uint64_t end = MIN(boot_info.ram[i].end, LOW_MEMORY_END);
        if (start < end && end - start >= size) {
            *pa = PADDR(end - size);
            return true;
        }
    }
    return false;
}

static bool prepare_cpu(unsigned int cpu, uint32_t apic_id)
{
    paddr_t pa;
    void *stack = kernel_stack_alloc();

    if (!stack || !page_alloc(BLOCK_ORDER, PAGE_ZERO, &pa)) {
        if (stack)
            kernel_stack_free(stack);
        return false;
    }
    leaks_keep(phys_to_virt(pa));
    struct percpu *percpu = (struct percpu *)((uint8_t *)phys_to_virt(pa) + PERCPU_OFFSET);
    descriptors_prepare(cpu, phys_to_virt(pa));
    percpu->cpu = cpu;
    percpu->apic_id = apic_id;
    if (sched_prepare_cpu(percpu, stack) != 0) {
        kernel_stack_free(stack);
        page_put(pa);
        return false;
    }
    leaks_keep(phys_to_virt(pa));
    percpu_of[cpu] = percpu;
    smp_prepare(cpu, apic_id, (uint64_t)stack);
    return true;
}

/* Numbers follow ACPI's order, but for the CPU that booted, which is 0. */
static void prepare_and_call(void)
{
    uint32_t own = smp_own_apic_id();

    percpu_of[0]->apic_id = own;
    for (unsigned int i = 0; i < apic_config.cpu_count; i++) {
        uint32_t id = apic_config.cpu_apic_ids[i];
        if (id == own || bring_up.prepared == GUEST_CPUS_MAX)
            continue;
        if (!prepare_cpu(bring_up.prepared, id)) {
            klog(LOG_WARNING, "no memory for CPU %u", bring_up.prepared);
            break;
        }
        smp_call(bring_up.prepared++);
    }
}

static void look_again(struct timer *timer)
{
    uint64_t now = clock_ns();

    if (atomic_load(&bring_up.settled))
        return;
    if (now - bring_up.since_ns > GIVE_UP_NS) {
        for (unsigned int cpu = 1; cpu < bring_up.prepared; cpu++)
            if (!(atomic_load(&cpus_online_mask) >> cpu & 1))
                klog(LOG_WARNING, "CPU %u did not start (%s)", cpu,
                     smp_has_come(cpu) ? "it came, but no further" : "it did not come");
        settle();
        return;
    }
    for (unsigned int cpu = 1; cpu < bring_up.prepared; cpu++)
        if (!(atomic_load(&cpus_online_mask) >> cpu & 1))
            smp_call_again(cpu);
    bring_up.pause_ns = MIN(bring_up.pause_ns * 3 / 2, CALL_AGAIN_MAX_NS);
    timer_arm(timer, now + bring_up.pause_ns);
}

static void start_all(void)
{
    paddr_t low;

    wait_queue_init(&bring_up.all_there);
    bring_up.prepared = 1;
    if (smp_cpu_count() > 1 && find_low_memory(&low)) {
        paddr_t tables = PADDR(low.raw + PAGE_SIZE);
        smp_install(low, phys_to_virt(low), (uint32_t)paging_build_low_tables(tables).raw);
        smp_set_main(ap_main);
        tlb_start_shootdowns();
        prepare_and_call();
    }
    if (bring_up.prepared == 1) {
        settle();
        return;
    }
    atomic_store(&bring_up.expected, bring_up.prepared);
    if (all_online()) {
        settle();
        return;
    }
    bring_up.since_ns = clock_ns();
    bring_up.pause_ns = CALL_AGAIN_MIN_NS;
    timer_init(&bring_up.timer, look_again);
    timer_arm(&bring_up.timer, bring_up.since_ns + bring_up.pause_ns);
}

void cpus_bring_up(void)
{
    if (LIKELY(atomic_load_explicit(&bring_up.started, memory_order_relaxed)))
        return;
    if (!atomic_exchange(&bring_up.started, true))
        start_all();
}

void cpus_wait_all(void)
{
    cpus_bring_up();
    if (LIKELY(atomic_load(&bring_up.settled)))
        return;
    struct wait_entry entry;
    wait_begin(&bring_up.all_there, &entry);
    while (!atomic_load(&bring_up.settled)) {
        wait_sleep_uninterruptible(WAIT_FOREVER);
        wait_again(&bring_up.all_there, &entry);
    }
    wait_end(&bring_up.all_there, &entry);
}
