/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entropy device (virtio 1.2, section 5.4): one buffer, read once, then the device
 * is reset: it is a source of seed, not of random numbers.
 */
#include "drivers/virtio/rng.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "drivers/virtio/virtio.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/leaks.h"
#include "mm/page_alloc.h"
#include "sched/wait_queue.h"

#define SEED_BYTES 64u
#define RING_SIZE 2u
#define REPLY_NS 2000000000ull
#define SLICE_NS 1000000ull

struct rng_page {
    struct virtqueue queue;
    struct wait_queue never; /* nobody wakes it: sleeps end by their deadline */
    uint8_t seed[SEED_BYTES];
    uint8_t ring[512] __attribute__((aligned(VIRTQ_DESC_ALIGN)));
};
_Static_assert(sizeof(struct rng_page) <= PAGE_SIZE, "one page");

/* Polls with short sleeps: this happens once, and an interrupt would stay routed for ever. */
static uint32_t wait_reply(struct rng_page *page)
{
    struct wait_entry entry;
    uint32_t length = 0;
    ns_t deadline = clock_ns() + REPLY_NS;
    wait_begin(&page->never, &entry);
    while (virtqueue_take(&page->queue, &length) == NULL && !page->queue.broken &&
           clock_ns() < deadline) {
        wait_sleep_uninterruptible(clock_ns() + SLICE_NS);
        wait_again(&page->never, &entry);
    }
    wait_end(&page->never, &entry);
    return length;
}

static void read_seed(struct virtio_device *dev, struct rng_page *page)
{
    if (virtio_negotiate(dev, 0) != 0)
        return;
    if (virtio_queue_setup(dev, &page->queue, 0, RING_SIZE, page->ring) != 0) {
        virtio_fail(dev);
        return;
    }
    virtio_driver_ok(dev);
    struct virtq_part part = {.data = page->seed, .length = SEED_BYTES, .device_writes = true};
    virtqueue_add(&page->queue, &part, 1, page);
    virtio_kick(dev, &page->queue);
    uint32_t length = wait_reply(page);
    if (length != 0)
        random_seed_add(page->seed, length);
    else
        klog(LOG_WARNING, "rng: the entropy device gave nothing");
    virtio_reset(dev); /* it writes to the page no more */
}

void virtio_rng_seed(void)
{
    struct virtio_device *dev = virtio_find(VIRTIO_KIND_RNG, 0);
    if (dev == NULL || !virtio_claim(dev))
        return;
    struct rng_page *page = page_alloc_virt(0);
    if (page == NULL)
        return;
    leaks_keep(page);
    wait_queue_init(&page->never);
    _Static_assert(sizeof(page->ring) >= 256, "two entries fit");
    read_seed(dev, page);
    memset(page->seed, 0, sizeof(page->seed));
    page_free_virt(page);
}
