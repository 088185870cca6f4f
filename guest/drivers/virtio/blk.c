/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block device (virtio 1.2, section 5.2).  A request is a chain of header, data
 * and status byte; the caller sleeps until its interrupt.  Data goes straight from
 * and to the caller's memory in the direct map; anything else is bounced.
 *
 * Locking: the disk's spinlock guards queue and requests; sleepers wait on one
 * queue per disk for their own request or for a free one.
 */
#include "drivers/virtio/blk.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/spinlock.h"
#include "drivers/virtio/virtio.h"
#include "lib/errno.h"
#include "lib/mutex.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "sched/wait_queue.h"

#define BLK_DISKS_MAX 16u
#define BLK_REQUESTS 16u /* in flight per disk */
#define BLK_PARTS_MAX 3u
#define BLK_QUEUE_SIZE 64u /* without indirect descriptors: 3 per request */
#define BLK_BYTES_MAX (1u << 20) /* of one request */
#define BLK_STATUS_UNSET 0xffu
/* With a real disk behind it a request can take long; a lost interrupt is noticed sooner. */
#define BLK_LOOK_NS 1000000000ull
/* A silence that is spoken of; again when it has lasted twice as long. */
#define BLK_SILENCE_NS 5000000000ull

struct blk_request {
    struct virtq_desc table[BLK_PARTS_MAX]; /* indirect descriptors */
    struct virtio_blk_header header;
    uint8_t status; /* the device writes it last */
    bool busy, done;
} __attribute__((aligned(VIRTQ_DESC_ALIGN)));

struct blk_disk {
    struct blockdev dev;
    struct virtio_device *virtio;
    struct spinlock lock;
    struct virtqueue queue;
    struct wait_queue changed;
    uint32_t bytes_max; /* of one request, multiple of SECTOR_SIZE */
    bool can_flush;
    struct blk_request *requests; /* BLK_REQUESTS; DMA memory */
};

static struct blk_disk *disks[BLK_DISKS_MAX];
static unsigned int disk_count;
static atomic_bool scanned;
static struct mutex scan_lock = {.guard = SPINLOCK_INIT(LOCK_RANK_ANY),
                                 .waiters = LIST_INIT(scan_lock.waiters)};

/* ---- requests ------------------------------------------------------------- */

/* With the lock held: takes finished requests; true if there were any. */
static bool reap(struct blk_disk *disk)
{
    struct blk_request *request;
    bool any = false;
    while ((request = virtqueue_take(&disk->queue, NULL)) != NULL) {
        request->done = true;
        any = true;
    }
    return any;
}

static void disk_interrupt(void *arg, uint32_t what)
{
    struct blk_disk *disk = arg;
    (void)what;
    spin_lock(&disk->lock);
    bool any = reap(disk);
    while (virtqueue_want_interrupt(&disk->queue))
        any |= reap(disk);
    spin_unlock(&disk->lock);
    if (any)
        wake_all(&disk->changed, 0);
}

/* With the lock held: a free request in flight, or NULL: none is free. */
static struct blk_request *submit(struct blk_disk *disk, uint32_t type, uint64_t sector, void *data,
                                  uint32_t length)
{
    unsigned int i = 0;
    while (i < BLK_REQUESTS && disk->requests[i].busy)
        i++;
    if (i == BLK_REQUESTS)
        return NULL;
    struct blk_request *request = &disk->requests[i];
    request->header = (struct virtio_blk_header){.type = type, .sector = sector};
    request->status = BLK_STATUS_UNSET;
    request->done = false;

    struct virtq_part parts[BLK_PARTS_MAX];
    unsigned int count = 0;
    parts[count++] =
        (struct virtq_part){.data = &request->header, .length = sizeof(request->header)};
    if (length != 0)
        parts[count++] = (struct virtq_part){
            .data = data, .length = length, .device_writes = type == VIRTIO_BLK_T_IN};
    parts[count++] =
        (struct virtq_part){.data = &request->status, .length = 1, .device_writes = true};
    int error = disk->queue.indirect
                    ? virtqueue_add_indirect(&disk->queue, parts, count, request->table, request)
                    : virtqueue_add(&disk->queue, parts, count, request);
    if (error != 0)
        return NULL;
    request->busy = true;
    virtio_kick(disk->virtio, &disk->queue);
    return request;
}

