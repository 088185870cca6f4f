/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space of bytes with BARs that can be sized; mappings that ASan watches. */
#include "unit/pci_host.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arch/boot_info.h"
#include "arch/spinlock.h"
#include "drivers/virtio/virtio.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"
#include "mm/slab.h"

struct host_function host_functions[HOST_FUNCTIONS_MAX];
unsigned int host_function_count;
struct host_mapping host_mappings[HOST_MAPPINGS_MAX];
unsigned int host_mapping_count;
unsigned int host_reads, host_log_lines, host_messages, host_messages_max = 64;
irq_handler *host_line_handler;
void *host_line_arg;
struct acpi_ecam host_ecam;
struct boot_info boot_info;

struct host_function *host_add(pci_address address, uint32_t id)
{
    struct host_function *function = &host_functions[host_function_count++];
    *function = (struct host_function){.address = address};
    host_put32(function, PCI_ID, id);
    return function;
}

void host_put32(struct host_function *function, unsigned int at, uint32_t value)
{
    memcpy(function->config + at, &value, sizeof(value));
}

void host_put8(struct host_function *function, unsigned int at, uint8_t value)
{
    function->config[at] = value;
}

uint8_t *host_at(uint64_t address)
{
    for (unsigned int i = host_mapping_count; i-- > 0;) {
        if (address - host_mappings[i].address < host_mappings[i].size)
            return host_mappings[i].memory + (address - host_mappings[i].address);
    }
    return NULL;
}

void host_reset(void)
{
    for (unsigned int i = 0; i < host_mapping_count; i++)
        free(host_mappings[i].memory);
    host_mapping_count = host_function_count = 0;
    host_reads = host_log_lines = host_messages = 0;
    host_messages_max = 64;
    host_line_handler = NULL;
}

static struct host_function *find(pci_address address)
{
    for (unsigned int i = 0; i < host_function_count; i++) {
        if (host_functions[i].address == address && !host_functions[i].gone)
            return &host_functions[i];
    }
    return NULL;
}

bool pci_config_init(void)
{
    return true;
}

bool acpi_find_ecam(struct acpi_ecam *ecam)
{
    *ecam = host_ecam;
    return ecam->address != 0;
}

uint32_t pci_read(pci_address address, unsigned int offset)
{
    const struct host_function *function = find(address);
    uint32_t value = UINT32_MAX;
    host_reads++;
    if (offset % 4 != 0 || offset > 252)
        abort();
    if (function != NULL)
        memcpy(&value, function->config + offset, sizeof(value));
    return value;
}

/* What cannot be set in a BAR: flags, and the address bits below its size. */
static uint32_t settable(const struct host_function *function, unsigned int bar)
{
    if (function->bar_size[bar] != 0)
        return (uint32_t)-function->bar_size[bar] & ~15u;
    bool upper = bar > 0 && (function->config[PCI_BAR0 + (bar - 1) * 4] & 6) == 4;
    return upper ? (uint32_t)(-function->bar_size[bar - 1] >> 32) : 0;
}

void pci_write(pci_address address, unsigned int offset, uint32_t value)
{
    struct host_function *function = find(address);
    uint32_t old = pci_read(address, offset), mask = UINT32_MAX;
    if (function == NULL)
        return;
    if (offset >= PCI_BAR0 && offset < PCI_BAR0 + PCI_BARS * 4)
        mask = settable(function, (offset - PCI_BAR0) / 4);
    else if (offset == PCI_COMMAND)
        mask = 0xffff;
    host_put32(function, offset, (value & mask) | (old & ~mask));
}

/* ---- the kernel around them ------------------------------------------------ */

void *paging_map_device(paddr_t pa, uint64_t size)
{
    if (host_mapping_count == HOST_MAPPINGS_MAX)
        return NULL;
    struct host_mapping *mapping = &host_mappings[host_mapping_count++];
    *mapping = (struct host_mapping){pa.raw, size, calloc(1, size)};
    return mapping->memory;
}

void *kzalloc(size_t size)
{
    return calloc(1, size);
}

void kfree(void *ptr)
{
    free(ptr);
}

paddr_t virt_to_phys(const void *ptr)
{
    return PADDR((uint64_t)ptr);
}

void klog(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
    host_log_lines++;
}

void spin_lock_slow(struct spinlock *lock)
{
    (void)lock;
    abort();
}

int irq_register_message(irq_handler *handler, void *arg, uint64_t *address, uint32_t *data)
{
    (void)handler;
    (void)arg;
    if (host_messages == host_messages_max)
        return -ENOSPC;
    *address = 0xfee00000;
    *data = 0xb0 + host_messages++;
    return 0;
}

int irq_register_level(unsigned int gsi, irq_handler *handler, void *arg)
{
    (void)gsi;
    host_line_handler = handler;
    host_line_arg = arg;
    return 0;
}

void virtio_interrupt(void *arg)
{
    struct virtio_device *dev = arg;
    uint32_t what = dev->transport->interrupt(dev);
    if (what != 0)
        dev->handler(dev->handler_arg, what);
}
