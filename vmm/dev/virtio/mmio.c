/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-mmio registers, version 2.  The driver may write anything anywhere
 * in any order; what makes no sense has no effect, or breaks its own device.
 */
#include "vmm/dev/virtio/mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u
#define VENDOR 0x4d4d5600u /* "\0VMM" */

static void interrupt(void *transport, bool config_changed)
{
    struct virtio_mmio *mmio = transport;

    mmio->interrupt_status |= config_changed ? VIRTIO_MMIO_INT_CONFIG : VIRTIO_MMIO_INT_VRING;
    irq_line_pulse(&mmio->line);
}

void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio_device *device,
                      const struct irq_line *line)
{
    mmio->device = device;
    mmio->line = *line;
    device->interrupt = interrupt;
    device->transport = mmio;
}

static struct virtq *selected(struct virtio_mmio *mmio)
{
    return mmio->queue_sel < mmio->device->ops->queue_count ? &mmio->device->queues[mmio->queue_sel]
                                                            : NULL;
}

static uint32_t read_register(struct virtio_mmio *mmio, uint64_t offset)
{
    struct virtio_device *device = mmio->device;
    struct virtq *queue = selected(mmio);

    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return MAGIC;
    case VIRTIO_MMIO_VERSION:
        return VERSION;
    case VIRTIO_MMIO_DEVICE_ID:
        return device->ops->id;
    case VIRTIO_MMIO_VENDOR_ID:
        return VENDOR;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return mmio->device_features_sel > 1
                   ? 0
                   : (uint32_t)(device->features >> (32 * mmio->device_features_sel));
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return queue != NULL ? queue->size_max : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return queue != NULL && queue->ready;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return mmio->interrupt_status;
    case VIRTIO_MMIO_STATUS:
        return device->status;
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
        return UINT32_MAX; /* 4.2.2.1: no shared memory region */
    case VIRTIO_MMIO_CONFIG_GENERATION:
        return device->config_generation;
    default:
        return 0;
    }
}

static uint64_t read_config(const struct virtio_device *device, uint64_t offset, unsigned int size)
{
    uint64_t value = 0;

    if (offset < device->config_size) {
        size_t left = device->config_size - offset;

        memcpy(&value, (const uint8_t *)device->config + offset, size < left ? size : left);
    }
    return value;
}

static uint64_t mmio_read(void *device, uint64_t offset, unsigned int size)
{
    struct virtio_mmio *mmio = device;
    uint64_t value;

    pthread_mutex_lock(&mmio->device->lock);
    if (offset >= VIRTIO_MMIO_CONFIG) {
        value = read_config(mmio->device, offset - VIRTIO_MMIO_CONFIG, size);
    } else {
        value = size == 4 ? read_register(mmio, offset) : 0;
    }
    pthread_mutex_unlock(&mmio->device->lock);
    return value;
}

static void set_half(uint64_t *value, bool high, uint32_t half)
{
    *value = high ? (*value & UINT32_MAX) | (uint64_t)half << 32
                  : (*value & ~(uint64_t)UINT32_MAX) | half;
}

/* Registers of the selected queue; it must not change while it is in use (4.2.2.2). */
static void write_queue_register(struct virtio_mmio *mmio, uint64_t offset, uint32_t value)
{
    struct virtq *queue = selected(mmio);

    if (queue == NULL) {
        return;
    }
    if (offset == VIRTIO_MMIO_QUEUE_READY) {
        if (value == 1) {
            virtio_device_enable_queue(mmio->device, mmio->queue_sel);
        } else {
            virtq_reset(queue);
        }
        return;
    }
    if (queue->ready) {
        return;
    }
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        queue->size = value <= queue->size_max ? (uint16_t)value : 0;
        break;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        set_half(&queue->desc_gpa, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
        break;
    case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
    case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
        set_half(&queue->avail_gpa, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
        break;
    case VIRTIO_MMIO_QUEUE_USED_LOW:
    case VIRTIO_MMIO_QUEUE_USED_HIGH:
        set_half(&queue->used_gpa, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
        break;
    default:
        break;
    }
}

static void write_driver_features(struct virtio_mmio *mmio, uint32_t value)
{
    struct virtio_device *device = mmio->device;

    /* 3.1.1: not after FEATURES_OK. */
    if (mmio->driver_features_sel <= 1 && (device->status & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
        set_half(&device->driver_features, mmio->driver_features_sel == 1, value);
    }
}

static void write_register(struct virtio_mmio *mmio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        mmio->device_features_sel = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        mmio->driver_features_sel = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        write_driver_features(mmio, value);
        break;
    case VIRTIO_MMIO_QUEUE_SEL:
        mmio->queue_sel = value;
        break;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        mmio->interrupt_status &= ~value;
        break;
    case VIRTIO_MMIO_STATUS:
        virtio_device_set_status(mmio->device, (uint8_t)value);
        if (value == 0) {
            /* Selectors too: boot/guest_abi.h promises it. */
            mmio->interrupt_status = 0;
            mmio->device_features_sel = 0;
            mmio->driver_features_sel = 0;
            mmio->queue_sel = 0;
        }
        break;
    default:
        write_queue_register(mmio, offset, value);
        break;
    }
}

/* Counts, and processes here: the vCPU's thread is the I/O thread of queues that are not busy. */
static void notify(struct virtio_mmio *mmio, uint32_t queue)
{
    bool busy = false;

    if (queue >= mmio->device->ops->queue_count) {
        return;
    }
    pthread_mutex_lock(&mmio->device->lock);
    if (mmio->kicks[queue] < VIRTIO_MMIO_BUSY_KICKS) {
        busy = ++mmio->kicks[queue] == VIRTIO_MMIO_BUSY_KICKS;
    }
    if (virtio_device_running(mmio->device)) {
        mmio->device->ops->notify(mmio->device, queue);
    }
    pthread_mutex_unlock(&mmio->device->lock);
    if (busy && mmio->busy != NULL) {
        mmio->busy(mmio->arg, mmio, queue);
    }
}

static void mmio_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
    struct virtio_mmio *mmio = device;

    if (size != 4 || offset >= VIRTIO_MMIO_CONFIG) {
        return; /* no writable configuration field exists */
    }
    if (offset == VIRTIO_MMIO_QUEUE_NOTIFY) {
        notify(mmio, (uint32_t)value);
        return;
    }
    pthread_mutex_lock(&mmio->device->lock);
    write_register(mmio, offset, (uint32_t)value);
    pthread_mutex_unlock(&mmio->device->lock);
}

const struct bus_ops virtio_mmio_bus_ops = {.read = mmio_read, .write = mmio_write};
