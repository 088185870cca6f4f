/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c guest/fs/notify.c
 * guest/fs/dentry_notify.c guest/fs/dnotify.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/tmpfs.c
 * guest/fs/dentry_mount.c guest/fs/tmpfs_super.c
 * guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c guest/fs/tmpfs_pages.c guest/fs/page_tree.c
 * guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c guest/fs/name_ops.c guest/mm/iobuf.c
 * tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* The boot archive as a tree: lazily, with what is odd or broken in it. */
#include "unit/fs_fakes.h"

static struct cpio_builder archive;

static int setup(void **state)
{
    (void)state;
    fake_total_pages = 4096;
    fake_start(NULL, 0, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_finish();
    if (archive.data)
        cpio_free(&archive);
    archive.data = NULL;
    return 0;
}

/* Starts over with the archive that has been built. */
static void use_archive(void)
{
    fake_finish();
    cpio_end(&archive);
    fake_start(archive.data, archive.size, NULL);
}

static void archive_is_read_no_farther_than_needed(void **state)
{
    (void)state;
    cpio_begin(&archive);
    cpio_add(&archive, "bin/first", S_IFREG | 0755, "1", 1);
    cpio_add(&archive, "bin/second", S_IFREG | 0755, "2", 1);
    cpio_add(&archive, "lib/third", S_IFREG | 0644, "3", 1);
    use_archive();
    assert_contents("/bin/first", "1");
    assert_false(fake_archive.finished);
    assert_null(tmpfs_dir_find(tmpfs_inode_of(fake_fs.sb.root), "lib", 3));
    assert_contents("/lib/third", "3");
    assert_false(fake_archive.finished);
    assert_int_equal(walk_error("/absent", 0), -ENOENT);
    assert_true(fake_archive.finished);
    assert_contents("/bin/second", "2");
}

static void monitors_members_are_hidden(void **state)
{
    const void *data;
    uint64_t size;

    (void)state;
    cpio_begin(&archive);
    cpio_add(&archive, ".vmm/run", S_IFREG | 0644, "secret", 6);
    cpio_add(&archive, ".vmmx", S_IFREG | 0644, "x", 1);
    use_archive();
    assert_int_equal(walk_error("/.vmm", 0), -ENOENT);
    assert_int_equal(walk_error("/.vmm/run", 0), -ENOENT);
    assert_contents("/.vmmx", "x");
    assert_true(boot_archive_find(".vmm/run", &data, &size));
    assert_int_equal(size, 6);
    assert_memory_equal(data, "secret", 6);
    assert_false(boot_archive_find("none", &data, &size));
}

static void metadata_comes_from_the_archive(void **state)
{
    struct dentry *found;

    (void)state;
    cpio_begin(&archive);
    cpio_add(&archive, "implicit/described/f", S_IFREG | 04711, "", 0);
    cpio_add(&archive, "implicit/described", S_IFDIR | 0700, "", 0);
    cpio_add(&archive, "link", S_IFLNK | 0777, "implicit/described/f", 20);
    use_archive();
    assert_int_equal(vfs_walk(NULL, "/link", WALK_FOLLOW, &found), 0);
    assert_int_equal(found->inode->attr.mode, S_IFREG | 04711);
    assert_int_equal(found->inode->attr.mtime.sec, 1000000000);
    dentry_put(found);
    assert_int_equal(walk_error("/absent", 0), -ENOENT); /* reads on: the directory's own member */
    assert_int_equal(vfs_walk(NULL, "/implicit/described", 0, &found), 0);
    assert_int_equal(found->inode->attr.mode, S_IFDIR | 0700);
    dentry_put(found);
    assert_int_equal(vfs_walk(NULL, "/implicit", 0, &found), 0);
    assert_int_equal(found->inode->attr.mode, S_IFDIR | 0755);
    dentry_put(found);
}

static void hard_links_share_what_the_last_one_carries(void **state)
{
    struct cpio_fields fields = {.mode = S_IFREG | 0644, .nlink = 2, .ino = 77};
    struct dentry *a, *b;

    (void)state;
    cpio_begin(&archive);
    cpio_add_fields(&archive, "one", &fields, "", 0);
    cpio_add(&archive, "between", S_IFREG | 0644, "b", 1);
    cpio_add_fields(&archive, "two", &fields, "data", 4);
    cpio_add(&archive, "behind", S_IFREG | 0644, "c", 1);
    use_archive();
    assert_contents("/one", "data");
    assert_int_equal(vfs_walk(NULL, "/one", 0, &a), 0);
    assert_int_equal(vfs_walk(NULL, "/two", 0, &b), 0);
    assert_ptr_equal(a->inode, b->inode);
    assert_int_equal(a->inode->attr.nlink, 2);
    dentry_put(a);
    dentry_put(b);
}

static void bad_members_are_left_out(void **state)
{
    (void)state;
    cpio_begin(&archive);
    cpio_add(&archive, "a/../b", S_IFREG | 0644, "x", 1);
    cpio_add(&archive, "file", S_IFREG | 0644, "f", 1);
    cpio_add(&archive, "file/below", S_IFREG | 0644, "x", 1);
    cpio_add(&archive, "odd", 0170000 | 0644, "x", 1);
    cpio_add(&archive, "file", S_IFREG | 0644, "second", 6);
    use_archive();
    assert_int_equal(walk_error("/b", 0), -ENOENT);
    assert_int_equal(walk_error("/odd", 0), -ENOENT);
    assert_int_equal(walk_error("/file/below", 0), -ENOTDIR);
    assert_contents("/file", "f");
    assert_int_equal(fake_log_lines, 3);
}

static void malformed_archive_ends_early(void **state)
{
    (void)state;
    cpio_begin(&archive);
    cpio_add(&archive, "good", S_IFREG | 0644, "g", 1);
    archive.data[archive.size] = 'x';
    archive.size += 120;
    use_archive();
    assert_contents("/good", "g");
    assert_int_equal(walk_error("/other", 0), -ENOENT);
    assert_int_equal(fake_log_lines, 1);
    assert_int_equal(put_file("/new", "still works"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(archive_is_read_no_farther_than_needed),
        TEST(monitors_members_are_hidden),
        TEST(metadata_comes_from_the_archive),
        TEST(hard_links_share_what_the_last_one_carries),
        TEST(bad_members_are_left_out),
        TEST(malformed_archive_ends_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
