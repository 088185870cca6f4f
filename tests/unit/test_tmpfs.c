/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c guest/fs/notify.c
 * guest/fs/dentry_notify.c guest/fs/dnotify.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/tmpfs.c
 * guest/fs/dentry_mount.c guest/fs/tmpfs_super.c
 * guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c guest/fs/tmpfs_pages.c guest/fs/page_tree.c
 * guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c guest/fs/name_ops.c guest/mm/iobuf.c
 * tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* tmpfs: files over the archive and over pages, sparse files, limits, no memory. */
#include "unit/fs_fakes.h"

#include <stdlib.h>

#include "mm/page_alloc.h"
#include "mm/vma.h"

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

static struct file *must_open(const char *path, uint32_t flags)
{
    struct file *file;

    assert_int_equal(open_path(path, flags, 0644, &file), 0);
    return file;
}

static int get_page(struct file *file, uint64_t offset, bool for_write, struct vm_page *page)
{
    struct mmap_request request = {.vm_flags = VM_READ | VM_SHARED};

    assert_int_equal(file->ops->mmap(file, &request), 0);
    return request.ops->get_page(request.object, offset, for_write, page);
}

/* Two and a half pages, page-aligned in the archive as our monitor makes it. */
static void add_aligned(const char *name, size_t size)
{
    struct cpio_fields fields = {.mode = S_IFREG | 0644, .nlink = 1};
    size_t start = (archive.size + 110 + strlen(name) + 1 + 4095) & ~4095ul;
    char *data = malloc(size);

    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + i / PAGE_SIZE);
    fields.namesize = (uint32_t)(start - archive.size - 110);
    cpio_add_fields(&archive, name, &fields, data, size);
    free(data);
}

static void whole_pages_are_mapped_in_place(void **state)
{
    struct vm_page page;
    struct file *file;

    (void)state;
    cpio_begin(&archive);
    add_aligned("f", 2 * PAGE_SIZE + 100);
    cpio_add(&archive, "next", S_IFREG | 0644, "n", 1);
    use_archive();
    file = must_open("/f", O_RDONLY);
    assert_int_equal(get_page(file, PAGE_SIZE, false, &page), 0);
    assert_true(page.is_static);
    assert_ptr_equal(phys_to_virt(page.pa), archive.data + 2 * PAGE_SIZE);
    assert_int_equal(fake_pages, 0);

    /* The last page is a copy with zeroes behind the end, where the next header lies. */
    assert_int_equal(get_page(file, 2 * PAGE_SIZE, false, &page), 0);
    assert_false(page.is_static);
    const char *bytes = phys_to_virt(page.pa);
    assert_int_equal(bytes[99], 'c');
    for (size_t i = 100; i < PAGE_SIZE; i++)
        assert_int_equal(bytes[i], 0);
    page_put(page.pa);
    assert_int_equal(get_page(file, 3 * PAGE_SIZE, false, &page), -EFAULT);
    file_put(file);
}

static void writing_copies_the_page(void **state)
{
    struct vm_page page;
    struct file *file;
    char buf[8];

    (void)state;
    cpio_begin(&archive);
    add_aligned("f", 3 * PAGE_SIZE);
    use_archive();
    file = must_open("/f", O_RDWR);
    assert_int_equal(write_at(file, "XY", 2, PAGE_SIZE - 1), 2);
    assert_int_equal(fake_pages, 2);
    assert_int_equal(archive.data[2 * PAGE_SIZE - 1], 'a');
    assert_int_equal(read_at(file, buf, 4, PAGE_SIZE - 2), 4);
    assert_memory_equal(buf, "aXYb", 4);
    assert_int_equal(get_page(file, 0, false, &page), 0);
    assert_false(page.is_static);
    page_put(page.pa);
    assert_int_equal(get_page(file, 2 * PAGE_SIZE, true, &page), 0); /* shared and writable */
    assert_false(page.is_static);
    page_put(page.pa);
    file_put(file);
}

/* ---- sizes and holes, against a plain array ---- */

#define MODEL_SIZE (40 * PAGE_SIZE)

static void files_equal_a_model(void **state)
{
    static uint8_t model[MODEL_SIZE], buf[MODEL_SIZE], data[3 * PAGE_SIZE];
    uint64_t size = 10 * PAGE_SIZE + 7;
    struct file *file;

    (void)state;
    cpio_begin(&archive);
    add_aligned("f", size);
    use_archive();
    file = must_open("/f", O_RDWR);
    memset(model, 0, sizeof(model));
    assert_int_equal(read_at(file, model, sizeof(model), 0), (int)size);
    srand(1);
    for (int round = 0; round < 3000; round++) {
        uint64_t at = (uint64_t)rand() % (MODEL_SIZE - sizeof(data));
        size_t length = (size_t)rand() % sizeof(data) + 1;

        switch (rand() % 5) {
        case 0:
        case 1:
            memset(data, rand(), length);
            assert_int_equal(write_at(file, data, length, at), (int)length);
            memcpy(model + at, data, length);
            size = size > at + length ? size : at + length;
            break;
        case 2:
            assert_int_equal(file->ops->truncate(file, at), 0);
            if (at < size)
                memset(model + at, 0, size - at);
            size = at;
            break;
        case 3:
            assert_int_equal(file->ops->fallocate(file, 3, at, length), 0); /* punch a hole */
            memset(model + at, 0, length);
            break;
        default:
            assert_int_equal(file->ops->fallocate(file, rand() % 2, at, length), 0);
            size = file->inode->attr.size;
        }
        assert_int_equal(file->inode->attr.size, size);
        assert_int_equal(read_at(file, buf, sizeof(buf), 0), (int)size);
        assert_memory_equal(buf, model, size);
    }
    file_put(file);
}

