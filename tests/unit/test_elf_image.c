/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/proc/elf_image.c */
/* Checks on ELF headers: what Linux takes is taken, contradictions are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "proc/elf_image.h"

#define LIMIT 0x7ffffffff000ull
#define R_X (ELF_PF_R | ELF_PF_X)
#define R_W (ELF_PF_R | ELF_PF_W)

static struct elf_header good_header(void)
{
    struct elf_header header = {
        .ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
        .type = ELF_ET_EXEC,
        .machine = ELF_MACHINE_X86_64,
        .version = 1,
        .entry = 0x401000,
        .phoff = 64,
        .ehsize = 64,
        .phentsize = sizeof(struct elf_phdr),
        .phnum = 2,
    };
    return header;
}

static void good_table(struct elf_phdr table[2])
{
    table[0] = (struct elf_phdr){.type = ELF_PT_LOAD,
                                 .flags = R_X,
                                 .vaddr = 0x400000,
                                 .filesz = 0x1234,
                                 .memsz = 0x1234,
                                 .align = 0x1000};
    table[1] = (struct elf_phdr){.type = ELF_PT_LOAD,
                                 .flags = R_W,
                                 .offset = 0x2234,
                                 .vaddr = 0x403234,
                                 .filesz = 0x100,
                                 .memsz = 0x2000,
                                 .align = 0x1000};
}

static int check(const struct elf_header *header, const struct elf_phdr *table)
{
    struct elf_layout layout;

    return elf_check_layout(header, table, LIMIT, &layout);
}

static void takes_a_plain_program(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[2];
    struct elf_layout layout;

    (void)state;
    good_table(table);
    assert_int_equal(elf_check_header(&header), 0);
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_int_equal(layout.low, 0x400000);
    assert_int_equal(layout.high, 0x406000);
    assert_int_equal(layout.load_count, 2);
    assert_int_equal(layout.phdr_address, 0x400040);
    assert_null(layout.interp);
    assert_false(layout.has_stack);
}

static void refuses_other_kinds_of_file(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        struct elf_header header = good_header();
        header.ident[i] ^= 3;
        assert_int_equal(elf_check_header(&header), -ENOEXEC);
    }
    for (unsigned int type = 0; type < 6; type++) {
        struct elf_header header = good_header();
        header.type = (uint16_t)type;
        assert_int_equal(elf_check_header(&header), type == 2 || type == 3 ? 0 : -ENOEXEC);
    }
    struct elf_header header = good_header();
    header.machine = 183; /* aarch64 */
    assert_int_equal(elf_check_header(&header), -ENOEXEC);
}

static void refuses_tables_it_cannot_read(void **state)
{
    struct elf_header header = good_header();

    (void)state;
    header.phentsize = 32;
    assert_int_equal(elf_check_header(&header), -ENOEXEC);
    header = good_header();
    header.phnum = 0;
    assert_int_equal(elf_check_header(&header), -ENOEXEC);
    header.phnum = UINT16_MAX;
    assert_int_equal(elf_check_header(&header), -ENOEXEC);
    header = good_header();
    header.phoff = UINT64_MAX - 8;
    assert_int_equal(elf_check_header(&header), -ENOEXEC);
}

static void refuses_segments_that_contradict_themselves(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[2];

    (void)state;
    good_table(table);
    table[1].filesz = table[1].memsz + 1;
    assert_int_equal(check(&header, table), -EINVAL);
    good_table(table);
    table[1].offset++; /* pages of file and memory do not match */
    assert_int_equal(check(&header, table), -EINVAL);
    good_table(table);
    table[1].vaddr = 0x401000 + 0x230; /* overlaps the first */
    table[1].offset = 0x230;
    assert_int_equal(check(&header, table), -EINVAL);
    good_table(table);
    struct elf_phdr first = table[0];
    table[0] = table[1]; /* descending */
    table[1] = first;
    assert_int_equal(check(&header, table), -EINVAL);
}

static void refuses_addresses_outside_user_space(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[2];

    (void)state;
    good_table(table);
    table[1].memsz = UINT64_MAX - 0x1000;
    assert_int_equal(check(&header, table), -ENOMEM);
    good_table(table);
    table[1].vaddr = 0xffff800000000234ull;
    assert_int_equal(check(&header, table), -ENOMEM);
    good_table(table);
    table[1].memsz = LIMIT - table[1].vaddr + 1;
    assert_int_equal(check(&header, table), -ENOMEM);
    good_table(table);
    table[1].offset = INT64_MAX - 0xdcb; /* same offset in the page: 0x234 */
    assert_int_equal(check(&header, table), -EINVAL);
}

static void needs_a_segment(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[2];

    (void)state;
    good_table(table);
    table[0].type = table[1].type = 4; /* PT_NOTE */
    assert_int_equal(check(&header, table), -ENOEXEC);
    table[0].type = ELF_PT_LOAD;
    table[0].filesz = table[0].memsz = 0;
    assert_int_equal(check(&header, table), -ENOEXEC);
}

static void finds_interpreter_and_stack(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[4];
    struct elf_layout layout;

    (void)state;
    header.phnum = 4;
    good_table(table);
    table[2] = (struct elf_phdr){.type = ELF_PT_INTERP, .offset = 0x318, .filesz = 28};
    table[3] = (struct elf_phdr){.type = ELF_PT_GNU_STACK, .flags = R_W};
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_ptr_equal(layout.interp, &table[2]);
    assert_true(layout.has_stack);
    assert_false(layout.stack_executable);
    table[3].flags |= ELF_PF_X;
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_true(layout.stack_executable);
    table[2].filesz = 1;
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), -ENOEXEC);
    table[2].filesz = 4097;
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), -ENOEXEC);
    table[2].filesz = 28;
    table[2].offset = UINT64_MAX - 4;
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), -ENOEXEC);
}

static void names_headers_only_where_they_are_mapped(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[2];
    struct elf_layout layout;

    (void)state;
    good_table(table);
    header.phoff = 0x1230; /* the table would end behind the segment's bytes */
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_int_equal(layout.phdr_address, 0);
    header.phoff = 0x2240;
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_int_equal(layout.phdr_address, 0x403240);
}

static void keeps_the_largest_alignment(void **state)
{
    struct elf_header header = good_header();
    struct elf_phdr table[2];
    struct elf_layout layout;

    (void)state;
    good_table(table);
    table[1].align = 0x200000;
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_int_equal(layout.align, 0x200000);
    table[1].align = 0x3000; /* no power of two: ignored, as Linux does */
    assert_int_equal(elf_check_layout(&header, table, LIMIT, &layout), 0);
    assert_int_equal(layout.align, 0x1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_plain_program),
        cmocka_unit_test(refuses_other_kinds_of_file),
        cmocka_unit_test(refuses_tables_it_cannot_read),
        cmocka_unit_test(refuses_segments_that_contradict_themselves),
        cmocka_unit_test(refuses_addresses_outside_user_space),
        cmocka_unit_test(needs_a_segment),
        cmocka_unit_test(finds_interpreter_and_stack),
        cmocka_unit_test(names_headers_only_where_they_are_mapped),
        cmocka_unit_test(keeps_the_largest_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
