/* SPDX-License-Identifier: BSD-2-Clause */
/* See gpt.h.  Structures are written field by field: everything is little-endian on disk. */
#include "vmm/image/gpt.h"

#include <string.h>

#include "vmm/image/crc.h"

#define ENTRIES 128u
#define ENTRY_SIZE 128u
#define HEADER_SIZE 92u
#define REVISION 0x00010000u
#define MBR_TABLE 446u
#define MBR_TYPE_GPT 0xeeu

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it lies on disk. */
static const uint8_t esp_type[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                     0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

static void put(uint8_t *at, uint64_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Version 4, variant 1: RFC 9562, 5.4. */
static void put_guid(uint8_t *at, const uint8_t random[16])
{
    memcpy(at, random, 16);
    at[7] = (at[7] & 0x0f) | 0x40;
    at[8] = (at[8] & 0x3f) | 0x80;
}

static void put_entry(uint8_t *entry, uint64_t sectors, const uint8_t guid[16])
{
    static const char name[] = "EFI system partition";

    memcpy(entry, esp_type, sizeof(esp_type));
    put_guid(entry + 16, guid);
    put(entry + 32, GPT_FIRST, 8);
    put(entry + 40, GPT_FIRST + sectors - 1, 8);
    for (unsigned int i = 0; i < sizeof(name) - 1; i++)
        entry[56 + 2 * i] = (uint8_t)name[i];
}

struct place {
    uint64_t header, other, entries; /* sectors */
    uint64_t last_usable;
    uint32_t entries_crc;
};

static void put_header(uint8_t *header, const struct place *place, const uint8_t guid[16])
{
    memcpy(header, "EFI PART", 8);
    put(header + 8, REVISION, 4);
    put(header + 12, HEADER_SIZE, 4);
    put(header + 24, place->header, 8);
    put(header + 32, place->other, 8);
    put(header + 40, GPT_HEAD_SECTORS, 8);
    put(header + 48, place->last_usable, 8);
    put_guid(header + 56, guid);
    put(header + 72, place->entries, 8);
    put(header + 80, ENTRIES, 4);
    put(header + 84, ENTRY_SIZE, 4);
    put(header + 88, place->entries_crc, 4);
    put(header + 16, crc_of(CRC32_IEEE, header, HEADER_SIZE), 4);
}

static void put_mbr(uint8_t *mbr, uint64_t disk_sectors)
{
    uint8_t *entry = mbr + MBR_TABLE;
    uint64_t rest = disk_sectors - 1;

    entry[2] = 2; /* the second sector, in cylinders, heads, sectors */
    entry[4] = MBR_TYPE_GPT;
    entry[5] = entry[6] = entry[7] = 0xff;
    put(entry + 8, 1, 4);
    put(entry + 12, rest > UINT32_MAX ? UINT32_MAX : rest, 4);
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
}

void gpt_fill(uint64_t partition_sectors, const uint8_t disk_guid[16],
              const uint8_t partition_guid[16], uint8_t *head, uint8_t *tail)
{
    uint64_t sectors = gpt_disk_sectors(partition_sectors);
    uint8_t *entries = head + (size_t)2 * GPT_SECTOR;
    struct place place = {
        .header = 1,
        .other = sectors - 1,
        .entries = 2,
        .last_usable = sectors - GPT_TAIL_SECTORS - 1,
    };

    memset(head, 0, (size_t)GPT_HEAD_SECTORS * GPT_SECTOR);
    memset(tail, 0, (size_t)GPT_TAIL_SECTORS * GPT_SECTOR);
    put_mbr(head, sectors);
    put_entry(entries, partition_sectors, partition_guid);
    place.entries_crc = crc_of(CRC32_IEEE, entries, (size_t)ENTRIES * ENTRY_SIZE);
    put_header(head + GPT_SECTOR, &place, disk_guid);
    memcpy(tail, entries, (size_t)ENTRIES * ENTRY_SIZE);
    place.header = sectors - 1;
    place.other = 1;
    place.entries = sectors - GPT_TAIL_SECTORS;
    put_header(tail + (size_t)(GPT_TAIL_SECTORS - 1) * GPT_SECTOR, &place, disk_guid);
}
