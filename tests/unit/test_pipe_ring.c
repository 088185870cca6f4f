/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/pipe_ring.c guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c
 * guest/fs/notify.c guest/fs/dentry_notify.c guest/fs/dnotify.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/dentry_mount.c
 * guest/fs/tmpfs_super.c guest/fs/tmpfs.c guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c
 * guest/fs/tmpfs_pages.c guest/fs/page_tree.c guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c
 * guest/mm/iobuf.c tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* A pipe's ring: what goes in comes out, in order, through any resize. */
#include "unit/fs_fakes.h"

#include <stdlib.h>

#include "fs/pipe_ring.h"

static struct pipe_ring ring;
static uint8_t next_in, next_out; /* bytes are numbered */

static int setup(void **state)
{
    (void)state;
    fake_start(NULL, 0, NULL);
    assert_true(pipe_ring_init(&ring));
    next_in = next_out = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pipe_ring_free(&ring);
    fake_finish();
    return 0;
}

static size_t give(size_t size)
{
    uint8_t *data = malloc(size);
    struct iov_user segment;
    struct iobuf buf;
    ssize_t done;

    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(next_in + i);
    iobuf_kernel(&buf, &segment, data, size);
    done = pipe_ring_give(&ring, &buf);
    free(data);
    assert_true(done >= 0);
    next_in = (uint8_t)(next_in + done);
    return (size_t)done;
}

static size_t take(size_t size)
{
    uint8_t *data = malloc(size);
    struct iov_user segment;
    struct iobuf buf;
    ssize_t done;

    iobuf_kernel(&buf, &segment, data, size);
    done = pipe_ring_take(&ring, &buf);
    assert_true(done >= 0);
    for (ssize_t i = 0; i < done; i++)
        assert_int_equal(data[i], next_out++);
    free(data);
    return (size_t)done;
}

static void bytes_keep_their_order(void **state)
{
    uint64_t inside = 0;

    (void)state;
    srand(5);
    for (int round = 0; round < 5000; round++) {
        size_t size = (size_t)rand() % 20000 + 1;
        uint32_t pages = 1u << (rand() % 6);

        switch (rand() % 8) {
        case 0:
            assert_int_equal(pipe_ring_resize(&ring, pages),
                             inside > pages * PAGE_SIZE ? -EBUSY : 0);
            break;
        case 1:
        case 2:
        case 3:
            assert_int_equal(take(size), size < inside ? size : inside);
            inside -= size < inside ? size : inside;
            break;
        default: {
            uint64_t room = pipe_ring_capacity(&ring) - inside;

            assert_int_equal(give(size), size < room ? size : room);
            inside += size < room ? size : room;
        }
        }
        assert_int_equal(pipe_ring_filled(&ring), inside);
    }
}

static void one_page_serves_small_messages(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(give(100), 100);
        assert_int_equal(take(100), 100);
    }
    assert_int_equal(fake_pages, 1);
}

static void no_memory_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(give(50000), 50000);
    assert_int_equal(take(3000), 3000);
    for (unsigned int nth = 1; nth <= 12; nth++) {
        fake_fail_after = nth;
        assert_int_equal(pipe_ring_resize(&ring, 32), -ENOMEM);
        assert_int_equal(pipe_ring_filled(&ring), 47000);
    }
    fake_fail_after = 0;
    assert_int_equal(pipe_ring_resize(&ring, 32), 0);
    assert_int_equal(take(50000), 47000);
    fake_fail_after = 1;
    struct iov_user segment;
    struct iobuf buf;
    char data[10] = "";
    assert_int_equal(pipe_ring_resize(&ring, 1), -ENOMEM);
    fake_fail_after = 0;
    assert_int_equal(pipe_ring_resize(&ring, 1), 0);
    fake_fail_after = 1;
    iobuf_kernel(&buf, &segment, data, sizeof(data));
    assert_int_equal(pipe_ring_give(&ring, &buf), -ENOMEM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_keep_their_order),
        TEST(one_page_serves_small_messages),
        TEST(no_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
