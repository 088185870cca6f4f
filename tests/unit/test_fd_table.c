/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c guest/fs/notify.c
 * guest/fs/dentry_notify.c guest/fs/dnotify.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/tmpfs.c
 * guest/fs/dentry_mount.c guest/fs/tmpfs_super.c
 * guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c guest/fs/tmpfs_pages.c guest/fs/page_tree.c
 * guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c guest/fs/name_ops.c guest/mm/iobuf.c
 * guest/fs/fd_table.c tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* Descriptor tables: lowest number first, limits, growth, copies, references. */
#include "unit/fs_fakes.h"

#include "fs/fd_table.h"

static const struct file_ops no_ops = {0};
#define NO_LIMIT 1000000ul

static struct file *new_file(void)
{
    struct file *file = file_create(&no_ops, FMODE_READ, 0, NULL);

    assert_non_null(file);
    return file;
}

static int install(struct fd_table *table, int minimum)
{
    return fd_install(table, new_file(), minimum, NO_LIMIT, false);
}

static int setup(void **state)
{
    fake_start(NULL, 0, NULL);
    *state = fd_table_create();
    return 0;
}

static int teardown(void **state)
{
    fd_table_put(*state);
    fake_finish();
    return 0;
}

static void lowest_free_number_comes_first(void **state)
{
    struct fd_table *table = *state;

    for (int i = 0; i < 10; i++)
        assert_int_equal(install(table, 0), i);
    assert_int_equal(fd_close(table, 3), 0);
    assert_int_equal(fd_close(table, 7), 0);
    assert_int_equal(install(table, 0), 3);
    assert_int_equal(install(table, 0), 7);
    assert_int_equal(install(table, 0), 10);
    assert_int_equal(install(table, 100), 100);
    assert_int_equal(install(table, 0), 11);
}

static void table_grows(void **state)
{
    struct fd_table *table = *state;

    for (int i = 0; i < 1500; i++)
        assert_int_equal(install(table, 0), i);
    assert_int_equal(install(table, 60000), 60000);
    for (int i = 0; i < 1500; i += 2)
        assert_int_equal(fd_close(table, i), 0);
    for (int i = 0; i < 1500; i += 2)
        assert_int_equal(install(table, 0), i);
    assert_int_equal(fd_next(table, 1500), 60000);
    assert_int_equal(fd_next(table, 60001), -1);
}

static void limit_holds(void **state)
{
    struct fd_table *table = *state;
    struct file *file = new_file();

    for (int i = 0; i < 5; i++)
        assert_int_equal(fd_install(table, file_get(file), 0, 5, false), i);
    assert_int_equal(fd_install(table, file, 0, 5, false), -EMFILE);
    assert_int_equal(fd_install(table, file, 5, 5, false), -EINVAL);
    assert_int_equal(fd_install(table, file, -1, 5, false), -EINVAL);
    assert_int_equal(fd_replace(table, 5, file, 5, false), -EBADF);
    assert_int_equal(fd_replace(table, -1, file, 5, false), -EBADF);
    file_put(file);
}

static void bad_numbers_are_bad(void **state)
{
    struct fd_table *table = *state;

    assert_null(fd_get(table, 0));
    assert_null(fd_get(table, -1));
    assert_null(fd_get(table, 1 << 30));
    assert_int_equal(fd_close(table, 0), -EBADF);
    assert_int_equal(fd_close(table, -5), -EBADF);
    assert_int_equal(fd_get_cloexec(table, 40), -EBADF);
    assert_int_equal(fd_set_cloexec(table, -1, true), -EBADF);
    assert_int_equal(fd_close_range(table, 3, 2, false), -EINVAL);
}

static void replace_closes_what_was_there(void **state)
{
    struct fd_table *table = *state;
    struct file *file = new_file();

    assert_int_equal(install(table, 0), 0);
    assert_int_equal(fd_replace(table, 0, file, NO_LIMIT, true), 0);
    assert_int_equal(fd_get_cloexec(table, 0), 1);
    assert_int_equal(ref_read(&file->refs), 1);
    assert_int_equal(fd_replace(table, 200, file_get(file), NO_LIMIT, false), 200);
    assert_int_equal(fd_get_cloexec(table, 200), 0);
}

static void exec_closes_the_marked(void **state)
{
    struct fd_table *table = *state;

    for (int i = 0; i < 200; i++)
        assert_int_equal(fd_install(table, new_file(), 0, NO_LIMIT, i % 3 == 0), i);
    fd_table_close_on_exec(table);
    for (int i = 0; i < 200; i++) {
        struct file *file = fd_get(table, i);

        assert_int_equal(file == NULL, i % 3 == 0);
        file_put(file);
    }
}

static void ranges_close_or_mark(void **state)
{
    struct fd_table *table = *state;

    for (int i = 0; i < 100; i++)
        install(table, 0);
    assert_int_equal(fd_close_range(table, 90, UINT32_MAX, true), 0);
    assert_int_equal(fd_get_cloexec(table, 90), 1);
    assert_int_equal(fd_get_cloexec(table, 89), 0);
    assert_int_equal(fd_close_range(table, 3, 80, false), 0);
    assert_int_equal(fd_next(table, 3), 81);
}

static void copies_are_apart(void **state)
{
    struct fd_table *table = *state, *copy;

    for (int i = 0; i < 70; i++)
        assert_int_equal(fd_install(table, new_file(), 0, NO_LIMIT, i == 5), i);
    copy = fd_table_copy(table);
    assert_non_null(copy);
    assert_int_equal(fd_close(table, 4), 0);
    assert_int_equal(fd_get_cloexec(copy, 5), 1);
    assert_int_equal(fd_get_cloexec(copy, 4), 0);
    assert_int_equal(fd_close(copy, 69), 0);
    assert_int_equal(fd_get_cloexec(table, 69), 0);
    fd_table_put(copy);
}

static void no_memory_changes_nothing(void **state)
{
    struct fd_table *table = *state;
    struct file *file = new_file();

    fake_fail_after = 1;
    assert_int_equal(fd_install(table, file, 500, NO_LIMIT, false), -ENOMEM);
    fake_fail_after = 1;
    assert_null(fd_table_copy(table));
    install(table, 100);
    fake_fail_after = 2;
    assert_null(fd_table_copy(table));
    file_put(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lowest_free_number_comes_first),
        TEST(table_grows),
        TEST(limit_holds),
        TEST(bad_numbers_are_bad),
        TEST(replace_closes_what_was_there),
        TEST(exec_closes_the_marked),
        TEST(ranges_close_or_mark),
        TEST(copies_are_apart),
        TEST(no_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
