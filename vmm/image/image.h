/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bootable images with a program of ours, for UEFI (boot/efi/): a disk, or one .efi file.
 * Files without names hold everything while it is made; a finished image gets its name at
 * once.  Knows no engine.
 */
#ifndef VMM_IMAGE_IMAGE_H
#define VMM_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/config.h"

/* A file of the volume or section of the combined image. */
struct image_part {
    const char *file, *section; /* boot/guest_abi.h; section NULL: the loader itself */
    int fd; /* -1: not there; owned */
    uint64_t size;
};

enum { IMAGE_KERNEL, IMAGE_ARCHIVE, IMAGE_CMDLINE, IMAGE_SUMS, IMAGE_LOADER, IMAGE_PARTS };

struct archive;

/* The loader inside this program; false: it was built without. */
bool image_loader(const uint8_t **bytes, uint64_t *size);

/*
 * Writes an image with the archive (NULL: none) and the command line into a file: at fd's
 * position, which is its beginning, and as long as the image.  dir: where other files without
 * names may be.
 */
int image_write(enum vmm_image kind, const struct archive *archive, const char *words, int fd,
                const char *dir, struct vmm_error *error);

/* A new file without a name in dir, read and written, close-on-exec; or a negative errno. */
int image_temporary(const char *dir);
/* All of it at an offset; negative errno. */
int image_put(int fd, const void *bytes, uint64_t size, uint64_t offset);
/* size bytes from the start of one file to an offset of another. */
int image_copy(int from, uint64_t size, int to, uint64_t offset);

/* disk.c, combined.c */
int image_write_disk(const struct image_part *parts, int fd, struct vmm_error *error);
int image_write_efi(const struct image_part *parts, int fd, struct vmm_error *error);

#endif
