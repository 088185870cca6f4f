/* SPDX-License-Identifier: BSD-2-Clause */
/* The second half of fs_fakes.h: archives to start from, and shorthands for tests. */
#include "unit/fs_fakes.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- archives ---- */

void cpio_begin(struct cpio_builder *builder)
{
    *builder = (struct cpio_builder){.room = 1 << 20};
    builder->data = aligned_alloc(PAGE_SIZE, builder->room);
    memset(builder->data, 0, builder->room);
}

void cpio_add_fields(struct cpio_builder *b, const char *name, const struct cpio_fields *fields,
                     const void *data, size_t size)
{
    size_t namesize = fields->namesize ? fields->namesize : strlen(name) + 1;

    char header[160];

    assert_true(b->size + 110 + namesize + size + 8 < b->room);
    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
             fields->ino, fields->mode, 0, 0, fields->nlink, 1000000000, size, 0, 0, 0, 0, namesize,
             0);
    memcpy(b->data + b->size, header, 110);
    memcpy(b->data + b->size + 110, name, strlen(name));
    b->size = (b->size + 110 + namesize + 3) & ~3ul;
    memcpy(b->data + b->size, data, size);
    b->size = (b->size + size + 3) & ~3ul;
}

void cpio_add(struct cpio_builder *b, const char *name, uint32_t mode, const void *data,
              size_t size)
{
    cpio_add_fields(b, name, &(struct cpio_fields){.mode = mode, .nlink = 1}, data, size);
}

/* Moves it into memory of its exact size, so that reading beyond is seen. */
void cpio_end(struct cpio_builder *b)
{
    void *exact = NULL;

    cpio_add(b, "TRAILER!!!", 0, "", 0);
    assert_int_equal(posix_memalign(&exact, PAGE_SIZE, b->size), 0);
    memcpy(exact, b->data, b->size);
    free(b->data);
    b->data = exact;
}

void cpio_free(struct cpio_builder *b)
{
    free(b->data);
}

/* ---- shorthands ---- */

int open_path(const char *path, uint32_t flags, uint32_t mode, struct file **file)
{
    return vfs_open(NULL, path, flags, mode, file);
}

ssize_t read_at(struct file *file, void *buf, size_t size, uint64_t pos)
{
    return vfs_read_kernel(file, buf, size, pos);
}

ssize_t write_at(struct file *file, const void *buf, size_t size, uint64_t pos)
{
    struct iov_user segment;
    loff_t at = (loff_t)pos;
    struct iobuf io;

    iobuf_kernel(&io, &segment, (void *)(uintptr_t)buf, size);
    return file->ops->write(file, &io, &at);
}

int put_file(const char *path, const char *text)
{
    struct file *file;
    int error = open_path(path, O_CREAT | O_TRUNC | O_WRONLY, 0644, &file);
    ssize_t done = error ? error : write_at(file, text, strlen(text), 0);

    if (!error)
        file_put(file);
    return done < 0 ? (int)done : 0;
}

void assert_contents(const char *path, const char *text)
{
    char buf[256];
    struct file *file;

    assert_int_equal(open_path(path, O_RDONLY, 0, &file), 0);
    assert_int_equal(read_at(file, buf, sizeof(buf), 0), strlen(text));
    assert_memory_equal(buf, text, strlen(text));
    file_put(file);
}

int walk_error(const char *path, uint32_t flags)
{
    struct dentry *found;
    int error = vfs_walk(NULL, path, flags, &found);

    if (!error)
        dentry_put(found);
    return error;
}
