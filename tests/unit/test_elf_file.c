/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/load/elf_file.c vmm/load/arena.c */
/*
 * Programs with each kind of damage are refused with a reason, and a sound one
 * is not; no cut or flipped byte makes the reader leave its buffer.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/load/elf_file.h"

#define IMAGE_SIZE 0x3000u
#define STRINGS 0x2100u
#define DYNAMIC 0x2000u

/* Text, data with a dynamic section, interpreter: what a linker makes. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr phdrs[4];
    char interpreter[16];
};

static uint8_t *make_image(void)
{
    uint8_t *bytes = calloc(1, IMAGE_SIZE);
    struct image image = {
        .header = {.e_type = ET_DYN,
                   .e_machine = EM_X86_64,
                   .e_version = EV_CURRENT,
                   .e_phoff = sizeof(Elf64_Ehdr),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 4},
        .phdrs = {{.p_type = PT_LOAD, .p_filesz = 0x1800, .p_memsz = 0x1800, .p_align = 0x1000},
                  {.p_type = PT_LOAD,
                   .p_offset = 0x2000,
                   .p_vaddr = 0x3000,
                   .p_filesz = 0x1000,
                   .p_memsz = 0x4000,
                   .p_align = 0x1000},
                  {.p_type = PT_INTERP,
                   .p_offset = offsetof(struct image, interpreter),
                   .p_filesz = 7},
                  {.p_type = PT_DYNAMIC, .p_offset = DYNAMIC, .p_filesz = 6 * sizeof(Elf64_Dyn)}},
        .interpreter = "/ld.so",
    };
    memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.header.e_ident[EI_DATA] = ELFDATA2LSB;
    image.header.e_ident[EI_VERSION] = EV_CURRENT;
    const Elf64_Dyn dynamic[] = {
        {.d_tag = DT_NEEDED, .d_un.d_val = 1},      {.d_tag = DT_RUNPATH, .d_un.d_val = 8},
        {.d_tag = DT_STRTAB, .d_un.d_ptr = 0x3100}, {.d_tag = DT_STRSZ, .d_un.d_val = 32},
        {.d_tag = DT_NEEDED, .d_un.d_val = 14},     {.d_tag = DT_NULL},
    };
    memcpy(bytes, &image, sizeof(image));
    memcpy(bytes + DYNAMIC, dynamic, sizeof(dynamic));
    memcpy(bytes + STRINGS, "\0libc.6\0$LIB/\0libm", 19);
    return bytes;
}

/* Everything a closure does with a file. */
static int read_all(uint8_t *bytes, size_t size, char *needed, const char **why)
{
    struct elf_source source = {.bytes = bytes, .fd = -1, .size = size};
    struct elf_file elf;
    struct elf_dynamic dynamic;
    struct arena arena = {0};
    const char *text;
    int result = elf_file_open(&source, &elf);
    needed[0] = '\0';
    if (!result && elf.interpreter_size)
        result = elf_file_interpreter(&elf, &arena, &text);
    if (!result && elf.dynamic_size)
        result = elf_file_dynamic(&elf, &dynamic);
    for (uint32_t i = 0; !result && elf.dynamic_size && i < dynamic.needed_count; i++) {
        result = elf_file_string(&elf, &dynamic, dynamic.needed[i], &arena, &text);
        if (!result && strlen(needed) + strlen(text) < 100)
            strcat(needed, text);
    }
    *why = elf.why;
    arena_free(&arena);
    return result;
}

static void test_sound_file(void **state)
{
    (void)state;
    uint8_t *bytes = make_image();
    char needed[128];
    const char *why;
    assert_int_equal(read_all(bytes, IMAGE_SIZE, needed, &why), 0);
    assert_string_equal(needed, "libc.6libm");
    free(bytes);
}

struct damage {
    const char *says;
    size_t offset, size;
    uint64_t value;
};

#define EHDR(field) offsetof(struct image, header.field), sizeof(((struct image *)0)->header.field)
#define PHDR(n, field) \
    offsetof(struct image, phdrs[n].field), sizeof(((struct image *)0)->phdrs[0].field)

