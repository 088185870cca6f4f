/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of struct guest_boot_sums; no firmware, tests compile it for the host. */
#ifndef BOOT_EFI_CRC32C_H
#define BOOT_EFI_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With hardware: by the CRC32 instruction, which the CPU must have (SSE4.2). */
uint32_t crc32c(const void *data, uint64_t size, bool hardware);

#endif
