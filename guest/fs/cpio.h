/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader of the cpio format "newc" (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst).  Reads one member per call and only the pages that its
 * header and name lie in.  The archive is not trusted: every number is checked
 * against its bounds.
 */
#ifndef FS_CPIO_H
#define FS_CPIO_H

#include "lib/types.h"

#define CPIO_NAME_SIZE_MAX 16384u /* c_namesize with the padding that aligns the data */

struct cpio_member {
    const char *name; /* in the archive, NUL-terminated, leading "/" and "./" removed */
    size_t name_length;
    const uint8_t *data;
    uint64_t size; /* bytes of data */
    uint64_t offset; /* of the header in the archive */
    uint64_t next; /* offset of the next header */
    uint32_t mode, uid, gid, nlink, mtime, ino;
    uint32_t dev_major, dev_minor, rdev_major, rdev_minor;
};

/*
 * The member at offset.  1: in *member; 0: end of the archive; -EINVAL: malformed,
 * with the reason in *reason.
 */
int cpio_read(const void *archive, uint64_t size, uint64_t offset, struct cpio_member *member,
              const char **reason);

#endif
