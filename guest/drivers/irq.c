/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of device interrupt handlers.  Knows no device; routes through arch/apic.h. */
#include "drivers/irq.h"

#include "arch/apic.h"
#include "arch/spinlock.h"
#include "arch/trap.h"
#include "drivers/acpi.h"
#include "lib/errno.h"

struct irq_entry {
    _Atomic(irq_handler *) handler; /* written last: whoever sees it sees arg */
    void *arg;
};

static struct irq_entry entries[IRQ_GSI_MAX] LARGE_BSS;
static struct spinlock irq_lock = SPINLOCK_INIT(LOCK_RANK_ANY);

int irq_register(unsigned int gsi, irq_handler *handler, void *arg)
{
    if (gsi >= IRQ_GSI_MAX)
        return -EINVAL;
    spin_lock(&irq_lock);
    struct irq_entry *entry = &entries[gsi];
    bool taken = atomic_load_explicit(&entry->handler, memory_order_relaxed) != NULL;
    if (!taken) {
        entry->arg = arg;
        atomic_store_explicit(&entry->handler, handler, memory_order_release);
    }
    spin_unlock(&irq_lock);
    if (taken)
        return -EBUSY;
    acpi_load_apic_config();
    int error = ioapic_enable(gsi, false, false);
    if (error != 0)
        atomic_store_explicit(&entry->handler, NULL, memory_order_relaxed);
    return error;
}

bool irq_dispatch(unsigned int vector)
{
    unsigned int gsi = vector - TRAP_VECTOR_IRQ_BASE;
    if (vector < TRAP_VECTOR_IRQ_BASE || gsi >= IRQ_GSI_MAX)
        return false;
    irq_handler *handler = atomic_load_explicit(&entries[gsi].handler, memory_order_acquire);
    if (handler == NULL)
        return false;
    handler(entries[gsi].arg);
    return true;
}
