/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads device structures into plain data and back.  A state to be loaded may be anything. */
#include "vmm/snapshot/device_state.h"

#include <errno.h>
#include <string.h>

static void save_queue(const struct virtq *queue, struct queue_state *state)
{
    *state = (struct queue_state){
        .desc_gpa = queue->desc_gpa,
        .avail_gpa = queue->avail_gpa,
        .used_gpa = queue->used_gpa,
        .size = queue->size,
        .next_avail = queue->next_avail,
        .next_used = queue->next_used,
        .signalled_used = queue->signalled_used,
        .ready = queue->ready,
        .event_idx = queue->event_idx,
        .indirect = queue->indirect,
        .signalled_valid = queue->signalled_valid,
    };
}

static int load_queue(struct virtq *queue, const struct guest_mem *mem,
                      const struct queue_state *state)
{
    virtq_reset(queue);
    queue->size = state->size;
    queue->desc_gpa = state->desc_gpa;
    queue->avail_gpa = state->avail_gpa;
    queue->used_gpa = state->used_gpa;
    if (!state->ready) {
        return 0;
    }
    if (virtq_enable(queue, mem, state->event_idx != 0, state->indirect != 0) != 0) {
        return -EPROTO;
    }
    queue->next_avail = state->next_avail;
    queue->next_used = state->next_used;
    queue->signalled_used = state->signalled_used;
    queue->signalled_valid = state->signalled_valid != 0;
    return 0;
}

void slot_state_save(const struct virtio_mmio *mmio, struct slot_state *state)
{
    const struct virtio_device *device = mmio->device;

    memset(state, 0, sizeof(*state));
    state->id = device->ops->id;
    state->interrupt_status = mmio->interrupt_status;
    state->device_features_sel = mmio->device_features_sel;
    state->driver_features_sel = mmio->driver_features_sel;
    state->queue_sel = mmio->queue_sel;
    state->features = device->features;
    state->driver_features = device->driver_features;
    state->status = device->status;
    state->config_generation = device->config_generation;
    for (unsigned int i = 0; i < device->ops->queue_count; i++) {
        save_queue(&device->queues[i], &state->queues[i]);
    }
}

int slot_state_load(struct virtio_mmio *mmio, const struct slot_state *state)
{
    struct virtio_device *device = mmio->device;

    if (state->id != device->ops->id || state->features != device->features ||
        (state->driver_features & ~device->features) != 0) {
        return -EPROTO;
    }
    mmio->interrupt_status = state->interrupt_status;
    mmio->device_features_sel = state->device_features_sel;
    mmio->driver_features_sel = state->driver_features_sel;
    mmio->queue_sel = state->queue_sel;
    device->driver_features = state->driver_features;
    device->status = state->status;
    device->config_generation = state->config_generation;
    for (unsigned int i = 0; i < device->ops->queue_count; i++) {
        if (load_queue(&device->queues[i], device->mem, &state->queues[i]) != 0) {
            return -EPROTO;
        }
    }
    return 0;
}

void chip_state_save(struct ioapic *ioapic, struct ctl_port *ctl, struct uart *uart,
                     struct chip_state *state)
{
    memset(state, 0, sizeof(*state));
    state->ioapic_select = atomic_load(&ioapic->select);
    state->ioapic_id = atomic_load(&ioapic->id);
    state->ioapic_lines = atomic_load(&ioapic->lines);
    state->ioapic_pending = atomic_load(&ioapic->pending);
    for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
        state->ioapic_redirection[pin] = atomic_load(&ioapic->redirection[pin]);
    }
    state->signals = atomic_load(&ctl->signals);
    state->stats_frame = atomic_load(&ctl->stats_frame);
    pthread_mutex_lock(&uart->lock);
    state->ier = uart->ier;
    state->lcr = uart->lcr;
    state->mcr = uart->mcr;
    state->scratch = uart->scratch;
    memcpy(state->divisor, uart->divisor, sizeof(state->divisor));
    state->thr_interrupt = uart->thr_interrupt;
    pthread_mutex_unlock(&uart->lock);
}

void chip_state_load(struct ioapic *ioapic, struct ctl_port *ctl, struct uart *uart,
                     const struct chip_state *state)
{
    atomic_store(&ioapic->select, state->ioapic_select);
    atomic_store(&ioapic->id, state->ioapic_id);
    atomic_store(&ioapic->lines, state->ioapic_lines);
    atomic_store(&ioapic->pending, state->ioapic_pending);
    for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
        atomic_store(&ioapic->redirection[pin], state->ioapic_redirection[pin]);
    }
    atomic_store(&ctl->signals, state->signals);
    atomic_store(&ctl->stats_frame, state->stats_frame);
    pthread_mutex_lock(&uart->lock);
    uart->ier = state->ier;
    uart->lcr = state->lcr;
    uart->mcr = state->mcr;
    uart->scratch = state->scratch;
    memcpy(uart->divisor, state->divisor, sizeof(uart->divisor));
    uart->thr_interrupt = state->thr_interrupt != 0;
    uart->line_length = 0;
    pthread_mutex_unlock(&uart->lock);
}