static void data_and_holes_are_found(void **state)
{
    struct file *file;

    (void)state;
    file = must_open("/f", O_RDWR | O_CREAT);
    assert_int_equal(write_at(file, "x", 1, 5 * PAGE_SIZE + 10), 1);
    assert_int_equal(file->ops->truncate(file, 8 * PAGE_SIZE), 0);
    assert_int_equal(file->ops->seek(file, 0, SEEK_DATA), 5 * PAGE_SIZE);
    assert_int_equal(file->ops->seek(file, 5 * PAGE_SIZE, SEEK_HOLE), 6 * PAGE_SIZE);
    assert_int_equal(file->ops->seek(file, 3, SEEK_HOLE), 3);
    assert_int_equal(file->ops->seek(file, 6 * PAGE_SIZE, SEEK_DATA), -ENXIO);
    assert_int_equal(file->ops->seek(file, 8 * PAGE_SIZE, SEEK_HOLE), -ENXIO);
    assert_int_equal(file->ops->seek(file, -1, SEEK_SET), -EINVAL);
    file_put(file);
}

static void huge_offsets_are_sparse_or_refused(void **state)
{
    struct file *file;
    char byte = 1;

    (void)state;
    file = must_open("/f", O_RDWR | O_CREAT);
    assert_int_equal(write_at(file, "x", 1, 1ul << 60), 1);
    assert_int_equal(fake_pages, 1);
    assert_int_equal(read_at(file, &byte, 1, 1ul << 59), 1);
    assert_int_equal(byte, 0);
    assert_int_equal(write_at(file, "x", 1, INT64_MAX), -EFBIG);
    assert_int_equal(file->ops->truncate(file, 0), 0);
    assert_int_equal(fake_pages, 0);
    file_put(file);
}

static void half_of_memory_is_the_limit(void **state)
{
    struct file *file;
    int written = 0;

    (void)state;
    fake_total_pages = 64;
    file = must_open("/f", O_RDWR | O_CREAT);
    for (uint64_t page = 0; write_at(file, "x", 1, page * PAGE_SIZE) == 1; page++)
        written++;
    assert_int_equal(written, 32);
    assert_int_equal(write_at(file, "x", 1, 100 * PAGE_SIZE), -ENOSPC);
    assert_int_equal(write_at(file, "y", 1, 0), 1);
    file_put(file);
    assert_int_equal(vfs_unlink(NULL, "/f", false), 0);
    assert_int_equal(put_file("/g", "room again"), 0);
}

static void contents_live_until_the_last_close(void **state)
{
    struct file *file;
    char buf[4];

    (void)state;
    assert_int_equal(put_file("/f", "live"), 0);
    file = must_open("/f", O_RDONLY);
    assert_int_equal(vfs_unlink(NULL, "/f", false), 0);
    assert_int_equal(walk_error("/f", 0), -ENOENT);
    assert_int_equal(read_at(file, buf, 4, 0), 4);
    assert_memory_equal(buf, "live", 4);
    assert_int_equal(file->inode->attr.nlink, 0);
    file_put(file);
    dentry_shrink(0);
    assert_int_equal(fake_pages, 0);
}

static int some_work(void)
{
    int error = vfs_create(NULL, "/directory", S_IFDIR | 0755, 0, NULL);

    if (!error)
        error = put_file("/directory/a name that is longer than what fits inline", "text");
    if (!error)
        error = vfs_create(NULL, "/l", S_IFLNK | 0777, 0, "directory");
    if (!error)
        error = vfs_rename(NULL, "/directory", NULL, "/another name that does not fit inline", 0);
    if (!error)
        error = put_file("/l", "a file over a dangling link");
    return error;
}

static void no_memory_leaks_nothing(void **state)
{
    unsigned int failures = 0;

    (void)state;
    for (unsigned int nth = 1;; nth++) {
        cpio_begin(&archive);
        cpio_add(&archive, "usr/bin/program", S_IFREG | 0755, "p", 1);
        cpio_add(&archive, "l2", S_IFLNK | 0777, "usr", 3);
        use_archive();
        fake_fail_after = nth;
        int error = some_work();
        bool reached = fake_fail_after == 0;
        fake_fail_after = 0;
        if (error)
            assert_int_equal(error, -ENOMEM);
        failures += error != 0;
        fake_finish();
        cpio_free(&archive);
        archive.data = NULL;
        fake_start(NULL, 0, NULL);
        if (!reached)
            break;
    }
    assert_true(failures > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_pages_are_mapped_in_place),
        TEST(writing_copies_the_page),
        TEST(files_equal_a_model),
        TEST(data_and_holes_are_found),
        TEST(huge_offsets_are_sparse_or_refused),
        TEST(half_of_memory_is_the_limit),
        TEST(contents_live_until_the_last_close),
        TEST(no_memory_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