static void test_damage_is_named(void **state)
{
    (void)state;
    static const struct damage table[] = {
        {"not an ELF", 0, 1, 0},
        {"32-bit x86", EHDR(e_machine), EM_386},
        {"AArch64", EHDR(e_machine), EM_AARCH64},
        {"another machine", EHDR(e_machine), 0x1234},
        {"big-endian", EI_DATA, 1, ELFDATA2MSB},
        {"x32", EI_CLASS, 1, ELFCLASS32},
        {"damaged ELF header", EI_CLASS, 1, 7},
        {"damaged ELF header", EI_VERSION, 1, 9},
        {"object file", EHDR(e_type), ET_REL},
        {"neither a program nor a library", EHDR(e_type), ET_CORE},
        {"no program headers", EHDR(e_phnum), 0},
        {"damaged program headers", EHDR(e_phnum), 0xffff},
        {"damaged program headers", EHDR(e_phentsize), 32},
        {"truncated", EHDR(e_phoff), UINT64_MAX - 8},
        {"truncated", EHDR(e_phoff), IMAGE_SIZE - 8},
        {"larger in the file", PHDR(0, p_memsz), 0x100},
        {"overflows", PHDR(1, p_memsz), UINT64_MAX},
        {"overflows", PHDR(1, p_offset), UINT64_MAX - 0xfff},
        {"too large", PHDR(1, p_memsz), 1ull << 47},
        {"too large", PHDR(1, p_vaddr), 0xffffffff80000000ull},
        {"truncated", PHDR(1, p_offset), 0x3000},
        {"no power of two", PHDR(0, p_align), 0x3000},
        {"misaligned", PHDR(0, p_vaddr), 0x10},
        {"overlapping", PHDR(0, p_memsz), 0x3001},
        {"wrong order", PHDR(0, p_vaddr), 0x100000},
        {"no segment", PHDR(1, p_type), PT_NULL},
        {"interpreter", PHDR(2, p_filesz), 1},
        {"interpreter", PHDR(2, p_filesz), 0x10000},
        {"interpreter", PHDR(2, p_filesz), 6},
        {"interpreter", offsetof(struct image, interpreter), 1, 'x'},
        {"truncated", PHDR(2, p_offset), UINT64_MAX},
        {"dynamic section", PHDR(3, p_filesz), 1 << 20},
        {"truncated", PHDR(3, p_offset), IMAGE_SIZE},
        {"dynamic section", DYNAMIC + 2 * sizeof(Elf64_Dyn) + 8, 8, 0x100000},
        {"string table", DYNAMIC + 8, 8, 32},
        {"string table", DYNAMIC + 8, 8, UINT64_MAX},
        {"string table", DYNAMIC + 3 * sizeof(Elf64_Dyn) + 8, 8, 5},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t *bytes = make_image();
        char needed[128];
        const char *why;
        if (strcmp(table[i].says, "no segment") == 0) /* both of them */
            memset(bytes + offsetof(struct image, phdrs[0].p_type), 0, 4);
        memcpy(bytes + table[i].offset, &table[i].value, table[i].size);
        assert_int_equal(read_all(bytes, IMAGE_SIZE, needed, &why), -ENOEXEC);
        assert_non_null(why);
        if (!strstr(why, table[i].says))
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, why, table[i].says);
        free(bytes);
    }
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    uint8_t *bytes = make_image();
    for (size_t size = 0; size < IMAGE_SIZE; size += size < 512 ? 1 : 61) {
        uint8_t *cut = malloc(size ? size : 1); /* the sanitizer guards its end */
        char needed[128];
        const char *why;
        memcpy(cut, bytes, size);
        assert_int_equal(read_all(cut, size, needed, &why), -ENOEXEC);
        free(cut);
    }
    free(bytes);
}

static void test_no_flip_escapes(void **state)
{
    (void)state;
    uint8_t *bytes = make_image();
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t at = 0; at < IMAGE_SIZE; at++) {
        if (at == sizeof(struct image))
            at = DYNAMIC;
        if (at == STRINGS + 32)
            break;
        uint8_t before = bytes[at];
        for (size_t v = 0; v < sizeof(values); v++) {
            char needed[128];
            const char *why;
            bytes[at] = values[v];
            int result = read_all(bytes, IMAGE_SIZE, needed, &why);
            assert_true(result == 0 || result == -ENOEXEC);
        }
        bytes[at] = before;
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_file),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_no_flip_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
