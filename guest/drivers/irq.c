/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of device interrupt handlers.  Knows no device; routes through arch/apic.h. */
#include "drivers/irq.h"

#include "arch/apic.h"
#include "arch/percpu.h"
#include "arch/spinlock.h"
#include "arch/trap.h"
#include "drivers/acpi.h"
#include "lib/errno.h"

struct irq_entry {
    _Atomic(irq_handler *) handler; /* written last: whoever sees it sees arg */
    void *arg;
    uint32_t count; /* by the one CPU that gets it */
    uint8_t cpu;
    bool level;
};

_Static_assert(TRAP_VECTOR_IRQ_BASE + IRQ_ENTRIES <= TRAP_VECTOR_TIMER, "vectors of devices");

/* By vector: the lines of interrupt controllers, and behind them messages. */
static struct irq_entry entries[IRQ_ENTRIES] LARGE_BSS;
static unsigned int message_count;
static struct spinlock irq_lock = SPINLOCK_INIT(LOCK_RANK_ANY);

static int register_line(unsigned int gsi, irq_handler *handler, void *arg, bool level)
{
    if (gsi >= IRQ_GSI_MAX)
        return -EINVAL;
    spin_lock(&irq_lock);
    struct irq_entry *entry = &entries[gsi];
    bool taken = atomic_load_explicit(&entry->handler, memory_order_relaxed) != NULL;
    if (!taken) {
        entry->arg = arg;
        entry->cpu = (uint8_t)this_cpu()->cpu;
        entry->level = level;
        atomic_store_explicit(&entry->handler, handler, memory_order_release);
    }
    spin_unlock(&irq_lock);
    if (taken)
        return -EBUSY;
    acpi_load_apic_config();
    int error = ioapic_enable(gsi, level, level && acpi_line_is_low(gsi));
    if (error != 0)
        atomic_store_explicit(&entry->handler, NULL, memory_order_relaxed);
    return error;
}

int irq_register(unsigned int gsi, irq_handler *handler, void *arg)
{
    return register_line(gsi, handler, arg, false);
}

int irq_register_level(unsigned int gsi, irq_handler *handler, void *arg)
{
    return register_line(gsi, handler, arg, true);
}

int irq_register_message(irq_handler *handler, void *arg, uint64_t *address, uint32_t *data)
{
    int error = -ENOSPC;
    acpi_load_apic_config();
    spin_lock(&irq_lock);
    if (message_count < IRQ_MSI_MAX) {
        unsigned int index = IRQ_GSI_MAX + message_count;
        error = apic_message(TRAP_VECTOR_IRQ_BASE + index, address, data);
        if (error == 0) {
            message_count++;
            entries[index].arg = arg;
            entries[index].cpu = (uint8_t)this_cpu()->cpu;
            atomic_store_explicit(&entries[index].handler, handler, memory_order_release);
        }
    }
    spin_unlock(&irq_lock);
    return error;
}

bool irq_dispatch(unsigned int vector)
{
    unsigned int index = vector - TRAP_VECTOR_IRQ_BASE;
    if (vector < TRAP_VECTOR_IRQ_BASE || index >= IRQ_ENTRIES)
        return false;
    irq_handler *handler = atomic_load_explicit(&entries[index].handler, memory_order_acquire);
    if (handler == NULL)
        return false;
    entries[index].count++;
    handler(entries[index].arg);
    return true;
}

int irq_show(unsigned int index, struct interrupt_shown *shown)
{
    const struct irq_entry *entry = &entries[index];
    if (index >= IRQ_ENTRIES)
        return -1;
    if (!atomic_load_explicit(&entry->handler, memory_order_acquire))
        return 0;
    *shown = (struct interrupt_shown){.number = index,
                                      .cpu = entry->cpu,
                                      .count = __atomic_load_n(&entry->count, __ATOMIC_RELAXED),
                                      .message = index >= IRQ_GSI_MAX,
                                      .level = entry->level};
    return 1;
}
