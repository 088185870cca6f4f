/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dispatch of register accesses.  A linear search: a machine has a dozen
 * ranges, and the busiest are added first.  Knows no device.
 */
#include "vmm/bus/bus.h"

#include <errno.h>
#include <stddef.h>

int bus_add(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops, void *device)
{
    if (bus->count == BUS_RANGES_MAX) {
        return -ENOSPC;
    }
    for (unsigned int i = 0; i < bus->count; i++) {
        const struct bus_range *range = &bus->ranges[i];

        if (base < range->base + range->size && range->base < base + size) {
            return -EEXIST;
        }
    }
    bus->ranges[bus->count++] =
        (struct bus_range){.base = base, .size = size, .ops = ops, .device = device};
    return 0;
}

static const struct bus_range *find(const struct bus *bus, uint64_t address, unsigned int size)
{
    for (unsigned int i = 0; i < bus->count; i++) {
        const struct bus_range *range = &bus->ranges[i];

        if (address >= range->base && size <= range->size &&
            address - range->base <= range->size - size) {
            return range;
        }
    }
    return NULL;
}

bool bus_read(const struct bus *bus, uint64_t address, unsigned int size, uint64_t *value)
{
    const struct bus_range *range = find(bus, address, size);

    *value = UINT64_MAX;
    if (range == NULL) {
        return false;
    }
    *value = range->ops->read(range->device, address - range->base, size);
    return true;
}

bool bus_write(const struct bus *bus, uint64_t address, unsigned int size, uint64_t value)
{
    const struct bus_range *range = find(bus, address, size);

    if (range == NULL) {
        return false;
    }
    range->ops->write(range->device, address - range->base, size, value);
    return true;
}
