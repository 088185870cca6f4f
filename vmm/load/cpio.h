/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cpio "newc" header, as cpio(5) and Linux's
 * Documentation/driver-api/early-userspace/buffer-format.rst define it: 110
 * ASCII characters, the name with its NUL, both padded to 4; then the data,
 * padded to 4.  The name may be longer than its string: NULs follow.
 */
#ifndef VMM_LOAD_CPIO_H
#define VMM_LOAD_CPIO_H

#include <stdint.h>

#define CPIO_HEADER_SIZE 110u
#define CPIO_NAME_MAX 4096u /* with NULs; Linux takes no more either */
#define CPIO_TRAILER "TRAILER!!!"

struct cpio_header {
    uint32_t inode, mode, links, mtime, file_size, name_size;
};

/* Writes CPIO_HEADER_SIZE bytes, no NUL. */
void cpio_write_header(const struct cpio_header *header, uint8_t *bytes);

/*
 * The name size that lets data begin at a multiple of alignment (a power of
 * two, at least 4) for a header at offset; at least name_length + 1.
 */
uint32_t cpio_name_size(uint64_t offset, uint32_t name_length, uint32_t alignment);

#endif
