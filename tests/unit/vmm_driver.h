/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio driver for tests: builds rings in the memory of a guest that has no
 * processor, good ones and bad ones alike.
 */
#ifndef TESTS_UNIT_VMM_DRIVER_H
#define TESTS_UNIT_VMM_DRIVER_H

#include <linux/virtio_ring.h>
#include <string.h>

#include "vmm/mem/guest_mem.h"

#define DRIVER_RAM (16ull << 20)
#define DRIVER_DESC 0x10000ull
#define DRIVER_AVAIL 0x11000ull
#define DRIVER_USED 0x12000ull
#define DRIVER_TABLE 0x13000ull /* indirect descriptors */
#define DRIVER_DATA 0x20000ull
#define DRIVER_QUEUE_BYTES 0x100000ull /* distance of one queue's area from the next */
#define DRIVER_SIZE 16u

struct driver {
    struct guest_mem *mem;
    uint64_t base; /* of this queue's area */
    uint16_t avail, used;
};

static inline void *driver_at(const struct driver *driver, uint64_t gpa)
{
    return guest_mem_at(driver->mem, driver->base + gpa, 1);
}

static inline void driver_desc(struct driver *driver, unsigned int index, uint64_t gpa,
                               uint32_t length, uint16_t flags, uint16_t next)
{
    struct vring_desc *desc = driver_at(driver, DRIVER_DESC);

    desc[index] = (struct vring_desc){.addr = gpa, .len = length, .flags = flags, .next = next};
}

static inline void driver_offer(struct driver *driver, uint16_t head)
{
    uint16_t *avail = driver_at(driver, DRIVER_AVAIL);

    avail[2 + driver->avail % DRIVER_SIZE] = head;
    driver->avail++;
    avail[1] = driver->avail;
}

/* The next used element: 1 and its fields, or 0. */
static inline int driver_take(struct driver *driver, uint32_t *id, uint32_t *length)
{
    uint8_t *used = driver_at(driver, DRIVER_USED);
    struct vring_used_elem element;
    uint16_t index;

    memcpy(&index, used + 2, sizeof(index));
    if (index == driver->used) {
        return 0;
    }
    memcpy(&element, used + 4 + 8 * (driver->used % DRIVER_SIZE), sizeof(element));
    driver->used++;
    *id = element.id;
    *length = element.len;
    return 1;
}

#endif
