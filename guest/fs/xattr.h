/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes, xattr(7): names and values kept in memory beside an inode.
 * For file systems whose super block says so.  Guarded by inode->lock.
 */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "fs/inode.h"

#define XATTR_NAME_MAX 255u
#define XATTR_SIZE_MAX 65536u /* bytes of a value */
#define XATTR_LIST_MAX 65536u /* bytes of all names */
#define XATTR_CREATE 1u
#define XATTR_REPLACE 2u

/* Bytes of the value; size 0 only asks.  -ENODATA, -ERANGE, -EOPNOTSUPP, -EACCES. */
ssize_t xattr_get(struct inode *inode, const char *name, void *value, size_t size);
/* Bytes of the names, each with its NUL; size 0 only asks. */
ssize_t xattr_list(struct inode *inode, char *names, size_t size);
int xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
              uint32_t flags);
int xattr_remove(struct inode *inode, const char *name);
void xattr_free(struct inode *inode); /* the inode ends */

#endif
