/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/cpio.c */
/* The archive reader: what is well-formed is read, what is not is refused in bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fs/cpio.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HEADER 110

/* An archive of one member in memory of exactly that size; the caller frees. */
static uint8_t *make(const char *name, size_t namesize, const char *data, size_t filesize,
                     size_t *size)
{
    size_t start = (HEADER + namesize + 3) & ~3ul, data_size = strlen(data);
    uint8_t *archive = calloc(1, start + data_size + 1);

    snprintf((char *)archive, HEADER + 1,
             "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 7, 0100644, 1, 2, 1,
             99, filesize, 3, 4, 5, 6, namesize, 0);
    memcpy(archive + HEADER, name, strlen(name));
    memcpy(archive + start, data, data_size);
    *size = start + data_size;
    return realloc(archive, *size);
}

static int read_one(const uint8_t *archive, size_t size, struct cpio_member *member)
{
    const char *reason = NULL;
    int result = cpio_read(archive, size, 0, member, &reason);

    if (result < 0)
        assert_non_null(reason);
    return result;
}

static void fields_are_read(void **state)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("./a/b", 6, "data!", 5, &size);

    (void)state;
    assert_int_equal(read_one(archive, size, &m), 1);
    assert_string_equal(m.name, "a/b");
    assert_int_equal(m.name_length, 3);
    assert_int_equal(m.size, 5);
    assert_memory_equal(m.data, "data!", 5);
    assert_int_equal(m.mode, 0100644);
    assert_int_equal(m.uid, 1);
    assert_int_equal(m.gid, 2);
    assert_int_equal(m.mtime, 99);
    assert_int_equal(m.ino, 7);
    assert_int_equal(m.dev_major, 3);
    assert_int_equal(m.rdev_minor, 6);
    assert_true(m.next >= size);
    free(archive);
}

static void name_may_be_padded(void **state)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("f", 4000, "x", 1, &size);

    (void)state;
    assert_int_equal(read_one(archive, size, &m), 1);
    assert_int_equal(m.name_length, 1);
    assert_ptr_equal(m.data, archive + size - 1);
    free(archive);
}

static void prefixes_are_removed(void **state)
{
    static const char *const names[][2] = {
        {"/etc", "etc"}, {"./etc", "etc"}, {"././/etc", "etc"}, {".", ""},
        {"./", ""},      {"/", ""},        {"..x", "..x"},      {".vmm/run", ".vmm/run"}};
    struct cpio_member m;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size;
        uint8_t *archive = make(names[i][0], strlen(names[i][0]) + 1, "", 0, &size);

        assert_int_equal(read_one(archive, size, &m), 1);
        assert_string_equal(m.name, names[i][1]);
        assert_int_equal(m.name_length, strlen(names[i][1]));
        free(archive);
    }
}

static void end_is_the_trailer_or_nothing(void **state)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("TRAILER!!!", 11, "", 0, &size);

    (void)state;
    assert_int_equal(read_one(archive, size, &m), 0);
    assert_int_equal(read_one(archive, 0, &m), 0);
    free(archive);
}

static void every_truncation_is_refused(void **state)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("name", 5, "0123456789", 10, &size);

    (void)state;
    for (size_t cut = 1; cut < size; cut++) {
        uint8_t *part = malloc(cut); /* exact: reading beyond is seen */

        memcpy(part, archive, cut);
        assert_int_equal(read_one(part, cut, &m), -EINVAL);
        free(part);
    }
    free(archive);
}

static void refuse_changed(size_t offset, const char *bytes)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("name", 5, "0123456789", 10, &size);

    memcpy(archive + offset, bytes, strlen(bytes));
    assert_int_equal(read_one(archive, size, &m), -EINVAL);
    free(archive);
}

static void bad_numbers_are_refused(void **state)
{
    (void)state;
    refuse_changed(0, "070707"); /* the old format */
    refuse_changed(0, "x");
    refuse_changed(6, "0000000g");
    refuse_changed(14, " 1234567");
    refuse_changed(54, "ffffffff"); /* size of the data */
    refuse_changed(54, "0000000b");
    refuse_changed(94, "00000000"); /* size of the name */
    refuse_changed(94, "00000004"); /* no NUL in it */
    refuse_changed(94, "ffffffff");
    refuse_changed(94, "00004001"); /* above the limit */
}

/* Every byte in every place of a field: digits count, all others are refused. */
static void digits_are_told_from_others(void **state)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("n", 2, "", 0, &size);

    (void)state;
    for (int place = 0; place < 8; place++) {
        for (int c = 0; c < 256; c++) {
            const char *digits = "0123456789abcdefABCDEF", *found = c ? strchr(digits, c) : NULL;
            uint32_t digit = found ? (uint32_t)(found - digits) : 0;

            memcpy(archive + 6, "1234abCD", 8); /* c_ino */
            archive[6 + place] = (uint8_t)c;
            assert_int_equal(read_one(archive, size, &m), found ? 1 : -EINVAL);
            if (found)
                assert_int_equal(m.ino >> (4 * (7 - place)) & 15, digit > 15 ? digit - 6 : digit);
        }
    }
    memcpy(archive + 6, "1234abCD", 8);
    assert_int_equal(read_one(archive, size, &m), 1);
    assert_int_equal(m.ino, 0x1234abcd);
    free(archive);
}

/* The data of a member may reach exactly to the end. */
static void last_byte_is_in_bounds(void **state)
{
    struct cpio_member m;
    size_t size;
    uint8_t *archive = make("n", 2, "0123456", 7, &size);

    (void)state;
    assert_int_equal(read_one(archive, size, &m), 1);
    assert_ptr_equal(m.data + m.size, archive + size);
    free(archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(name_may_be_padded),
        cmocka_unit_test(prefixes_are_removed),
        cmocka_unit_test(end_is_the_trailer_or_nothing),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(digits_are_told_from_others),
        cmocka_unit_test(last_byte_is_in_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
