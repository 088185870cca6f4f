/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC-32C, by the instruction made for it or, without, four bits at a time. */
#include "boot/efi/crc32c.h"

/* The remainders of the four-bit values, for the reflected polynomial 0x82f63b78. */
static const uint32_t nibble_table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t by_nibbles(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
    while (size--) {
        crc ^= *bytes++;
        crc = nibble_table[crc & 15] ^ crc >> 4;
        crc = nibble_table[crc & 15] ^ crc >> 4;
    }
    return crc;
}

static uint32_t by_instruction(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
    uint64_t wide = crc;

    for (; size >= 64; size -= 64, bytes += 64) {
        __asm__ volatile("crc32q (%1), %0\n\t"
                         "crc32q 8(%1), %0\n\t"
                         "crc32q 16(%1), %0\n\t"
                         "crc32q 24(%1), %0\n\t"
                         "crc32q 32(%1), %0\n\t"
                         "crc32q 40(%1), %0\n\t"
                         "crc32q 48(%1), %0\n\t"
                         "crc32q 56(%1), %0"
                         : "+r"(wide)
                         : "r"(bytes)
                         : "memory");
    }
    crc = (uint32_t)wide;
    for (; size; size--, bytes++)
        __asm__("crc32b %1, %0" : "+r"(crc) : "rm"(*bytes));
    return crc;
}

uint32_t crc32c(const void *data, uint64_t size, bool hardware)
{
    return ~(hardware ? by_instruction(~0u, data, size) : by_nibbles(~0u, data, size));
}
