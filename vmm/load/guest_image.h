/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest kernel as bytes: the built-in one, inside this program's own file,
 * or a file of the user's.
 */
#ifndef VMM_LOAD_GUEST_IMAGE_H
#define VMM_LOAD_GUEST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/vmm.h"

struct guest_image {
    const uint8_t *bytes; /* NULL: read from fd */
    int fd; /* -1: none; owned */
    uint64_t size;
    const char *name; /* for messages; borrowed */
};

/* The built-in kernel; its bytes begin at a page boundary and stay. */
void guest_image_open_builtin(struct guest_image *image);
int guest_image_open_file(struct guest_image *image, const char *path, struct vmm_error *error);
/* Copies a part; -EFAULT outside the image, or a read error. */
int guest_image_read(const struct guest_image *image, uint64_t offset, void *to, size_t length);
void guest_image_close(struct guest_image *image);

#endif
