/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections at the end of a PE image, loaded with it: how the loader carries its payload.
 * Works on the headers only (Microsoft, "PE Format"); copies no contents.
 */
#ifndef VMM_IMAGE_PE_H
#define VMM_IMAGE_PE_H

#include <stddef.h>
#include <stdint.h>

struct pe {
    uint8_t *headers; /* changed as sections are added; size bytes of the file */
    uint64_t size;
    size_t coff, optional, table; /* offsets */
    uint32_t section_count, section_align, file_align;
    uint64_t next_address, next_offset; /* of the next section */
};

/* -EINVAL: this is no PE image, or not one that can be added to. */
int pe_open(struct pe *pe, uint8_t *headers, uint64_t size);
/*
 * A section of size bytes; *offset is where its contents go in the file, which is padded
 * with zeros to pe->next_offset afterwards.  -ENOSPC: no room for its header; -EFBIG: the
 * image would be larger than firmware takes.
 */
int pe_add(struct pe *pe, const char *name, uint64_t size, uint64_t *offset);

#endif
