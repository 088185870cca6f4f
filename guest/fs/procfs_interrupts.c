/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/interrupts, proc(5): what the drivers tell, and what CPUs count of their own. */
#include "arch/percpu.h"
#include "arch/smp.h"
#include "fs/procfs_internal.h"

static int (*next_interrupt)(unsigned int index, struct interrupt_shown *interrupt);

void procfs_set_interrupt_source(int (*next)(unsigned int index, struct interrupt_shown *interrupt))
{
    next_interrupt = next;
}

static void show_device(struct proc_text *text, const struct interrupt_shown *interrupt)
{
    proc_print(text, "%3u:", interrupt->number);
    for (unsigned int cpu = 0; cpu < smp_cpu_count(); cpu++)
        proc_print(text, " %10lu", cpu == interrupt->cpu ? interrupt->count : 0ul);
    proc_print(text, "  %s %3u-%-8s device\n", interrupt->message ? "PCI-MSIX" : "IO-APIC",
               interrupt->number, interrupt->level ? "fasteoi" : "edge");
}

static void show_local(struct proc_text *text, unsigned int kind, const char *name,
                       const char *meaning)
{
    proc_print(text, "%s:", name);
    for (unsigned int cpu = 0; cpu < smp_cpu_count(); cpu++) {
        const struct percpu *counts = percpu_of[cpu];

        proc_print(text, " %10lu",
                   counts ? __atomic_load_n(&counts->local_irqs[kind], __ATOMIC_RELAXED) : 0ul);
    }
    proc_print(text, "   %s\n", meaning);
}

int proc_interrupts(struct proc_text *text, const struct procfs_process *process)
{
    struct interrupt_shown interrupt;
    int found;

    (void)process;
    proc_print(text, "    ");
    for (unsigned int cpu = 0; cpu < smp_cpu_count(); cpu++)
        proc_print(text, "       CPU%-1u", cpu);
    proc_print(text, "\n");
    for (unsigned int i = 0; next_interrupt && (found = next_interrupt(i, &interrupt)) >= 0; i++)
        if (found)
            show_device(text, &interrupt);
    show_local(text, 0, "LOC", "Local timer interrupts");
    show_local(text, 1, "RES", "Rescheduling interrupts");
    show_local(text, 2, "TLB", "TLB shootdowns");
    return 0;
}
