/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up the tree of dentries: ancestors and absolute paths. */
#include "fs/dentry.h"

#include "lib/errno.h"
#include "lib/string.h"

bool dentry_is_below(struct dentry *dentry, struct dentry *ancestor)
{
    bool below;

    spin_lock(&dentry_lock);
    while (dentry != ancestor && dentry->parent != dentry)
        dentry = dentry->parent;
    below = dentry == ancestor;
    spin_unlock(&dentry_lock);
    return below;
}

/* Writes the path backwards from buf[size]; start index or -ENAMETOOLONG. */
static ssize_t path_backwards(struct dentry *dentry, const struct dentry *root, char *buf,
                              size_t size)
{
    size_t at = size;

    while (dentry != root && dentry->parent != dentry) {
        if (at < (size_t)dentry->name_length + 1)
            return -ENAMETOOLONG;
        at -= dentry->name_length;
        memcpy(buf + at, dentry->name, dentry->name_length);
        buf[--at] = '/';
        dentry = dentry->parent;
    }
    if (at == size) {
        if (at == 0)
            return -ENAMETOOLONG;
        buf[--at] = '/';
    }
    return (ssize_t)at;
}

ssize_t dentry_path(struct dentry *dentry, struct dentry *root, char *buf, size_t size)
{
    static const char deleted[] = " (deleted)";
    ssize_t at;
    size_t length;
    bool gone;

    if (dentry->flags & DENTRY_ANONYMOUS) {
        length = strlcpy(buf, dentry->name, size);
        return length < size ? (ssize_t)length : -ENAMETOOLONG;
    }
    if (size == 0)
        return -ENAMETOOLONG;
    spin_lock(&dentry_lock);
    at = path_backwards(dentry, root, buf, size - 1);
    gone = !(dentry->flags & (DENTRY_HASHED | DENTRY_COVERED)) && dentry->parent != dentry;
    spin_unlock(&dentry_lock);
    if (at < 0)
        return at;
    length = size - 1 - (size_t)at;
    memmove(buf, buf + at, length);
    if (gone) {
        if (length + sizeof(deleted) > size)
            return -ENAMETOOLONG;
        memcpy(buf + length, deleted, sizeof(deleted) - 1);
        length += sizeof(deleted) - 1;
    }
    buf[length] = 0;
    return (ssize_t)length;
}