static int status_to_error(uint8_t status)
{
    return status == VIRTIO_BLK_S_OK ? 0 : status == VIRTIO_BLK_S_UNSUPP ? -EOPNOTSUPP : -EIO;
}

/* Nothing comes: is there still somebody?  *limit: when to say the next time that we wait. */
static void mind_silence(struct blk_disk *disk, ns_t waited, ns_t *limit)
{
    if (!virtio_alive(disk->virtio)) {
        klog(LOG_ERR, "blk: %s has gone, or is out of order", disk->dev.name);
        spin_lock(&disk->lock);
        disk->queue.broken = true;
        spin_unlock(&disk->lock);
    } else if (waited >= *limit) {
        klog(LOG_WARNING, "blk: waiting for %s, which has not answered for %lu s", disk->dev.name,
             waited / 1000000000u);
        *limit = 2 * waited;
    }
}

/* One request from begin to end.  0 or negative errno. */
static int transfer(struct blk_disk *disk, uint32_t type, uint64_t sector, void *data,
                    uint32_t length)
{
    struct blk_request *request = NULL;
    struct wait_entry entry;
    int result = -EIO;
    ns_t begin = clock_ns(), limit = BLK_SILENCE_NS;
    wait_begin(&disk->changed, &entry);
    for (;;) {
        spin_lock(&disk->lock);
        reap(disk);
        if (request == NULL)
            request = submit(disk, type, sector, data, length);
        bool done = request != NULL && request->done;
        bool broken = disk->queue.broken;
        if (done) {
            result = status_to_error(*(volatile uint8_t *)&request->status);
            request->busy = false;
        }
        spin_unlock(&disk->lock);
        if (done || broken)
            break;
        if (wait_sleep_uninterruptible(clock_ns() + BLK_LOOK_NS) == -ETIMEDOUT)
            mind_silence(disk, clock_ns() - begin, &limit);
        wait_again(&disk->changed, &entry);
    }
    wait_end(&disk->changed, &entry);
    wake_all(&disk->changed, 0); /* a request is free again, or all must see that it is broken */
    return result;
}

/* ---- blockdev operations -------------------------------------------------- */

static bool in_direct_map(const void *data, size_t size)
{
    uint64_t address = (uint64_t)data;
    return address >= DIRECT_MAP_BASE && address - DIRECT_MAP_BASE < DIRECT_MAP_SIZE &&
           size <= DIRECT_MAP_SIZE - (address - DIRECT_MAP_BASE);
}

static int bounce_transfer(struct blk_disk *disk, uint32_t type, uint64_t sector, uint8_t *data,
                           uint32_t length)
{
    uint8_t *page = page_alloc_virt(0);
    int error = page == NULL ? -ENOMEM : 0;
    while (length != 0 && error == 0) {
        uint32_t part = MIN(length, MIN((uint32_t)PAGE_SIZE, disk->bytes_max));
        if (type == VIRTIO_BLK_T_OUT)
            memcpy(page, data, part);
        error = transfer(disk, type, sector, page, part);
        if (type == VIRTIO_BLK_T_IN && error == 0)
            memcpy(data, page, part);
        sector += part / SECTOR_SIZE;
        data += part;
        length -= part;
    }
    if (page != NULL)
        page_free_virt(page);
    return error;
}

static int disk_access(struct blockdev *dev, uint32_t type, uint64_t sector, uint32_t count,
                       void *data)
{
    struct blk_disk *disk = dev->driver;
    uint8_t *bytes = data;
    int error = 0;
    if (sector > dev->sector_count || count > dev->sector_count - sector)
        return -EINVAL;
    bool direct = in_direct_map(data, (size_t)count * SECTOR_SIZE);
    while (count != 0 && error == 0) {
        uint32_t part = MIN(count, disk->bytes_max / SECTOR_SIZE);
        error = direct ? transfer(disk, type, sector, bytes, part * SECTOR_SIZE)
                       : bounce_transfer(disk, type, sector, bytes, part * SECTOR_SIZE);
        sector += part;
        bytes += (size_t)part * SECTOR_SIZE;
        count -= part;
    }
    return error;
}

static int disk_read(struct blockdev *dev, uint64_t sector, uint32_t count, void *data)
{
    return disk_access(dev, VIRTIO_BLK_T_IN, sector, count, data);
}

static int disk_write(struct blockdev *dev, uint64_t sector, uint32_t count, const void *data)
{
    if (dev->read_only)
        return -EROFS;
    return disk_access(dev, VIRTIO_BLK_T_OUT, sector, count, (void *)(uintptr_t)data);
}

