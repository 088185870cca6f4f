/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues, driver side: virtio 1.2, section 2.7.  Memory order is the
 * heart of this file; each ordered access says what would go wrong without.
 *
 *   memory:  desc[size] | avail: flags index ring[size] used_event |
 *            used: flags index ring[size] avail_event | slots[size]
 */
#include "drivers/virtio/virtqueue.h"

#include "lib/errno.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "mm/page_alloc.h"

static size_t used_offset(uint16_t size)
{
    size_t avail_end = size * sizeof(struct virtq_desc) + sizeof(struct virtq_avail) +
                       (size + 1u) * sizeof(uint16_t);
    return ALIGN_UP(avail_end, (size_t)VIRTQ_USED_ALIGN);
}

static size_t slots_offset(uint16_t size)
{
    size_t used_end = used_offset(size) + sizeof(struct virtq_used) +
                      size * sizeof(struct virtq_used_element) + sizeof(uint16_t);
    return ALIGN_UP(used_end, _Alignof(struct virtqueue_slot));
}

size_t virtqueue_bytes(uint16_t size)
{
    return ALIGN_UP(slots_offset(size) + size * sizeof(struct virtqueue_slot),
                    (size_t)VIRTQ_DESC_ALIGN);
}

/* 2.7.10: the index at which the driver wants to be interrupted. */
static _Atomic(uint16_t) *used_event(const struct virtqueue *queue)
{
    return (_Atomic(uint16_t) *)&queue->avail->ring[queue->size];
}

/* 2.7.10: the index at which the device wants to be notified. */
static _Atomic(uint16_t) *avail_event(const struct virtqueue *queue)
{
    return (_Atomic(uint16_t) *)(void *)&queue->used->ring[queue->size];
}

void virtqueue_init(struct virtqueue *queue, uint16_t index, uint16_t size, void *memory,
                    uint64_t features)
{
    ASSERT(size != 0 && (size & (size - 1)) == 0 && size <= VIRTQUEUE_SIZE_MAX);
    uint8_t *base = memory;
    *queue = (struct virtqueue){
        .desc = memory,
        .avail = (void *)(base + size * sizeof(struct virtq_desc)),
        .used = (void *)(base + used_offset(size)),
        .slots = (void *)(base + slots_offset(size)),
        .size = size,
        .index = index,
        .free_count = size,
        .event_idx = (features & VIRTIO_F_EVENT_IDX) != 0,
        .indirect = (features & VIRTIO_F_INDIRECT_DESC) != 0,
    };
    for (uint16_t i = 0; i < size; i++) {
        queue->slots[i].token = NULL;
        queue->slots[i].next = (uint16_t)(i + 1);
    }
    atomic_store_explicit(&queue->avail->index, 0, memory_order_relaxed);
    atomic_store_explicit(&queue->used->flags, 0, memory_order_relaxed);
    atomic_store_explicit(&queue->used->index, 0, memory_order_relaxed);
    atomic_store_explicit(avail_event(queue), 0, memory_order_relaxed);
    virtqueue_no_interrupt(queue);
}

static void mark_broken(struct virtqueue *queue, const char *why, uint32_t value)
{
    queue->broken = true;
    klog(LOG_ERR, "virtio: queue %u is broken: %s (%u)", queue->index, why, value);
}

/* Takes one descriptor off the free list and fills it in. */
static uint16_t take_free(struct virtqueue *queue, uint64_t address, uint32_t length,
                          uint16_t flags)
{
    uint16_t id = queue->free_head;
    struct virtq_desc *desc = &queue->desc[id];
    queue->free_head = queue->slots[id].next;
    queue->free_count--;
    desc->address = address;
    desc->length = length;
    desc->flags = flags;
    desc->next = queue->free_head; /* the one that a longer chain takes next */
    return id;
}

static void queue_head(struct virtqueue *queue, uint16_t head, uint16_t count, uint32_t writable,
                       void *token)
{
    queue->slots[head].token = token;
    queue->slots[head].count = count;
    queue->slots[head].writable = writable;
    queue->avail->ring[queue->avail_next & (queue->size - 1)] = head;
    queue->avail_next++;
}

static uint16_t part_flags(const struct virtq_part *parts, unsigned int i, unsigned int count)
{
    uint32_t flags = parts[i].device_writes ? VIRTQ_DESC_WRITE : 0;
    return (uint16_t)(flags | (i + 1 < count ? VIRTQ_DESC_NEXT : 0));
}

int virtqueue_add(struct virtqueue *queue, const struct virtq_part *parts, unsigned int count,
                  void *token)
{
    ASSERT(count != 0 && token != NULL);
    if (UNLIKELY(queue->broken))
        return -EIO;
    if (count > queue->free_count)
        return -ENOSPC;
    uint16_t head = queue->free_head;
    uint32_t writable = 0;
    for (unsigned int i = 0; i < count; i++) {
        take_free(queue, virt_to_phys(parts[i].data).raw, parts[i].length,
                  part_flags(parts, i, count));
        writable += parts[i].device_writes ? parts[i].length : 0;
    }
    queue_head(queue, head, (uint16_t)count, writable, token);
    return 0;
}

