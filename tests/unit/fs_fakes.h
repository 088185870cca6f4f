/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guest/fs/ stands on, for tests on the host: memory from the C library that
 * can be made to fail, locks that check their use, a root tmpfs, and a builder of
 * archives.
 */
#ifndef TESTS_UNIT_FS_FAKES_H
#define TESTS_UNIT_FS_FAKES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/archive.h"
#include "fs/dentry.h"
#include "fs/tmpfs.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"

extern struct fs_context fake_context; /* of the "current task" */
extern uint64_t fake_total_pages; /* RAM */
extern unsigned int fake_objects, fake_pages; /* in use: memory, pages */
extern unsigned int fake_fail_after; /* the Nth allocation from now fails; 0: none */
extern unsigned int fake_log_lines; /* klog calls */
/* Deleted at the end of each test: nothing but what it made may be left. */
extern struct tmpfs fake_fs;
extern struct archive fake_archive;
extern struct dentry *fake_root;

/* A tree over an archive (NULL: none); the context's root and cwd are its root. */
void fake_start(const void *archive, size_t size, const struct tmpfs_default *defaults);
void fake_finish(void); /* frees everything; asserts that nothing leaked */

/* An archive in exactly allocated memory, page-aligned. */
struct cpio_builder {
    uint8_t *data;
    size_t size, room;
};
struct cpio_fields {
    uint32_t mode, nlink, ino, namesize; /* namesize 0: strlen + 1 */
};
void cpio_begin(struct cpio_builder *builder);
void cpio_add(struct cpio_builder *builder, const char *name, uint32_t mode, const void *data,
              size_t size);
void cpio_add_fields(struct cpio_builder *builder, const char *name,
                     const struct cpio_fields *fields, const void *data, size_t size);
void cpio_end(struct cpio_builder *builder);
void cpio_free(struct cpio_builder *builder);

/* Shorthands: errno or result of the operation. */
int open_path(const char *path, uint32_t flags, uint32_t mode, struct file **file);
ssize_t read_at(struct file *file, void *buf, size_t size, uint64_t pos);
ssize_t write_at(struct file *file, const void *buf, size_t size, uint64_t pos);
int put_file(const char *path, const char *text); /* creates or replaces */
void assert_contents(const char *path, const char *text);
int walk_error(const char *path, uint32_t flags);

#endif
