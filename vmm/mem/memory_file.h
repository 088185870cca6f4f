/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory in a file, for snapshots: written once, then mapped privately by any number of VMs,
 * which share what they do not write.  Holes are zero.
 *
 *   | region 0: RAM, gap, archive | region 1 | ... | shared image |      each page-aligned
 */
#ifndef VMM_MEM_MEMORY_FILE_H
#define VMM_MEM_MEMORY_FILE_H

#include "vmm/mem/guest_mem.h"

struct memory_file_part {
    uint64_t gpa, size, offset; /* size 0: there is none */
    uint64_t ram_size; /* of a region */
};

/* Plain data: part of a snapshot's state. */
struct memory_file_layout {
    uint64_t region_count;
    struct memory_file_part regions[GUEST_MEM_REGIONS];
    struct memory_file_part image;
    uint64_t archive_gpa, archive_size;
    uint64_t size; /* of the file */
};

void memory_file_plan(const struct guest_mem *mem, struct memory_file_layout *layout);
/* A layout that was read somewhere: sizes, alignment, order, overlaps; -EINVAL. */
int memory_file_check(const struct memory_file_layout *layout);
/* Writes all of guest memory, which nobody changes meanwhile, at its offsets; negative errno. */
int memory_file_write(const struct guest_mem *mem, const struct memory_file_layout *layout, int fd);
/* A checked layout's memory, from the file; guest_mem_destroy() gives it back.  -ENOMEM and others.
 */
int memory_file_map(struct guest_mem *mem, const struct memory_file_layout *layout, int fd);

#endif
