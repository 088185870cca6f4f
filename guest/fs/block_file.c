/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks as files, through a page as bounce buffer: the device sees whole sectors
 * in kernel memory, the program any offset and length.  No cache: reads and
 * writes go to the device, fsync flushes it.
 */
#include "fs/block_file.h"

#include "fs/device.h"
#include "fs/inode.h"
#include "iface/blockdev.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"

#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_SIZE)
/* ioctl numbers: linux/fs.h */
#define BLKROGET 0x125eu
#define BLKGETSIZE 0x1260u
#define BLKFLSBUF 0x1261u
#define BLKRASET 0x1262u
#define BLKRAGET 0x1263u
#define BLKSSZGET 0x1268u
#define BLKPBSZGET 0x127bu
#define BLKBSZGET 0x80081270u
#define BLKGETSIZE64 0x80081272u

static unsigned int (*source_count)(void);
static struct blockdev *(*source_get)(unsigned int index);
static struct mutex device_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_WAIT),
                                   .waiters = LIST_INIT(device_lock.waiters)};

void blockdev_set_source(unsigned int (*count)(void), struct blockdev *(*get)(unsigned int))
{
    source_count = count;
    source_get = get;
}

unsigned int blockdev_count(void)
{
    return source_count ? source_count() : 0;
}

struct blockdev *blockdev_get(unsigned int index)
{
    return source_get(index);
}

static uint64_t byte_size(const struct blockdev *dev)
{
    return dev->sector_count * SECTOR_SIZE;
}

/* A window of at most a page: whole sectors around [at, at + size). */
struct window {
    uint64_t sector;
    uint32_t count;
    size_t offset; /* of at in it */
    size_t size; /* bytes of [at, ...) that it holds */
};

static struct window window_at(uint64_t at, uint64_t size)
{
    struct window w = {.sector = at / SECTOR_SIZE, .offset = at % SECTOR_SIZE};

    w.size = MIN(size, PAGE_SIZE - w.offset);
    w.count = (uint32_t)((w.offset + w.size + SECTOR_SIZE - 1) / SECTOR_SIZE);
    return w;
}

static ssize_t read_window(struct blockdev *dev, struct iobuf *buf, const struct window *w,
                           char *page)
{
    int error = dev->ops->read(dev, w->sector, w->count, page);

    return error ? error : iobuf_put(buf, page + w->offset, w->size);
}

/* Sectors that are only partly written are read first. */
static ssize_t write_window(struct blockdev *dev, struct iobuf *buf, const struct window *w,
                            char *page)
{
    bool whole = w->offset == 0 && w->size % SECTOR_SIZE == 0;
    ssize_t got;
    int error = 0;

    mutex_lock(&device_lock);
    if (!whole)
        error = dev->ops->read(dev, w->sector, w->count, page);
    got = error ? error : iobuf_get(buf, page + w->offset, w->size);
    if (got > 0) {
        if (whole) /* short after a fault: only whole sectors count */
            got = got < (ssize_t)w->size ? got & ~(ssize_t)(SECTOR_SIZE - 1) : got;
        error = dev->ops->write(
            dev, w->sector, (uint32_t)((w->offset + (size_t)got + SECTOR_SIZE - 1) / SECTOR_SIZE),
            page);
    }
    mutex_unlock(&device_lock);
    return error ? error : got;
}

static ssize_t transfer(struct blockdev *dev, struct iobuf *buf, loff_t *pos, bool write)
{
    uint64_t at = (uint64_t)*pos, end = byte_size(dev);
    char *page = page_alloc_virt(0);
    ssize_t total = 0, done = 0;

    if (!page)
        return -ENOMEM;
    while (buf->remaining && at < end) {
        struct window w = window_at(at, MIN(buf->remaining, end - at));

        done = write ? write_window(dev, buf, &w, page) : read_window(dev, buf, &w, page);
        if (done <= 0)
            break;
        at += (uint64_t)done;
        total += done;
        if ((size_t)done < w.size)
            break;
    }
    page_free_virt(page);
    *pos = (loff_t)at;
    return total ? total : done;
}

static struct blockdev *dev_of(struct file *file)
{
    return file->private_data;
}

static ssize_t block_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    return transfer(dev_of(file), buf, pos, false);
}

static ssize_t block_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    if (buf->remaining && (uint64_t)*pos >= byte_size(dev_of(file)))
        return -ENOSPC;
    return transfer(dev_of(file), buf, pos, true);
}

static loff_t block_seek(struct file *file, loff_t offset, int whence)
{
    loff_t base = 0, target;

    if (whence == SEEK_CUR)
        base = file->pos;
    else if (whence == SEEK_END)
        base = (loff_t)byte_size(dev_of(file));
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, offset, &target) || target < 0)
        return -EINVAL;
    file->pos = target;
    return target;
}

static int block_fsync(struct file *file, bool data_only)
{
    struct blockdev *dev = dev_of(file);

    (void)data_only;
    return dev->ops->flush ? dev->ops->flush(dev) : 0;
}

static int64_t block_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    struct blockdev *dev = dev_of(file);

    switch (request) {
    case BLKGETSIZE64:
        return put_user_u64(UADDR(arg), byte_size(dev));
    case BLKGETSIZE:
        return put_user_u64(UADDR(arg), dev->sector_count);
    case BLKSSZGET:
    case BLKPBSZGET:
        return put_user_u32(UADDR(arg), SECTOR_SIZE);
    case BLKBSZGET:
        return put_user_u32(UADDR(arg), PAGE_SIZE);
    case BLKROGET:
        return put_user_u32(UADDR(arg), dev->read_only);
    case BLKRASET:
        dev->readahead = arg;
        return 0;
    case BLKRAGET:
        return put_user_u64(UADDR(arg), dev->readahead);
    case BLKFLSBUF:
        return block_fsync(file, false);
    default:
        return -ENOTTY;
    }
}

static const struct file_ops block_ops = {.read = block_read,
                                          .write = block_write,
                                          .seek = block_seek,
                                          .fsync = block_fsync,
                                          .ioctl = block_ioctl};

int block_open(struct inode *inode, struct file *file)
{
    uint64_t rdev = inode->attr.rdev;
    unsigned int index = DEVICE_MINOR(rdev) / DISK_MINORS;
    struct blockdev *dev;

    if (DEVICE_MAJOR(rdev) != DEVICE_MAJOR_VIRTBLK || DEVICE_MINOR(rdev) % DISK_MINORS ||
        index >= blockdev_count())
        return -ENXIO;
    dev = blockdev_get(index);
    if (!dev)
        return -ENXIO;
    if ((file->mode & FMODE_WRITE) && dev->read_only)
        return -EACCES;
    file->ops = &block_ops;
    file->private_data = dev;
    file->mode |= FMODE_SEEK;
    return 0;
}
