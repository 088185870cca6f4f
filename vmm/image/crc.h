/* SPDX-License-Identifier: BSD-2-Clause */
/* Cyclic redundancy checks of 32 bits, bytes reflected, begun and ended with all ones. */
#ifndef VMM_IMAGE_CRC_H
#define VMM_IMAGE_CRC_H

#include <stddef.h>
#include <stdint.h>

#define CRC32_IEEE 0xedb88320u /* GPT: UEFI 2.10, 5.3.2 */
#define CRC32_CASTAGNOLI 0x82f63b78u /* struct guest_boot_sums */

struct crc {
    uint32_t table[256];
    uint32_t value;
};

void crc_begin(struct crc *crc, uint32_t polynomial);
void crc_add(struct crc *crc, const void *bytes, size_t size);
uint32_t crc_end(const struct crc *crc);
/* All at once. */
uint32_t crc_of(uint32_t polynomial, const void *bytes, size_t size);

#endif
