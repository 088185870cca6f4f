/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's ELF file: what is to be copied where, and its 64-bit door.  Arithmetic
 * only, no firmware: tests compile it for the host.  The file may be anything.
 */
#ifndef BOOT_EFI_KERNEL_H
#define BOOT_EFI_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_SEGMENTS_MAX 8u
/* Everything lies in here: above what firmware and real mode keep, below what all can reach. */
#define KERNEL_LOWEST (1ull << 20)
#define KERNEL_HIGHEST (1ull << 30)

/* From file_size bytes at source to memory_size at target, the rest zero.  enter.asm. */
struct kernel_segment {
    uint64_t target, source; /* physical; source: an offset in the file, until it is placed */
    uint64_t file_size, memory_size;
};

struct kernel {
    uint64_t start, end; /* page-aligned, all segments are within */
    uint64_t door; /* GUEST_NOTE_DOOR64 */
    unsigned int segment_count;
    struct kernel_segment segments[KERNEL_SEGMENTS_MAX];
};

/* NULL, or what is wrong with the file. */
const char *kernel_parse(const void *file, uint64_t size, struct kernel *kernel);

#endif
