/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/image/gpt.c vmm/image/pe.c vmm/image/crc.c boot/efi/crc32c.c */
/* What an image consists of: GPT as its readers check it, sections of a PE image. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/crc32c.h"
#include "vmm/image/crc.h"
#include "vmm/image/gpt.h"
#include "vmm/image/pe.h"

#define SECTORS 81920u

static uint64_t get(const uint8_t *at, unsigned int bytes)
{
    uint64_t value = 0;
    for (unsigned int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static void checksums(void **state)
{
    (void)state;
    assert_int_equal(crc_of(CRC32_IEEE, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc_of(CRC32_CASTAGNOLI, "123456789", 9), 0xe3069283);
    /* The loader computes it by itself. */
    assert_int_equal(crc32c("123456789", 9, false), 0xe3069283);
}

static void check_header(const uint8_t *header, const uint8_t *entries, uint64_t self,
                         uint64_t other, uint64_t entries_at)
{
    uint8_t copy[92];
    memcpy(copy, header, sizeof(copy));
    memset(copy + 16, 0, 4);
    assert_memory_equal(header, "EFI PART", 8);
    assert_int_equal(get(header + 16, 4), crc_of(CRC32_IEEE, copy, sizeof(copy)));
    assert_int_equal(get(header + 24, 8), self);
    assert_int_equal(get(header + 32, 8), other);
    assert_int_equal(get(header + 40, 8), 34);
    assert_int_equal(get(header + 48, 8), gpt_disk_sectors(SECTORS) - 34);
    assert_int_equal(get(header + 72, 8), entries_at);
    assert_int_equal(get(header + 88, 4), crc_of(CRC32_IEEE, entries, 128 * 128));
}

static void partition_table(void **state)
{
    static uint8_t head[GPT_HEAD_SECTORS * GPT_SECTOR], tail[GPT_TAIL_SECTORS * GPT_SECTOR];
    const uint8_t guids[2][16] = {{1}, {2}};
    uint64_t disk = gpt_disk_sectors(SECTORS);
    (void)state;
    gpt_fill(SECTORS, guids[0], guids[1], head, tail);
    assert_int_equal(get(head + 510, 2), 0xaa55);
    assert_int_equal(head[446 + 4], 0xee);
    assert_int_equal(get(head + 446 + 8, 4), 1);
    assert_int_equal(get(head + 446 + 12, 4), disk - 1);
    check_header(head + 512, head + 1024, 1, disk - 1, 2);
    check_header(tail + 32 * 512, tail, disk - 1, 1, disk - 33);
    assert_memory_equal(head + 1024, tail, 128 * 128);
    assert_int_equal(get(tail + 32, 8), 2048);
    assert_int_equal(get(tail + 40, 8), 2048 + SECTORS - 1);
    assert_int_equal(get(tail + 16 + 6, 2) >> 12, 4); /* GUIDs say that they are random */
    /* A disk that the MBR cannot tell the size of. */
    gpt_fill(1ull << 33, guids[0], guids[1], head, tail);
    assert_int_equal(get(head + 446 + 12, 4), 0xffffffff);
}

/* A PE image with one section, as far as its headers go. */
static void make_pe(uint8_t *image)
{
    memset(image, 0, 1024);
    memcpy(image, "MZ", 2);
    image[0x3c] = 0x80;
    memcpy(image + 0x80, "PE\0\0", 4);
    image[0x80 + 6] = 1; /* sections */
    image[0x80 + 20] = 240; /* optional header */
    image[0x98] = 0x0b, image[0x99] = 0x02;
    image[0x98 + 33] = 0x10; /* section alignment 4096 */
    image[0x98 + 37] = 0x02; /* file alignment 512 */
    image[0x98 + 61] = 0x02; /* headers: 512 */
    uint8_t *section = image + 0x98 + 240;
    section[9] = 0x20; /* 0x2000 bytes at 0x1000 */
    section[13] = 0x10;
    section[17] = 0x02; /* 0x200 bytes at 0x200 */
    section[21] = 0x02;
}

static void sections(void **state)
{
    uint8_t image[1024];
    struct pe pe;
    uint64_t offset;
    (void)state;
    make_pe(image);
    assert_int_equal(pe_open(&pe, image, sizeof(image)), 0);
    assert_int_equal(pe.next_offset, 0x400);
    assert_int_equal(pe_add(&pe, ".guest", 0x1201, &offset), 0);
    assert_int_equal(offset, 0x400);
    assert_int_equal(pe.next_offset, 0x400 + 0x1400);
    const uint8_t *section = image + 0x98 + 240 + 40;
    assert_memory_equal(section, ".guest\0\0", 8);
    assert_int_equal(get(section + 8, 4), 0x1201);
    assert_int_equal(get(section + 12, 4), 0x3000);
    assert_int_equal(get(section + 16, 4), 0x1400);
    assert_int_equal(get(image + 0x86, 2), 2);
    assert_int_equal(get(image + 0x98 + 56, 4), 0x5000);
    assert_int_equal(pe_add(&pe, ".much", 1ull << 31, &offset), -EFBIG);
    assert_int_equal(pe_add(&pe, ".none", 0, &offset), -EFBIG);
    assert_int_equal(pe_add(&pe, ".toolongname", 1, &offset), -ENOSPC);
    assert_int_equal(pe_add(&pe, ".third", 1, &offset), 0);
    assert_int_equal(offset, 0x1800);
    /* The headers end at 512: there is no room for a fourth. */
    assert_int_equal(pe_add(&pe, ".fourth", 1, &offset), -ENOSPC);
}

static void damaged_images(void **state)
{
    uint8_t image[1024];
    struct pe pe;
    (void)state;
    for (size_t size = 0; size < 0x98 + 240 + 40; size++) {
        make_pe(image);
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, image, size);
        assert_int_equal(pe_open(&pe, copy, size), -EINVAL);
        free(copy);
    }
    srandom(2);
    for (unsigned int round = 0; round < 20000; round++) { /* stays in bounds: ASan looks */
        uint64_t offset;
        make_pe(image);
        for (unsigned int i = 0; i < 4; i++)
            image[(unsigned int)random() % 500] = (uint8_t)random();
        if (pe_open(&pe, image, sizeof(image)) == 0)
            pe_add(&pe, ".more", 100, &offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums),
        cmocka_unit_test(partition_table),
        cmocka_unit_test(sections),
        cmocka_unit_test(damaged_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
