/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest kernel in ELF form with a PVH note: checks it and puts its segments
 * into guest memory.  Knows nothing of KVM.
 */
#ifndef VMM_LOAD_ELF_IMAGE_H
#define VMM_LOAD_ELF_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/load/guest_image.h"
#include "vmm/mem/guest_mem.h"

#define ELF_IMAGE_SEGMENTS_MAX 8u

struct elf_image_segment {
    uint64_t gpa;
    uint64_t offset, file_size; /* in the image */
    uint64_t memory_size; /* the rest reads as zero */
    bool writable;
    bool hot; /* GUEST_PF_HOT */
};

struct elf_image {
    uint32_t entry; /* GPA of the 32-bit PVH entry point */
    bool ours; /* it knows how to start a program */
    unsigned int segment_count;
    struct elf_image_segment segments[ELF_IMAGE_SEGMENTS_MAX]; /* ascending, disjoint */
};

/* False: not an ELF file at all (it may be a bzImage). */
bool elf_image_recognise(const struct guest_image *image);
/* Reads and checks the headers; -ENOEXEC with *error filled. */
int elf_image_parse(const struct guest_image *image, struct elf_image *elf,
                    struct vmm_error *error);
/* Whether the kernel suits what is to be run; elf is NULL for a bzImage.  -ENOEXEC. */
int elf_image_suits(const struct guest_image *image, const struct elf_image *elf,
                    const struct vmm_config *config, struct vmm_error *error);
/* Copies the segments to their places. */
int elf_image_load(const struct guest_image *image, const struct elf_image *elf,
                   struct guest_mem *mem, struct vmm_error *error);

#endif
