/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk: 512-byte sectors, synchronous calls that may sleep.  Drivers implement it. */
#ifndef IFACE_BLOCKDEV_H
#define IFACE_BLOCKDEV_H

#include "lib/types.h"

#define SECTOR_SIZE 512u

struct blockdev;

struct blockdev_ops {
    /* data: kernel memory in the direct map, count sectors.  0 or -EIO, -EROFS, -EINVAL. */
    int (*read)(struct blockdev *dev, uint64_t sector, uint32_t count, void *data);
    int (*write)(struct blockdev *dev, uint64_t sector, uint32_t count, const void *data);
    int (*flush)(struct blockdev *dev);
};

struct blockdev {
    const struct blockdev_ops *ops;
    void *driver;
    char name[8]; /* "vda" */
    uint64_t sector_count;
    bool read_only;
    uint64_t readahead; /* BLKRASET's number, which readers get back */
};

/* Disks found, in order of discovery; brings devices up on the first call. */
unsigned int blockdev_count(void);
struct blockdev *blockdev_get(unsigned int index);
/* Set once by main.c to the driver's discovery. */
void blockdev_set_source(unsigned int (*count)(void), struct blockdev *(*get)(unsigned int));

#endif