static int disk_flush(struct blockdev *dev)
{
    struct blk_disk *disk = dev->driver;
    if (!disk->can_flush || dev->read_only)
        return 0; /* without the feature writes are stable when they complete (5.2.6.2) */
    return transfer(disk, VIRTIO_BLK_T_FLUSH, 0, NULL, 0);
}

static const struct blockdev_ops disk_ops = {
    .read = disk_read,
    .write = disk_write,
    .flush = disk_flush,
};

/* ---- bring-up ------------------------------------------------------------- */

static int disk_open(struct blk_disk *disk)
{
    struct virtio_device *virtio = disk->virtio;
    int error =
        virtio_negotiate(virtio, VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_SIZE_MAX |
                                     VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
    if (error != 0)
        return error;
    disk->dev.sector_count = virtio->transport->config_read(virtio, VIRTIO_BLK_CONFIG_CAPACITY, 8);
    disk->bytes_max = BLK_BYTES_MAX;
    if (virtio_has(virtio, VIRTIO_BLK_F_SIZE_MAX)) {
        uint64_t size_max = virtio->transport->config_read(virtio, VIRTIO_BLK_CONFIG_SIZE_MAX, 4);
        disk->bytes_max =
            (uint32_t)MIN(ALIGN_DOWN(size_max, (uint64_t)SECTOR_SIZE), (uint64_t)BLK_BYTES_MAX);
    }
    if (disk->bytes_max == 0) {
        virtio_fail(virtio);
        return -ENODEV;
    }
    disk->dev.read_only = virtio_has(virtio, VIRTIO_BLK_F_RO);
    disk->can_flush = virtio_has(virtio, VIRTIO_BLK_F_FLUSH);

    /* One page: the ring, and behind it the requests. */
    uint8_t *page = page_alloc_virt(PAGE_ZERO);
    size_t ring_bytes = virtqueue_bytes(BLK_QUEUE_SIZE);
    if (page == NULL)
        return -ENOMEM;
    leaks_keep(page);
    disk->requests = (void *)(page + ring_bytes);
    ASSERT(ring_bytes + BLK_REQUESTS * sizeof(struct blk_request) <= PAGE_SIZE);
    error = virtio_queue_setup(virtio, &disk->queue, 0, BLK_QUEUE_SIZE, page);
    if (error == 0) {
        virtio_driver_ok(virtio);
        error = virtio_enable_interrupts(virtio, disk_interrupt, disk);
    }
    if (error != 0) {
        virtio_fail(virtio);
        return error; /* the page stays: the device may know it */
    }
    spin_lock(&disk->lock);
    virtqueue_want_interrupt(&disk->queue);
    spin_unlock(&disk->lock);
    return 0;
}

static void disk_name(char name[8], unsigned int index)
{
    snprintf(name, 8, "vd%c", 'a' + (char)index);
}

static void scan(void)
{
    for (unsigned int i = 0; disk_count < BLK_DISKS_MAX; i++) {
        struct virtio_device *virtio = virtio_find(VIRTIO_KIND_BLOCK, i);
        if (virtio == NULL)
            return;
        struct blk_disk *disk = virtio_claim(virtio) ? kzalloc(sizeof(*disk)) : NULL;
        if (disk == NULL)
            continue;
        disk->virtio = virtio;
        spin_init(&disk->lock, LOCK_RANK_DEVICE);
        wait_queue_init(&disk->changed);
        disk->dev.ops = &disk_ops;
        disk->dev.driver = disk;
        disk_name(disk->dev.name, disk_count);
        int error = disk_open(disk);
        if (error == 0) {
            leaks_keep(disk);
            disks[disk_count++] = disk;
        } else {
            klog(LOG_ERR, "blk: disk %u cannot be used (%d)", i, error);
            kfree(disk);
        }
    }
}

unsigned int virtio_blk_count(void)
{
    if (!atomic_load_explicit(&scanned, memory_order_acquire)) {
        mutex_lock(&scan_lock);
        if (!atomic_load_explicit(&scanned, memory_order_relaxed)) {
            scan();
            atomic_store_explicit(&scanned, true, memory_order_release);
        }
        mutex_unlock(&scan_lock);
    }
    return disk_count;
}

struct blockdev *virtio_blk_get(unsigned int index)
{
    return index < virtio_blk_count() ? &disks[index]->dev : NULL;
}
