/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device nodes to drivers, and the memory devices (major 1): null, zero, full,
 * random, urandom, kmsg.  Terminals register themselves.
 */
#include "fs/device.h"

#include "fs/block_file.h"
#include "fs/inode.h"
#include "fs/pipe.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vma.h"
#include "sched/thread.h"

#define REGISTRATIONS_MAX 8u
#define OTHERS_EVERY 262144u /* bytes that one call writes before others may run */
#define RNDGETENTCNT 0x80045200u /* random(4) */
#define RANDOM_BITS 256u /* the pool is always full */

static struct {
    uint32_t major;
    device_open_function *open;
} drivers[REGISTRATIONS_MAX];
static uint32_t driver_count;

void device_register(uint32_t major, device_open_function *open)
{
    ASSERT(driver_count < REGISTRATIONS_MAX);
    drivers[driver_count].major = major;
    drivers[driver_count].open = open;
    driver_count++;
}

static ssize_t null_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    (void)file;
    (void)buf;
    (void)pos;
    return 0;
}

/* Takes everything: the contents are not even looked at. */
static ssize_t null_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    size_t size = buf->remaining;

    (void)file;
    (void)pos;
    buf->remaining = 0;
    return (ssize_t)size;
}

static ssize_t zero_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    ssize_t total = 0, done;

    (void)file;
    (void)pos;
    do {
        size_t size = MIN(buf->remaining, OTHERS_EVERY);

        done = iobuf_put_zero(buf, size);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((size_t)done < size)
            break;
    } while (buf->remaining && !sched_checkpoint());
    return total;
}

static ssize_t full_write(struct file *file, struct iobuf *buf, loff_t *pos)
{
    (void)file;
    (void)pos;
    return buf->remaining ? -ENOSPC : 0;
}

static ssize_t random_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    uint8_t chunk[256];
    ssize_t total = 0;

    (void)file;
    (void)pos;
    while (buf->remaining) {
        size_t size = MIN(buf->remaining, sizeof(chunk));
        struct iobuf before = *buf;
        uint32_t generation;
        ssize_t done;

        do {
            generation = random_generation();
            *buf = before;
            random_bytes(chunk, size);
            done = iobuf_put(buf, chunk, size);
        } while (UNLIKELY(generation != random_generation()));
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((size_t)done < size || (buf->remaining && sched_checkpoint()))
            break;
    }
    return total;
}

static loff_t null_seek(struct file *file, loff_t offset, int whence)
{
    (void)offset;
    (void)whence;
    file->pos = 0;
    return 0;
}

/* /dev/zero is anonymous memory, private or shared. */
static int zero_mmap(struct file *file, struct mmap_request *request)
{
    (void)file;
    if (request->vm_flags & VM_SHARED) {
        request->owned = true;
        return shared_memory_create(request->length, request);
    }
    request->ops = NULL;
    request->object = NULL;
    return 0;
}

static ssize_t kmsg_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    char *text = page_alloc_virt(0);
    size_t size;
    ssize_t done = 0;

    (void)file;
    if (!text)
        return -ENOMEM;
    size = klog_read(text, PAGE_SIZE);
    if (pos && (uint64_t)*pos < size) {
        done = iobuf_put(buf, text + *pos, MIN(buf->remaining, size - (uint64_t)*pos));
        if (done > 0)
            *pos += done;
    }
    page_free_virt(text);
    return done;
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write, .seek = null_seek};
static const struct file_ops zero_ops = {
    .read = zero_read, .write = null_write, .seek = null_seek, .mmap = zero_mmap};
static const struct file_ops full_ops = {.read = zero_read, .write = full_write, .seek = null_seek};
static int64_t random_ioctl(struct file *file, unsigned int request, uint64_t arg)
{
    (void)file;
    return request == RNDGETENTCNT ? put_user_u32(UADDR(arg), RANDOM_BITS) : -ENOTTY;
}

static const struct file_ops random_ops = {
    .read = random_read, .write = null_write, .seek = null_seek, .ioctl = random_ioctl};
static const struct file_ops kmsg_ops = {.read = kmsg_read, .write = null_write};

static int memory_open(struct inode *inode, struct file *file)
{
    static const struct file_ops *const by_minor[] = {
        [3] = &null_ops,   [5] = &zero_ops,   [7] = &full_ops,
        [8] = &random_ops, [9] = &random_ops, [11] = &kmsg_ops,
    };
    uint32_t minor = DEVICE_MINOR(inode->attr.rdev);

    if (minor >= ARRAY_SIZE(by_minor) || !by_minor[minor])
        return -ENXIO;
    file->ops = by_minor[minor];
    file->mode |= FMODE_SEEK;
    return 0;
}

static int character_open(struct inode *inode, struct file *file)
{
    uint32_t major = DEVICE_MAJOR(inode->attr.rdev);

    if (major == DEVICE_MAJOR_MEMORY)
        return memory_open(inode, file);
    for (uint32_t i = 0; i < driver_count; i++)
        if (drivers[i].major == major)
            return drivers[i].open(inode, file);
    return -ENXIO;
}

int special_open(struct inode *inode, struct file *file)
{
    switch (inode->attr.mode & S_IFMT) {
    case S_IFCHR:
        return character_open(inode, file);
    case S_IFBLK:
        return block_open(inode, file);
    case S_IFIFO:
        return fifo_open(inode, file);
    default:
        return -ENXIO;
    }
}
