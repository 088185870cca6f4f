/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An address space of device registers (I/O ports, or MMIO): ranges, each with
 * a device behind it.  Filled by machine.c before the VM runs, constant
 * afterwards, so look-ups need no lock; devices lock themselves.
 */
#ifndef VMM_BUS_BUS_H
#define VMM_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct bus_ops {
    /* offset: from the range's base; size: 1, 2, 4 or 8; never crosses the range's end. */
    uint64_t (*read)(void *device, uint64_t offset, unsigned int size);
    void (*write)(void *device, uint64_t offset, unsigned int size, uint64_t value);
};

struct bus_range {
    uint64_t base, size;
    const struct bus_ops *ops;
    void *device;
};

#define BUS_RANGES_MAX 40u

struct bus {
    unsigned int count;
    struct bus_range ranges[BUS_RANGES_MAX];
};

/* -ENOSPC when full, -EEXIST when it overlaps another range. */
int bus_add(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops, void *device);
/* false: nobody is there (read: *value is all ones). */
bool bus_read(const struct bus *bus, uint64_t address, unsigned int size, uint64_t *value);
bool bus_write(const struct bus *bus, uint64_t address, unsigned int size, uint64_t value);

#endif
