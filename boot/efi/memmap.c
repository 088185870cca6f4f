/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See memmap.h.  All ends of all ranges, sorted, cut memory into pieces that are covered
 * as a whole or not at all; each piece takes the strictest of its covers.
 */
#include "boot/efi/memmap.h"

#define PAGE 4096ull
#define PHYSICAL_END (1ull << 52)
#define LOW_END (1ull << 20)

/* UEFI 2.10, table 7.10, and the attributes of 7.2.3. */
enum {
    EFI_LOADER_CODE = 1,
    EFI_LOADER_DATA = 2,
    EFI_BOOT_CODE = 3,
    EFI_BOOT_DATA = 4,
    EFI_CONVENTIONAL = 7,
    EFI_UNUSABLE = 8,
    EFI_ACPI_RECLAIM = 9,
    EFI_ACPI_NVS = 10,
};
#define EFI_ATTRIBUTE_WRITE_BACK 0x8ull
#define EFI_ATTRIBUTE_SPECIAL 0x40000ull

static uint32_t type_of(const struct memmap_descriptor *d)
{
    switch (d->type) {
    case EFI_LOADER_CODE:
    case EFI_LOADER_DATA:
    case EFI_BOOT_CODE:
    case EFI_BOOT_DATA:
    case EFI_CONVENTIONAL:
        if (!(d->attributes & EFI_ATTRIBUTE_WRITE_BACK) || (d->attributes & EFI_ATTRIBUTE_SPECIAL))
            return PVH_MEM_RESERVED;
        return PVH_MEM_RAM;
    case EFI_UNUSABLE:
        return PVH_MEM_UNUSABLE;
    case EFI_ACPI_RECLAIM:
        return PVH_MEM_ACPI;
    case EFI_ACPI_NVS:
        return PVH_MEM_NVS;
    default:
        return PVH_MEM_RESERVED;
    }
}

/* What allows least counts most. */
static unsigned int strictness(uint32_t type)
{
    switch (type) {
    case PVH_MEM_RAM:
        return 1;
    case PVH_MEM_ACPI:
        return 2;
    case PVH_MEM_NVS:
        return 3;
    case PVH_MEM_RESERVED:
        return 4;
    case PVH_MEM_UNUSABLE:
        return 5;
    default:
        return 0;
    }
}

static void copy_bytes(void *to, const void *from, size_t size)
{
    const uint8_t *in = from;
    uint8_t *out = to;

    while (size--)
        *out++ = *in++;
}

/* One descriptor as a range; false: there is nothing in it that can be believed. */
static bool read_range(const struct memmap_descriptor *d, struct memmap_range *range)
{
    uint64_t pages_max = (PHYSICAL_END - 1) / PAGE;

    range->type = type_of(d);
    if (d->pages == 0 || d->start >= PHYSICAL_END)
        return false;
    bool absurd = d->pages > pages_max || d->start + d->pages * PAGE > PHYSICAL_END;
    uint64_t end = absurd ? PHYSICAL_END : d->start + d->pages * PAGE;
    if (range->type == PVH_MEM_RAM) {
        if (absurd)
            return false;
        range->start = (d->start + PAGE - 1) & ~(PAGE - 1);
        range->end = end & ~(PAGE - 1);
    } else {
        range->start = d->start & ~(PAGE - 1);
        range->end = (end + PAGE - 1) & ~(PAGE - 1);
    }
    return range->start < range->end;
}

/* By insertion: firmware has them in order, or nearly so. */
static void sort_bounds(uint64_t *bounds, unsigned int count)
{
    for (unsigned int i = 1; i < count; i++) {
        uint64_t bound = bounds[i];
        unsigned int at = i;
        for (; at > 0 && bounds[at - 1] > bound; at--)
            bounds[at] = bounds[at - 1];
        bounds[at] = bound;
    }
}

static void sort_ranges(struct memmap_range *ranges, unsigned int count)
{
    for (unsigned int i = 1; i < count; i++) {
        struct memmap_range range = ranges[i];
        unsigned int at = i;
        for (; at > 0 && ranges[at - 1].start > range.start; at--)
            ranges[at] = ranges[at - 1];
        ranges[at] = range;
    }
}

