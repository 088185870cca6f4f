/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c guest/fs/notify.c
 * guest/fs/dentry_notify.c guest/fs/dnotify.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/tmpfs.c
 * guest/fs/dentry_mount.c guest/fs/tmpfs_super.c
 * guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c guest/fs/tmpfs_pages.c guest/fs/page_tree.c
 * guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c guest/fs/name_ops.c guest/mm/iobuf.c
 * tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* Advisory locks: conflicts, cutting and joining, against one owner per byte. */
#include "unit/fs_fakes.h"

#include <stdlib.h>

#include "fs/file_lock.h"

#define BYTES 64u
#define OWNERS 3u

static struct inode *inode;
static char owners[OWNERS];

static int setup(void **state)
{
    (void)state;
    fake_start(NULL, 0, NULL);
    inode = inode_create_anonymous(0600);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < OWNERS && inode->locks; i++)
        file_lock_release(inode, &owners[i]);
    inode_put(inode);
    fake_finish();
    return 0;
}

static int set(unsigned int owner, enum file_lock_type type, uint64_t start, uint64_t end)
{
    return file_lock_set(
        inode,
        &(struct file_lock_request){
            .type = type, .owner = &owners[owner], .pid = (int)owner, .start = start, .end = end},
        false);
}

static void writers_exclude_others(void **state)
{
    (void)state;
    assert_int_equal(set(0, FILE_LOCK_WRITE, 10, 19), 0);
    assert_int_equal(set(1, FILE_LOCK_READ, 19, 30), -EAGAIN);
    assert_int_equal(set(1, FILE_LOCK_READ, 20, 30), 0);
    assert_int_equal(set(2, FILE_LOCK_READ, 25, UINT64_MAX), 0);
    assert_int_equal(set(2, FILE_LOCK_WRITE, 25, 26), -EAGAIN);
    assert_int_equal(set(0, FILE_LOCK_NONE, 15, 19), 0);
    assert_int_equal(set(1, FILE_LOCK_WRITE, 15, 19), 0);
    file_lock_release(inode, &owners[0]);
    assert_int_equal(set(1, FILE_LOCK_WRITE, 0, 19), 0);
}

static void whole_files_are_another_matter(void **state)
{
    struct file_lock_request request = {
        .type = FILE_LOCK_WRITE, .whole_file = true, .owner = &owners[0], .end = UINT64_MAX};

    (void)state;
    assert_int_equal(set(1, FILE_LOCK_WRITE, 0, UINT64_MAX), 0);
    assert_int_equal(file_lock_set(inode, &request, false), 0);
    request.owner = &owners[1];
    assert_int_equal(file_lock_set(inode, &request, false), -EAGAIN);
    assert_int_equal(file_lock_set(inode, &request, true), -ERESTARTSYS);
    request.owner = &owners[0];
    request.type = FILE_LOCK_NONE;
    assert_int_equal(file_lock_set(inode, &request, false), 0);
}

static enum file_lock_type model[OWNERS][BYTES];

static bool allowed(unsigned int owner, enum file_lock_type type, uint64_t start, uint64_t end)
{
    for (unsigned int other = 0; other < OWNERS; other++)
        for (uint64_t i = start; i <= end && other != owner; i++)
            if (model[other][i] != FILE_LOCK_NONE &&
                (type == FILE_LOCK_WRITE || model[other][i] == FILE_LOCK_WRITE))
                return false;
    return true;
}

/* What somebody else would run into at each byte is what the model says. */
static void check_bytes(void)
{
    for (uint64_t i = 0; i < BYTES; i++) {
        char stranger;
        struct file_lock_request request = {
            .type = FILE_LOCK_WRITE, .owner = &stranger, .start = i, .end = i};
        bool locked = false;

        file_lock_test(inode, &request);
        for (unsigned int owner = 0; owner < OWNERS; owner++)
            locked |= model[owner][i] != FILE_LOCK_NONE;
        assert_int_equal(request.type != FILE_LOCK_NONE, locked);
        if (locked)
            assert_int_equal(model[request.pid][i], request.type);
    }
}

static void ranges_equal_a_model(void **state)
{
    (void)state;
    srand(3);
    for (unsigned int i = 0; i < OWNERS * BYTES; i++)
        model[i / BYTES][i % BYTES] = FILE_LOCK_NONE;
    for (int round = 0; round < 20000; round++) {
        unsigned int owner = (unsigned int)rand() % OWNERS;
        enum file_lock_type type = (enum file_lock_type)(rand() % 3);
        uint64_t start = (uint64_t)rand() % BYTES, end = start + (uint64_t)rand() % 12;
        bool ok;

        end = end < BYTES ? end : BYTES - 1;
        ok = type == FILE_LOCK_NONE || allowed(owner, type, start, end);
        assert_int_equal(set(owner, type, start, end), ok ? 0 : -EAGAIN);
        for (uint64_t i = start; i <= end && ok; i++)
            model[owner][i] = type;
        if (round % 16 == 0)
            check_bytes();
    }
}

static void neighbours_become_one(void **state)
{
    unsigned int before;

    (void)state;
    assert_int_equal(set(0, FILE_LOCK_WRITE, 0, 0), 0);
    before = fake_objects;
    for (uint64_t i = 1; i < 100; i++)
        assert_int_equal(set(0, FILE_LOCK_WRITE, i, i), 0);
    assert_int_equal(fake_objects, before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(writers_exclude_others),
        TEST(whole_files_are_another_matter),
        TEST(ranges_equal_a_model),
        TEST(neighbours_become_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
