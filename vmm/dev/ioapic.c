/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IOAPIC registers and delivery.  Knows neither KVM nor the devices.
 */
#include "vmm/dev/ioapic.h"

/* Memory-mapped window (82093AA 3.1). */
#define REG_SELECT 0x00u
#define REG_WINDOW 0x10u
/* Indirect registers (3.2). */
#define IND_ID 0x00u
#define IND_VERSION 0x01u
#define IND_ARBITRATION 0x02u
#define IND_REDIRECTION 0x10u
#define VERSION_VALUE (0x11u | (IOAPIC_PINS - 1) << 16)
#define ID_MASK 0x0f000000u
/* Redirection entry (3.2.4). */
#define REDIR_VECTOR 0xffull
#define REDIR_DELIVERY 0x700ull
#define REDIR_LOGICAL (1ull << 11)
#define REDIR_READ_ONLY (1ull << 12 | 1ull << 14)
#define REDIR_LEVEL (1ull << 15)
#define REDIR_MASKED (1ull << 16)
#define REDIR_DEST_SHIFT 56
/* Message format (Intel SDM 3A, 11.11). */
#define MSI_ADDRESS 0xfee00000ull
#define MSI_DEST_SHIFT 12
#define MSI_LOGICAL (1ull << 2)

void ioapic_init(struct ioapic *ioapic, void (*send)(void *, uint64_t, uint32_t), void *arg)
{
    ioapic->send = send;
    ioapic->arg = arg;
    for (unsigned int i = 0; i < IOAPIC_PINS; i++) {
        atomic_init(&ioapic->redirection[i], REDIR_MASKED);
    }
}

static void deliver(struct ioapic *ioapic, uint64_t entry)
{
    uint64_t address = MSI_ADDRESS | (entry >> REDIR_DEST_SHIFT) << MSI_DEST_SHIFT |
                       ((entry & REDIR_LOGICAL) != 0 ? MSI_LOGICAL : 0);

    ioapic->send(ioapic->arg, address, (uint32_t)(entry & (REDIR_VECTOR | REDIR_DELIVERY)));
}

/* Sends what waited for the pin to be unmasked; whoever clears the bit sends. */
static void deliver_pending(struct ioapic *ioapic, unsigned int pin)
{
    uint64_t entry = atomic_load(&ioapic->redirection[pin]);
    uint32_t bit = 1u << pin;

    if ((entry & REDIR_MASKED) == 0 && (atomic_fetch_and(&ioapic->pending, ~bit) & bit) != 0) {
        deliver(ioapic, entry);
    }
}

void ioapic_set_line(void *controller, unsigned int pin, bool level)
{
    struct ioapic *ioapic = controller;
    uint32_t bit = 1u << (pin % IOAPIC_PINS);
    uint64_t entry;
    uint32_t before;

    if (pin >= IOAPIC_PINS) {
        return;
    }
    if (!level) {
        atomic_fetch_and(&ioapic->lines, ~bit);
        return;
    }
    before = atomic_fetch_or(&ioapic->lines, bit);
    entry = atomic_load(&ioapic->redirection[pin]);
    if ((before & bit) != 0 && (entry & REDIR_LEVEL) == 0) {
        return;
    }
    if ((entry & REDIR_MASKED) == 0) {
        deliver(ioapic, entry);
        return;
    }
    atomic_fetch_or(&ioapic->pending, bit);
    /* The guest may have unmasked it in between and missed the bit. */
    deliver_pending(ioapic, pin);
}

static uint32_t read_indirect(struct ioapic *ioapic, uint32_t index)
{
    uint32_t pin = (index - IND_REDIRECTION) / 2;

    switch (index) {
    case IND_ID:
    case IND_ARBITRATION:
        return atomic_load(&ioapic->id);
    case IND_VERSION:
        return VERSION_VALUE;
    default:
        break;
    }
    if (index < IND_REDIRECTION || pin >= IOAPIC_PINS) {
        return UINT32_MAX;
    }
    return (uint32_t)(atomic_load(&ioapic->redirection[pin]) >> (index % 2 != 0 ? 32 : 0));
}

static void write_redirection(struct ioapic *ioapic, uint32_t index, uint32_t value)
{
    unsigned int pin = (index - IND_REDIRECTION) / 2;
    uint64_t entry = atomic_load(&ioapic->redirection[pin]);
    uint32_t bit = 1u << pin;

    if (index % 2 != 0) {
        entry = (entry & UINT32_MAX) | (uint64_t)value << 32;
    } else {
        entry = (entry & ~(uint64_t)UINT32_MAX) | (value & ~REDIR_READ_ONLY);
    }
    atomic_store(&ioapic->redirection[pin], entry);
    if ((entry & REDIR_LEVEL) != 0 && (atomic_load(&ioapic->lines) & bit) != 0) {
        atomic_fetch_or(&ioapic->pending, bit);
    }
    deliver_pending(ioapic, pin);
}

static uint64_t ioapic_read(void *device, uint64_t offset, unsigned int size)
{
    struct ioapic *ioapic = device;

    if (size != 4) {
        return UINT64_MAX;
    }
    switch (offset) {
    case REG_SELECT:
        return atomic_load(&ioapic->select);
    case REG_WINDOW:
        return read_indirect(ioapic, atomic_load(&ioapic->select));
    default:
        return UINT32_MAX;
    }
}

static void ioapic_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct ioapic *ioapic = device;
    uint32_t index;

    if (size != 4) {
        return;
    }
    if (offset == REG_SELECT) {
        atomic_store(&ioapic->select, (uint32_t)value & 0xff);
        return;
    }
    index = atomic_load(&ioapic->select);
    if (offset != REG_WINDOW) {
        return;
    }
    if (index == IND_ID) {
        atomic_store(&ioapic->id, (uint32_t)value & ID_MASK);
    } else if (index >= IND_REDIRECTION && index < IND_REDIRECTION + 2 * IOAPIC_PINS) {
        write_redirection(ioapic, index, (uint32_t)value);
    }
}

const struct bus_ops ioapic_bus_ops = {.read = ioapic_read, .write = ioapic_write};
