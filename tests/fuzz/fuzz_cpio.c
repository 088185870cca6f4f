/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/notify.c guest/fs/dentry_notify.c guest/fs/dnotify.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/tmpfs.c
 * guest/fs/dentry_mount.c guest/fs/tmpfs_super.c
 * guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c guest/fs/tmpfs_pages.c guest/fs/page_tree.c
 * guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c guest/fs/name_ops.c guest/mm/iobuf.c
 * tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* libs: cmocka */
/*
 * Any bytes as boot archive: the tree that comes out can be listed and read, and
 * leaves nothing behind.
 */
#include "unit/fs_fakes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct listing {
    struct dir_context context;
    struct dentry *dir;
    unsigned int depth;
    char names[64][256];
    size_t lengths[64];
    unsigned int count;
};

static bool emit(struct dir_context *context, const char *name, size_t length, uint64_t inode,
                 uint8_t type, uint64_t next_pos)
{
    struct listing *listing = (struct listing *)context;

    (void)inode;
    (void)type;
    (void)next_pos;
    if (length == 0 || length > 255)
        abort();
    if (listing->count == 64)
        return false;
    memcpy(listing->names[listing->count], name, length);
    listing->lengths[listing->count++] = length;
    return true;
}

static void look_at(struct dentry *dentry, unsigned int depth);

static void list(struct dentry *dir, unsigned int depth)
{
    struct listing *listing = calloc(1, sizeof(*listing));
    struct file *file;

    listing->context.emit = emit;
    if (vfs_open_dentry(dir, O_RDONLY, &file))
        abort();
    file->ops->iterate(file, &listing->context);
    file_put(file);
    for (unsigned int i = 2; i < listing->count && depth < 8; i++) {
        struct dentry *child;

        if (vfs_lookup(dir, listing->names[i], listing->lengths[i], &child))
            abort(); /* what is listed exists */
        look_at(child, depth + 1);
        dentry_put(child);
    }
    free(listing);
}

static void look_at(struct dentry *dentry, unsigned int depth)
{
    char buf[300];
    struct file *file;

    if (S_ISDIR(dentry->inode->attr.mode)) {
        list(dentry, depth);
    } else if (S_ISREG(dentry->inode->attr.mode)) {
        if (vfs_open_dentry(dentry, O_RDWR, &file))
            abort();
        if (read_at(file, buf, sizeof(buf), 0) < 0 || read_at(file, buf, 1, 4095) < 0 ||
            write_at(file, "x", 1, 4000) != 1)
            abort();
        file_put(file);
    } else if (S_ISLNK(dentry->inode->attr.mode)) {
        if (dentry->inode->ops->readlink(dentry->inode, buf, sizeof(buf)) < 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *exact = NULL;

    if (size > 65536 || posix_memalign(&exact, 4096, size ? size : 1))
        return 0;
    memcpy(exact, data, size);
    fake_start(exact, size, NULL);
    walk_error("/usr/bin/program", WALK_FOLLOW);
    list(fake_root, 0);
    fake_finish();
    free(exact);
    return 0;
}
