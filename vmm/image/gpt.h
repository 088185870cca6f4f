/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk with one EFI system partition: protective MBR, GPT and its copy at the disk's
 * end (UEFI 2.10, chapter 5).  Fills buffers; writes nothing.
 */
#ifndef VMM_IMAGE_GPT_H
#define VMM_IMAGE_GPT_H

#include <stdint.h>

#define GPT_SECTOR 512u
#define GPT_FIRST 2048u /* sectors; where the partition begins, and what is behind it */
#define GPT_HEAD_SECTORS 34u /* MBR, header, 128 entries */
#define GPT_TAIL_SECTORS 33u /* entries, header */

/* Sectors of a disk with a partition of so many. */
static inline uint64_t gpt_disk_sectors(uint64_t partition_sectors)
{
    return GPT_FIRST + partition_sectors + GPT_FIRST;
}

/*
 * The first GPT_HEAD_SECTORS and the last GPT_TAIL_SECTORS of the disk.  The GUIDs, of disk
 * and partition, are random: 16 bytes each, made valid here.
 */
void gpt_fill(uint64_t partition_sectors, const uint8_t disk_guid[16],
              const uint8_t partition_guid[16], uint8_t *head, uint8_t *tail);

#endif