/* Those before *first have ended.  Called with growing addresses. */
static uint32_t type_at(const struct memmap_scratch *s, unsigned int count, uint64_t at,
                        unsigned int *first)
{
    uint32_t type = 0;

    while (*first < count && s->ranges[*first].end <= at)
        ++*first;
    for (unsigned int i = *first; i < count && s->ranges[i].start <= at; i++) {
        const struct memmap_range *range = &s->ranges[i];
        if (at < range->end && strictness(range->type) > strictness(type))
            type = range->type;
    }
    return type;
}

static void remove_entry(struct pvh_memmap_entry *entries, unsigned int *count, unsigned int at)
{
    (*count)--;
    for (unsigned int i = at; i < *count; i++)
        entries[i] = entries[i + 1];
}

static void limit_ram(struct pvh_memmap_entry *entries, unsigned int *count)
{
    for (;;) {
        unsigned int ram = 0, smallest = *count;
        for (unsigned int i = 0; i < *count; i++) {
            if (entries[i].type != PVH_MEM_RAM)
                continue;
            ram++;
            if (entries[i].addr >= LOW_END &&
                (smallest == *count || entries[i].size < entries[smallest].size))
                smallest = i;
        }
        if (ram <= MEMMAP_RAM_MAX || smallest == *count)
            return;
        remove_entry(entries, count, smallest);
    }
}

unsigned int memmap_convert(const void *descriptors, uint64_t size, uint64_t step,
                            struct pvh_memmap_entry *entries, unsigned int max,
                            struct memmap_scratch *scratch)
{
    unsigned int ranges = 0, count = 0, first = 0;

    if (step < sizeof(struct memmap_descriptor) || size / step > MEMMAP_DESCRIPTORS_MAX)
        return 0;
    for (uint64_t i = 0; i < size / step; i++) {
        struct memmap_descriptor d;
        copy_bytes(&d, (const uint8_t *)descriptors + i * step, sizeof(d));
        if (!read_range(&d, &scratch->ranges[ranges]))
            continue;
        scratch->bounds[2 * ranges] = scratch->ranges[ranges].start;
        scratch->bounds[2 * ranges + 1] = scratch->ranges[ranges].end;
        ranges++;
    }
    sort_ranges(scratch->ranges, ranges);
    sort_bounds(scratch->bounds, 2 * ranges);
    for (unsigned int i = 0; i + 1 < 2 * ranges; i++) {
        uint64_t start = scratch->bounds[i], end = scratch->bounds[i + 1];
        uint32_t type = start < end ? type_at(scratch, ranges, start, &first) : 0;
        if (!type)
            continue;
        struct pvh_memmap_entry *last = count ? &entries[count - 1] : NULL;
        if (last && last->type == type && last->addr + last->size == start) {
            last->size += end - start;
            continue;
        }
        if (count == max)
            return 0;
        entries[count++] = (struct pvh_memmap_entry){start, end - start, type, 0};
    }
    limit_ram(entries, &count);
    return count;
}

uint64_t memmap_ram(const struct pvh_memmap_entry *entries, unsigned int count)
{
    uint64_t bytes = 0;

    for (unsigned int i = 0; i < count; i++)
        bytes += entries[i].type == PVH_MEM_RAM ? entries[i].size : 0;
    return bytes;
}

bool memmap_is_ram(const struct pvh_memmap_entry *entries, unsigned int count, uint64_t start,
                   uint64_t end, uint32_t *type, uint64_t *at)
{
    for (unsigned int i = 0; i < count && start < end; i++) {
        const struct pvh_memmap_entry *e = &entries[i];
        if (e->addr + e->size <= start)
            continue;
        *type = e->addr > start ? 0 : e->type;
        *at = start;
        if (e->addr > start || e->type != PVH_MEM_RAM)
            return false;
        start = e->addr + e->size;
    }
    *type = 0;
    *at = start;
    return start >= end;
}
