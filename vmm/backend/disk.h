/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storage behind a block device, as the device sees it, and a raw image file
 * or host block device as the one that implements it.
 */
#ifndef VMM_BACKEND_DISK_H
#define VMM_BACKEND_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "vmm/vmm.h"

struct disk {
    int fd;
    bool read_only;
    uint64_t size; /* bytes */
};

/* Opens and locks the image (shared when read_only); *error names the file. */
int disk_open(struct disk *disk, const char *path, bool read_only, struct vmm_error *error);
/* All or nothing as far as the caller can tell: 0 or negative errno.  Modify iov. */
int disk_read(const struct disk *disk, struct iovec *iov, int count, uint64_t offset);
int disk_write(const struct disk *disk, struct iovec *iov, int count, uint64_t offset);
int disk_flush(const struct disk *disk);
void disk_close(struct disk *disk);

#endif
