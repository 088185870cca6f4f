/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the member table to pieces: the second half of building an archive.
 * Internal to vmm/load.
 */
#ifndef VMM_LOAD_ARCHIVE_LAYOUT_H
#define VMM_LOAD_ARCHIVE_LAYOUT_H

#include "vmm/load/archive.h"
#include "vmm/load/members.h"

struct archive_build {
    struct archive archive; /* first: what callers see */
    struct arena arena;
    struct members members;
    uint8_t *bytes; /* all byte pieces, mapped */
    size_t bytes_used, bytes_capacity;
    size_t piece_capacity, source_capacity;
};

/* Lays the members out by rank.  Fills error. */
int archive_layout(struct archive_build *build, struct vmm_error *error);

#endif
