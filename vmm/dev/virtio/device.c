/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life of a virtio device: negotiation, reset, needs-reset.
 */
#include "vmm/dev/virtio/device.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define FEATURES_COMMON                                             \
    (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | \
     1ull << VIRTIO_RING_F_INDIRECT_DESC)

void virtio_device_init(struct virtio_device *device, const struct virtio_device_ops *ops,
                        const struct guest_mem *mem, const atomic_bool *ended, const void *config,
                        size_t config_size)
{
    device->ops = ops;
    device->mem = mem;
    device->ended = ended;
    device->config = config;
    device->config_size = config_size;
    device->features = FEATURES_COMMON | ops->features;
    for (unsigned int i = 0; i < ops->queue_count; i++) {
        device->queues[i].size_max = VIRTQ_SIZE_MAX;
    }
    pthread_mutex_init(&device->lock, NULL);
}

void virtio_device_destroy(struct virtio_device *device)
{
    pthread_mutex_destroy(&device->lock);
}

static void reset(struct virtio_device *device)
{
    device->status = 0;
    device->driver_features = 0;
    for (unsigned int i = 0; i < device->ops->queue_count; i++) {
        virtq_reset(&device->queues[i]);
    }
    if (device->ops->reset != NULL) {
        device->ops->reset(device);
    }
}

void virtio_device_set_status(struct virtio_device *device, uint8_t status)
{
    uint8_t broken = device->status & VIRTIO_CONFIG_S_NEEDS_RESET;

    if (status == 0) {
        reset(device);
        return;
    }
    /* 3.1.1 step 6: FEATURES_OK stays only when we can live with the choice. */
    if ((status & VIRTIO_CONFIG_S_FEATURES_OK) != 0 &&
        (device->status & VIRTIO_CONFIG_S_FEATURES_OK) == 0 &&
        ((device->driver_features & ~device->features) != 0 ||
         (device->driver_features & 1ull << VIRTIO_F_VERSION_1) == 0)) {
        status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
    }
    device->status = status | broken;
}

void virtio_device_enable_queue(struct virtio_device *device, unsigned int queue)
{
    bool event_idx = (device->driver_features & 1ull << VIRTIO_RING_F_EVENT_IDX) != 0;
    bool indirect = (device->driver_features & 1ull << VIRTIO_RING_F_INDIRECT_DESC) != 0;

    if (!device->queues[queue].ready &&
        virtq_enable(&device->queues[queue], device->mem, event_idx, indirect) != 0) {
        virtio_device_break(device);
    }
}

bool virtio_device_running(const struct virtio_device *device)
{
    return (device->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0 &&
           (device->status & VIRTIO_CONFIG_S_NEEDS_RESET) == 0;
}

void virtio_device_break(struct virtio_device *device)
{
    bool tell = (device->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0;

    device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    for (unsigned int i = 0; i < device->ops->queue_count; i++) {
        device->queues[i].ready = false;
    }
    if (tell) {
        device->interrupt(device->transport, true);
    }
}

void virtio_device_signal_used(struct virtio_device *device, unsigned int queue)
{
    if (virtq_wants_interrupt(&device->queues[queue])) {
        device->interrupt(device->transport, false);
    }
}

void virtio_device_config_changed(struct virtio_device *device)
{
    device->config_generation++;
    if ((device->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
        device->interrupt(device->transport, true);
    }
}

void virtio_device_serve(struct virtio_device *device, unsigned int index,
                         int64_t (*answer)(struct virtio_device *device, struct virtq *queue,
                                           const struct virtq_chain *chain))
{
    struct virtq *queue = &device->queues[index];
    struct virtq_chain chain;
    int64_t result;

    do {
        while ((result = virtq_pop(queue, &chain)) > 0) {
            result = answer(device, queue, &chain);
            if (result < 0) {
                break;
            }
            virtq_push(queue, &chain, (uint32_t)result);
            virtio_device_signal_used(device, index);
            if (virtio_device_ended(device)) {
                return;
            }
        }
    } while (result >= 0 && virtq_enable_notify(queue));
    if (result < 0) {
        virtio_device_break(device);
    }
}

void virtio_device_notify(struct virtio_device *device, unsigned int queue)
{
    pthread_mutex_lock(&device->lock);
    if (queue < device->ops->queue_count && virtio_device_running(device)) {
        device->ops->notify(device, queue);
    }
    pthread_mutex_unlock(&device->lock);
}
