/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot archive as a plan: which bytes (cpio newc headers, names, padding,
 * small files, file tails) and which host file ranges make it up, in order.
 * Building the plan opens every host file and executes none.  The KVM engine
 * assembles the plan in guest memory, mapping file ranges; the QEMU engine
 * writes it to a temporary file.
 *
 * Every piece begins at a multiple of GUEST_CPIO_ALIGN in the archive and is a
 * multiple of it long (a file's last partial page is part of the bytes that
 * follow); file ranges begin at such a multiple in their file, bytes are
 * page-aligned in memory.  Pieces are contiguous: offset[i+1] = offset[i] +
 * length[i]; the total is zero-padded.
 */
#ifndef VMM_LOAD_ARCHIVE_H
#define VMM_LOAD_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "vmm/config.h"

struct archive_piece {
    uint64_t offset; /* in the archive */
    uint64_t length;
    const uint8_t *bytes; /* NULL: from the file */
    int fd;
    uint64_t file_offset;
    size_t source; /* index into sources, for a file piece */
};

/* A host file that is mapped: to notice and name one that changes later. */
struct archive_source {
    const char *path;
    int fd; /* read-only, close-on-exec; owned by the archive */
    uint64_t size;
    dev_t device;
    ino_t inode;
    struct timespec mtime;
};

struct archive {
    size_t piece_count;
    struct archive_piece *pieces;
    size_t source_count;
    struct archive_source *sources;
    uint64_t size; /* bytes, a multiple of GUEST_CPIO_ALIGN */
};

/* The config's program, its closure, its files and the run file. */
int archive_build(const struct vmm_config *config, struct archive **archive,
                  struct vmm_error *error);
void archive_free(struct archive *archive); /* NULL is allowed */
/* The source that was truncated or replaced since, or NULL.  Cheap: one fstat each. */
const struct archive_source *archive_changed_source(const struct archive *archive);
/* The whole archive at fd's position.  A full disk is an error like others. */
int archive_write(const struct archive *archive, int fd, struct vmm_error *error);

#endif
