/* SPDX-License-Identifier: BSD-2-Clause */
/* See crc.h: one byte at a time. */
#include "vmm/image/crc.h"

void crc_begin(struct crc *crc, uint32_t polynomial)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (unsigned int bit = 0; bit < 8; bit++)
            rest = rest & 1 ? rest >> 1 ^ polynomial : rest >> 1;
        crc->table[byte] = rest;
    }
    crc->value = ~0u;
}

void crc_add(struct crc *crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint32_t value = crc->value;

    while (size--)
        value = crc->table[(value ^ *at++) & 0xff] ^ value >> 8;
    crc->value = value;
}

uint32_t crc_end(const struct crc *crc)
{
    return ~crc->value;
}

uint32_t crc_of(uint32_t polynomial, const void *bytes, size_t size)
{
    struct crc crc;

    crc_begin(&crc, polynomial);
    crc_add(&crc, bytes, size);
    return crc_end(&crc);
}