int virtqueue_add_indirect(struct virtqueue *queue, const struct virtq_part *parts,
                           unsigned int count, struct virtq_desc *table, void *token)
{
    ASSERT(count != 0 && token != NULL && queue->indirect);
    if (UNLIKELY(queue->broken))
        return -EIO;
    if (queue->free_count == 0)
        return -ENOSPC;
    uint32_t writable = 0;
    for (unsigned int i = 0; i < count; i++) {
        table[i] = (struct virtq_desc){
            .address = virt_to_phys(parts[i].data).raw,
            .length = parts[i].length,
            .flags = part_flags(parts, i, count),
            .next = (uint16_t)(i + 1),
        };
        writable += parts[i].device_writes ? parts[i].length : 0;
    }
    uint16_t head = take_free(queue, virt_to_phys(table).raw,
                              (uint32_t)(count * sizeof(struct virtq_desc)), VIRTQ_DESC_INDIRECT);
    queue_head(queue, head, 1, writable, token);
    return 0;
}

bool virtqueue_publish(struct virtqueue *queue)
{
    uint16_t old = queue->avail_notified, new = queue->avail_next;
    if (old == new || queue->broken)
        return false;
    /* Release: descriptors and ring entries are seen before the index that covers them. */
    atomic_store_explicit(&queue->avail->index, new, memory_order_release);
    /*
     * The index must be visible before we read whether the device sleeps: it
     * does the two the other way round, and otherwise both could miss the other.
     */
    atomic_thread_fence(memory_order_seq_cst);
    queue->avail_notified = new;
    if (!queue->event_idx)
        return !(atomic_load_explicit(&queue->used->flags, memory_order_relaxed) &
                 VIRTQ_USED_NO_NOTIFY);
    uint16_t event = atomic_load_explicit(avail_event(queue), memory_order_relaxed);
    return (uint16_t)(new - event - 1) < (uint16_t)(new - old); /* 2.7.10 */
}

bool virtqueue_has_used(const struct virtqueue *queue)
{
    return !queue->broken &&
           atomic_load_explicit(&queue->used->index, memory_order_relaxed) != queue->used_next;
}

bool virtqueue_idle(const struct virtqueue *queue)
{
    return queue->free_count == queue->size;
}

static void release_chain(struct virtqueue *queue, uint16_t head)
{
    uint16_t last = head, count = queue->slots[head].count;
    for (uint16_t i = 1; i < count; i++)
        last = queue->slots[last].next;
    queue->slots[last].next = queue->free_head;
    queue->free_head = head;
    queue->free_count = (uint16_t)(queue->free_count + count);
    queue->slots[head].token = NULL;
}

void *virtqueue_take(struct virtqueue *queue, uint32_t *written)
{
    /* Acquire: the entry, and the buffer behind it, are read after the index. */
    uint16_t index = atomic_load_explicit(&queue->used->index, memory_order_acquire);
    uint16_t ready = (uint16_t)(index - queue->used_next);
    if (ready == 0 || queue->broken)
        return NULL;
    if (ready > (uint16_t)(queue->size - queue->free_count)) {
        mark_broken(queue, "more buffers used than available", ready);
        return NULL;
    }
    /* Read once: the device could change them between a check and a use. */
    const volatile struct virtq_used_element *element =
        &queue->used->ring[queue->used_next & (queue->size - 1)];
    uint32_t id = element->id, length = element->length;
    if (id >= queue->size || queue->slots[id].token == NULL) {
        mark_broken(queue, "no such buffer in flight", id);
        return NULL;
    }
    if (length > queue->slots[id].writable) {
        mark_broken(queue, "more written than there was room", length);
        return NULL;
    }
    void *token = queue->slots[id].token;
    release_chain(queue, (uint16_t)id);
    queue->used_next++;
    if (!queue->interrupts)
        virtqueue_no_interrupt(queue); /* moves the event index along */
    if (written != NULL)
        *written = length;
    return token;
}

bool virtqueue_want_interrupt(struct virtqueue *queue)
{
    queue->interrupts = true;
    atomic_store_explicit(&queue->avail->flags, 0, memory_order_relaxed);
    atomic_store_explicit(used_event(queue), queue->used_next, memory_order_relaxed);
    /*
     * The wish must be visible before we look for the last time: the device
     * publishes its index first and reads the wish afterwards.
     */
    atomic_thread_fence(memory_order_seq_cst);
    return virtqueue_has_used(queue);
}

void virtqueue_no_interrupt(struct virtqueue *queue)
{
    queue->interrupts = false;
    /* With the event index flags must stay 0 (2.7.7.1); an event in the past never comes. */
    uint16_t flags = queue->event_idx ? 0 : VIRTQ_AVAIL_NO_INTERRUPT;
    atomic_store_explicit(&queue->avail->flags, flags, memory_order_relaxed);
    atomic_store_explicit(used_event(queue), (uint16_t)(queue->used_next - 1),
                          memory_order_relaxed);
}
