/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats newc headers.  Knows nothing of where members come from.
 */
#include "vmm/load/cpio.h"

#include <string.h>

#define FIELDS 13u
#define FIELD_DIGITS 8u

static void write_hex(uint8_t *bytes, uint32_t value)
{
    for (unsigned int i = 0; i < FIELD_DIGITS; i++)
        bytes[i] = (uint8_t) "0123456789abcdef"[(value >> (28 - 4 * i)) & 15];
}

void cpio_write_header(const struct cpio_header *header, uint8_t *bytes)
{
    /* ino mode uid gid nlink mtime filesize devmajor devminor rdev* namesize check:
     * all files belong to the guest's root. */
    const uint32_t fields[FIELDS] = {
        header->inode,
        header->mode,
        0,
        0,
        header->links,
        header->mtime,
        header->file_size,
        0,
        0,
        0,
        0,
        header->name_size,
        0,
    };
    memcpy(bytes, "070701", 6);
    for (unsigned int i = 0; i < FIELDS; i++)
        write_hex(bytes + 6 + i * FIELD_DIGITS, fields[i]);
}

uint32_t cpio_name_size(uint64_t offset, uint32_t name_length, uint32_t alignment)
{
    uint64_t end = offset + CPIO_HEADER_SIZE + name_length + 1;
    uint64_t aligned = (end + alignment - 1) & ~(uint64_t)(alignment - 1);
    /* Padding to 4 goes behind the name by the format's own rule. */
    return alignment <= 4 ? name_length + 1 : (uint32_t)(aligned - offset - CPIO_HEADER_SIZE);
}
