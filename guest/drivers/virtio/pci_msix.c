/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of virtio devices on PCI: MSI-X (PCI 3.0, 6.8.2), or a pin as firmware has routed it.
 * Knows no device; pins may be shared by several of them.
 */
#include "drivers/virtio/pci_msix.h"

#include "arch/spinlock.h"
#include "drivers/irq.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/paging.h"

/* Word 0 of the capability: identifier, next, message control. */
#define CONTROL_SIZE(word) ((((word) >> 16) & 0x7ffu) + 1)
#define CONTROL_MASK_ALL 0x40000000u
#define CONTROL_ENABLE 0x80000000u
#define TABLE_PLACE 4u /* offset, and the BAR in the lowest three bits */
#define TABLE_BAR 7u

struct table_entry {
    uint32_t address_low, address_high, data, control;
};
_Static_assert(sizeof(struct table_entry) == 16, "PCI 6.8.2");
#define ENTRY_MASKED 1u

/* ---- messages ------------------------------------------------------------- */

static bool find_table(struct virtio_pci *pci, unsigned int count)
{
    uint32_t place = pci_read(pci->address, pci->msix.capability + TABLE_PLACE);
    uint32_t offset = place & ~TABLE_BAR;
    struct pci_bar bar;

    if (!pci_bar_find(pci->address, place & TABLE_BAR, &bar))
        return false;
    if (offset > bar.size || count * sizeof(struct table_entry) > bar.size - offset) {
        klog(LOG_ERR, "virtio: PCI device %04x: its MSI-X table is not in BAR %u", pci->address,
             place & TABLE_BAR);
        return false;
    }
    pci->msix.table_address = bar.address + offset;
    return true;
}

void virtio_pci_find_msix(struct virtio_pci *pci, unsigned int queues)
{
    unsigned int budget = PCI_CAPS_MAX, at = 0;
    uint32_t word = 0;

    do {
        at = pci_next_capability(pci->address, at, &word, &budget);
    } while (at != 0 && (word & 0xffu) != PCI_CAPABILITY_MSIX);
    if (at == 0 || at + 12 > 256)
        return;
    unsigned int count = MIN(CONTROL_SIZE(word), 1 + MIN(queues, VIRTIO_PCI_QUEUES_MAX));
    pci->msix.capability = at;
    if (!find_table(pci, count))
        return;
    pci->msix.count = count;
    pci_write(pci->address, at, word | CONTROL_MASK_ALL | CONTROL_ENABLE);
}

static void queue_message(void *arg)
{
    struct virtio_device *dev = arg;
    dev->handler(dev->handler_arg, VIRTIO_INTERRUPT_USED);
}

static void config_message(void *arg)
{
    struct virtio_device *dev = arg;
    dev->handler(dev->handler_arg, VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
}

static int route_messages(struct virtio_device *dev, struct virtio_pci *pci)
{
    struct msix *msix = &pci->msix;
    volatile struct table_entry *table =
        paging_map_device(PADDR(msix->table_address), msix->count * sizeof(*table));
    bool shared = msix->count == 1;
    uint64_t address = 0;
    uint32_t data = 0;

    if (table == NULL)
        return -ENOMEM;
    for (unsigned int i = 0; i < msix->count; i++) {
        bool config = i == 0 && (dev->wants_config || shared);
        if (i == 0 && !config)
            continue; /* masked since reset */
        int error =
            irq_register_message(config ? config_message : queue_message, dev, &address, &data);
        /* When there are no more, the last of this device serves the other queues, too. */
        if (error != 0 && (error != -ENOSPC || address == 0))
            return error;
        table[i].address_low = (uint32_t)address;
        table[i].address_high = (uint32_t)(address >> 32);
        table[i].data = data;
        table[i].control &= ~ENTRY_MASKED;
    }
    if (dev->wants_config)
        pci->common->config_msix_vector = 0;
    uint32_t word = pci_read(pci->address, msix->capability);
    pci_write(pci->address, msix->capability, (word | CONTROL_ENABLE) & ~CONTROL_MASK_ALL);
    return 0;
}

/* ---- pins ----------------------------------------------------------------- */

static struct spinlock pin_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct virtio_device *_Atomic on_pins; /* grows at its head */

/* A level stays until all who share it have been asked. */
static void pin_interrupt(void *arg)
{
    const struct virtio_device *first = arg;
    struct virtio_device *dev = atomic_load_explicit(&on_pins, memory_order_acquire);

    for (; dev != NULL; dev = ((struct virtio_pci *)dev->bus)->next_on_pin) {
        if (dev->gsi == first->gsi)
            virtio_interrupt(dev);
    }
}

static int route_pin(struct virtio_device *dev, struct virtio_pci *pci)
{
    uint32_t line = pci_read(pci->address, PCI_INTERRUPT) & 0xffu;
    bool shared = false;

    if (line == 0 || line == 0xffu) /* 6.2.4: unknown; 0 is a PC's timer */
        return -ENODEV;
    dev->gsi = line;
    spin_lock(&pin_lock);
    struct virtio_device *others = atomic_load_explicit(&on_pins, memory_order_relaxed);
    for (struct virtio_device *at = others; at != NULL;
         at = ((struct virtio_pci *)at->bus)->next_on_pin)
        shared |= at->gsi == line;
    pci->next_on_pin = others;
    atomic_store_explicit(&on_pins, dev, memory_order_release);
    spin_unlock(&pin_lock);
    int error = shared ? 0 : irq_register_level(line, pin_interrupt, dev);
    /* Not before: a level that nobody listens to is lost in some controllers, or never falls. */
    if (error == 0)
        pci_enable(pci->address, true);
    return error;
}

int virtio_pci_route(struct virtio_device *dev)
{
    struct virtio_pci *pci = dev->bus;

    return pci->msix.count != 0 ? route_messages(dev, pci) : route_pin(dev, pci);
}
