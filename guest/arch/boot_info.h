/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor or loader told us (struct pvh_start_info): copied once, checked,
 * and the only source of knowledge about the machine at boot.
 */
#ifndef ARCH_BOOT_INFO_H
#define ARCH_BOOT_INFO_H

#include "boot/guest_abi.h"
#include "lib/types.h"

#define BOOT_REGIONS_MAX 32u

struct boot_region {
    uint64_t start, end; /* bytes, end exclusive */
};

struct boot_info {
    uint64_t tsc_entry;
    uint64_t rsdp; /* 0: none */
    struct boot_region archive; /* start == end: none */
    struct boot_region seed;
    struct guest_generation *generation; /* outside ram; NULL: none */
    struct guest_cpu cpu; /* version 0: not told */
    struct guest_screen screen; /* version 0: there is none; not checked */
    bool zeroed; /* RAM that nobody named reads as zero */
    uint32_t ram_count;
    struct boot_region ram[BOOT_REGIONS_MAX]; /* ascending, page-aligned, disjoint */
    char cmdline[GUEST_CMDLINE_MAX];
};
extern struct boot_info boot_info;

/* Panics when the structure is not what PVH says.  Before any allocation. */
void boot_info_init(uint64_t start_info_pa, uint64_t tsc_entry);

/*
 * Value of "key=value" on the command line into buf: its length, or -1 if the key
 * is absent.  A bare "key" has length 0.  *position: NULL for the first one, or
 * where to go on (repeated keys).
 */
int cmdline_get(const char *key, char *buf, size_t size, const char **position);

#endif
