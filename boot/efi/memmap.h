/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's memory map as PVH's.  Arithmetic only: no firmware is called and none
 * of its headers seen, so tests compile it for the host.
 *
 * What the firmware says is not trusted: descriptors may overlap, have holes between
 * them, be unsorted, unaligned, empty or wrap around.  Where they overlap the one that
 * allows least wins; what no descriptor names is no memory.
 */
#ifndef BOOT_EFI_MEMMAP_H
#define BOOT_EFI_MEMMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/guest_abi.h"

#define MEMMAP_DESCRIPTORS_MAX 1024u
/* The kernel keeps so many ranges of RAM (guest/arch/boot_info.h). */
#define MEMMAP_RAM_MAX 32u

/* EFI_MEMORY_DESCRIPTOR (UEFI 2.10, 7.2.3); the firmware's may be longer. */
struct memmap_descriptor {
    uint32_t type, reserved;
    uint64_t start; /* physical */
    uint64_t virtual_start;
    uint64_t pages; /* of 4 KiB */
    uint64_t attributes;
};
_Static_assert(sizeof(struct memmap_descriptor) == 40, "UEFI ABI");

/* What the conversion needs besides: too large for a firmware's stack. */
struct memmap_scratch {
    struct memmap_range {
        uint64_t start, end;
        uint32_t type; /* PVH_MEM_* */
    } ranges[MEMMAP_DESCRIPTORS_MAX];
    uint64_t bounds[2 * MEMMAP_DESCRIPTORS_MAX];
};

/*
 * Converts size bytes of descriptors, each step bytes from the last, into at most max
 * entries: ascending, disjoint, neighbours of one type as one, RAM page-aligned and in
 * MEMMAP_RAM_MAX ranges at most (the smallest are given up, but not those below 1 MiB).
 * Memory of loaders and boot services is RAM: they are over when this counts.  The number
 * of entries; 0 when the map makes no sense or does not fit.
 */
unsigned int memmap_convert(const void *descriptors, uint64_t size, uint64_t step,
                            struct pvh_memmap_entry *entries, unsigned int max,
                            struct memmap_scratch *scratch);
/* Bytes of RAM in all. */
uint64_t memmap_ram(const struct pvh_memmap_entry *entries, unsigned int count);
/* Is all of [start, end) RAM?  If not, *type and *at: what is first in the way (0: nothing). */
bool memmap_is_ram(const struct pvh_memmap_entry *entries, unsigned int count, uint64_t start,
                   uint64_t end, uint32_t *type, uint64_t *at);

#endif
