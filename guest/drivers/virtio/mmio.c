/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio-mmio transport: registers of virtio 1.2, section 4.2.2.  One
 * access is one exit to the monitor; it knows no queue contents and no device.
 */
#include "drivers/virtio/mmio.h"

#include "drivers/irq.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"

#define GENERATION_TRIES 4

static uint32_t reg_read(const struct virtio_device *dev, unsigned int offset)
{
    return *(const volatile uint32_t *)(dev->registers + offset);
}

static void reg_write(struct virtio_device *dev, unsigned int offset, uint32_t value)
{
    *(volatile uint32_t *)(dev->registers + offset) = value;
}

/* A register that a reset sets to zero where our monitor says so; written once after it. */
static void reg_write_first(struct virtio_device *dev, unsigned int offset, uint32_t value)
{
    if (value != 0 || !dev->resets_to_zero)
        reg_write(dev, offset, value);
}

static void mmio_set_status(struct virtio_device *dev, uint32_t status)
{
    reg_write(dev, VIRTIO_MMIO_STATUS, status);
}

static uint32_t mmio_get_status(struct virtio_device *dev)
{
    return reg_read(dev, VIRTIO_MMIO_STATUS);
}

static uint32_t mmio_get_features(struct virtio_device *dev, unsigned int word)
{
    reg_write_first(dev, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);
    return reg_read(dev, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(struct virtio_device *dev, unsigned int word, uint32_t value)
{
    reg_write_first(dev, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
    reg_write(dev, VIRTIO_MMIO_DRIVER_FEATURES, value);
}

static uint32_t mmio_queue_select(struct virtio_device *dev, unsigned int index)
{
    reg_write(dev, VIRTIO_MMIO_QUEUE_SEL, index);
    return reg_read(dev, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void write_address(struct virtio_device *dev, unsigned int low, const void *where)
{
    uint64_t address = virt_to_phys(where).raw;
    reg_write(dev, low, (uint32_t)address);
    reg_write_first(dev, low + 4, (uint32_t)(address >> 32));
}

static void mmio_queue_activate(struct virtio_device *dev, const struct virtqueue *queue)
{
    reg_write(dev, VIRTIO_MMIO_QUEUE_NUM, queue->size);
    write_address(dev, VIRTIO_MMIO_QUEUE_DESC_LOW, queue->desc);
    write_address(dev, VIRTIO_MMIO_QUEUE_DRIVER_LOW, queue->avail);
    write_address(dev, VIRTIO_MMIO_QUEUE_DEVICE_LOW, queue->used);
    reg_write(dev, VIRTIO_MMIO_QUEUE_READY, 1);
}

static void mmio_notify(struct virtio_device *dev, const struct virtqueue *queue)
{
    reg_write(dev, VIRTIO_MMIO_QUEUE_NOTIFY, queue->index);
}

static uint64_t config_access(const struct virtio_device *dev, unsigned int offset,
                              unsigned int size)
{
    const volatile uint8_t *field = dev->registers + VIRTIO_MMIO_CONFIG + offset;
    switch (size) {
    case 1:
        return *field;
    case 2:
        return *(const volatile uint16_t *)field;
    default:
        return *(const volatile uint32_t *)field;
    }
}

static uint64_t mmio_config_read(struct virtio_device *dev, unsigned int offset, unsigned int size)
{
    if (size != 8)
        return config_access(dev, offset, size);
    /* Two halves of one value: repeat if the device changed it in between (2.5.3). */
    uint64_t value = 0;
    uint32_t generation = reg_read(dev, VIRTIO_MMIO_CONFIG_GENERATION);
    for (int i = 0; i < GENERATION_TRIES; i++) {
        uint32_t before = generation;
        value = config_access(dev, offset, 4) | config_access(dev, offset + 4, 4) << 32;
        generation = reg_read(dev, VIRTIO_MMIO_CONFIG_GENERATION);
        if (generation == before)
            break;
    }
    return value;
}

static uint32_t mmio_interrupt(struct virtio_device *dev)
{
    /*
     * Both bits at once, without reading which are set: the rings in memory say
     * what was used, so that one access suffices.  Reading first and clearing
     * what was read could leave the line high, and the next edge would be lost.
     */
    reg_write(dev, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
    if (!dev->wants_config)
        return VIRTIO_INTERRUPT_USED;
    uint32_t generation = reg_read(dev, VIRTIO_MMIO_CONFIG_GENERATION);
    bool changed = generation != dev->config_generation;
    dev->config_generation = generation;
    return VIRTIO_INTERRUPT_USED | (changed ? VIRTIO_INTERRUPT_CONFIG : 0);
}

static int mmio_route(struct virtio_device *dev)
{
    return irq_register(dev->gsi, virtio_interrupt, dev);
}

static const struct virtio_transport mmio_transport = {
    .probe = virtio_mmio_probe,
    .route = mmio_route,
    .set_status = mmio_set_status,
    .get_status = mmio_get_status,
    .get_features = mmio_get_features,
    .set_features = mmio_set_features,
    .queue_select = mmio_queue_select,
    .queue_activate = mmio_queue_activate,
    .notify = mmio_notify,
    .config_read = mmio_config_read,
    .interrupt = mmio_interrupt,
};

/* "4K", "0x200" or "512": bytes. */
static uint64_t parse_size(const char *s, const char **end)
{
    uint64_t value = parse_u64(s, end);
    unsigned int shift = 0;
    switch (**end) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    default:
        return value;
    }
    (*end)++;
    return value << shift;
}

bool virtio_mmio_describe(uint64_t address, uint64_t size, uint64_t gsi, struct virtio_device *dev)
{
    if (size < VIRTIO_MMIO_CONFIG || address % 4 != 0 || gsi > 255 || address >= 1ull << 46 ||
        (address & (PAGE_SIZE - 1)) + VIRTIO_MMIO_CONFIG > PAGE_SIZE - 64)
        return false;
    *dev = (struct virtio_device){
        .transport = &mmio_transport, .address = address, .gsi = (uint32_t)gsi};
    return true;
}

bool virtio_mmio_parse(const char *text, struct virtio_device *dev)
{
    const char *s = text, *end;
    uint64_t size = parse_size(s, &end);
    if (end == s || *end != '@')
        return false;
    s = end + 1;
    uint64_t address = parse_u64(s, &end);
    if (end == s || *end != ':')
        return false;
    s = end + 1;
    uint64_t gsi = parse_u64(s, &end);
    if (end == s || (*end != '\0' && *end != ':'))
        return false;
    return virtio_mmio_describe(address, size, gsi, dev);
}

uint32_t virtio_mmio_probe(struct virtio_device *dev)
{
    paddr_t page = PADDR(PAGE_ALIGN_DOWN(dev->address));
    uint8_t *base = paging_map_device(page, PAGE_SIZE);
    if (base == NULL)
        return VIRTIO_KIND_NONE;
    dev->registers = base + (dev->address - page.raw);
    if (dev->kind != VIRTIO_KIND_NONE)
        return dev->kind;
    if (reg_read(dev, VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC) {
        klog(LOG_WARNING, "virtio: no device at %#lx", dev->address);
        return VIRTIO_KIND_NONE;
    }
    /* QEMU's legacy slots show version 1 even when nothing is behind them. */
    uint32_t kind = reg_read(dev, VIRTIO_MMIO_DEVICE_ID);
    if (kind == VIRTIO_KIND_NONE)
        return kind;
    uint32_t version = reg_read(dev, VIRTIO_MMIO_VERSION);
    if (version != VIRTIO_MMIO_VERSION_MODERN) {
        klog(LOG_ERR,
             "virtio: device at %#lx is %s (version %u) and not used; "
             "with QEMU say -global virtio-mmio.force-legacy=false",
             dev->address, version == VIRTIO_MMIO_VERSION_LEGACY ? "a legacy one" : "unknown",
             version);
        return VIRTIO_KIND_NONE;
    }
    return kind;
}
