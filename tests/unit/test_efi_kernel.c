/* SPDX-License-Identifier: BSD-2-Clause */
/* links: boot/efi/kernel.c boot/efi/crc32c.c */
/* The loader's view of a kernel file: a good one, and each way to be damaged. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/crc32c.h"
#include "boot/efi/kernel.h"
#include "boot/guest_abi.h"

struct image {
    Elf64_Ehdr header;
    Elf64_Phdr programs[3];
    uint32_t note[6];
    uint8_t text[64];
};

static struct image make(void)
{
    struct image i = {.header = {.e_type = ET_EXEC,
                                 .e_machine = EM_X86_64,
                                 .e_phoff = offsetof(struct image, programs),
                                 .e_phentsize = sizeof(Elf64_Phdr),
                                 .e_phnum = 3},
                      .note = {4, 8, GUEST_NOTE_DOOR64, 0, 0x200010, 0}};
    memcpy(i.header.e_ident, ELFMAG "\2\1\1", 7);
    memcpy(&i.note[3], "vmm", 4);
    i.programs[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                 .p_offset = offsetof(struct image, text),
                                 .p_paddr = 0x200000,
                                 .p_filesz = 64,
                                 .p_memsz = 64};
    i.programs[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_paddr = 0x203000, .p_memsz = 0x1800};
    i.programs[2] = (Elf64_Phdr){
        .p_type = PT_NOTE, .p_offset = offsetof(struct image, note), .p_filesz = sizeof(i.note)};
    return i;
}

/* In memory of exactly that size. */
static const char *parse(const struct image *image, size_t size, struct kernel *kernel)
{
    uint8_t *copy = malloc(size + 1); /* never 0 bytes */
    memcpy(copy, image, size);
    const char *wrong = kernel_parse(copy, size, kernel);
    free(copy);
    return wrong;
}

static void good_kernel(void **state)
{
    struct image image = make();
    struct kernel kernel;
    (void)state;
    assert_null(parse(&image, sizeof(image), &kernel));
    assert_int_equal(kernel.door, 0x200010);
    assert_int_equal(kernel.start, 0x200000);
    assert_int_equal(kernel.end, 0x205000);
    assert_int_equal(kernel.segment_count, 2);
    assert_int_equal(kernel.segments[0].source, offsetof(struct image, text));
    assert_int_equal(kernel.segments[1].file_size, 0);
    assert_int_equal(kernel.segments[1].memory_size, 0x1800);
}

static void every_truncation(void **state)
{
    struct image image = make();
    struct kernel kernel;
    (void)state;
    for (size_t size = 0; size < sizeof(image); size++)
        assert_non_null(parse(&image, size, &kernel));
}

static void refused(struct image image, const char *why)
{
    struct kernel kernel;
    const char *wrong = parse(&image, sizeof(image), &kernel);
    assert_non_null(wrong);
    assert_string_equal(wrong, why);
}

static void damaged_headers(void **state)
{
    struct image i = make();
    (void)state;
    i.header.e_ident[0] = 0;
    refused(i, "it is no 64-bit ELF file");
    i = make();
    i.header.e_ident[EI_CLASS] = ELFCLASS32;
    refused(i, "it is no 64-bit ELF file");
    i = make();
    i.header.e_machine = EM_AARCH64;
    refused(i, "it is no kernel for x86-64");
    i = make();
    i.header.e_phoff = UINT64_MAX - 8;
    refused(i, "its headers are cut off");
    i = make();
    i.header.e_phnum = 33;
    refused(i, "it is no kernel for x86-64");
}

static void damaged_segments(void **state)
{
    struct image i = make();
    (void)state;
    i.programs[0].p_offset = UINT64_MAX - 10;
    refused(i, "a segment is cut off");
    i = make();
    i.programs[0].p_filesz = 65;
    refused(i, "a segment is cut off");
    i = make();
    i.programs[0].p_paddr = 0xff000;
    refused(i, "a segment is not between 1 MiB and 1 GiB");
    i = make();
    i.programs[1].p_memsz = UINT64_MAX - 0x202000;
    refused(i, "a segment is not between 1 MiB and 1 GiB");
    i = make();
    i.programs[1].p_paddr = 0x200020;
    refused(i, "its segments overlap");
    i = make();
    i.note[4] = 0x205000; /* a door behind the kernel */
    refused(i, "it has no 64-bit door");
    i = make();
    i.programs[2].p_filesz = 0;
    refused(i, "it has no 64-bit door");
    i = make();
    i.note[0] = 0xfffffff0; /* a name that goes beyond everything */
    refused(i, "it has no 64-bit door");
}

/* RFC 3720, B.4, and the same by both ways for all lengths. */
static void checksums(void **state)
{
    uint8_t bytes[100] = {0};
    (void)state;
    assert_int_equal(crc32c(bytes, 32, false), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_int_equal(crc32c(bytes, 32, false), 0x62a8ab43);
    for (unsigned int i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(crc32c(bytes, 32, false), 0x46dd794e);
    if (__builtin_cpu_supports("sse4.2"))
        for (unsigned int size = 0; size < sizeof(bytes); size++)
            assert_int_equal(crc32c(bytes, size, true), crc32c(bytes, size, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_kernel),     cmocka_unit_test(every_truncation),
        cmocka_unit_test(damaged_headers), cmocka_unit_test(damaged_segments),
        cmocka_unit_test(checksums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
