/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueue, device side.  Section numbers: virtio 1.2.
 */
#include "vmm/dev/virtio/queue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <string.h>

/* Layout of the rings (2.7.5, 2.7.6, 2.7.8): flags, idx, ring[size], event. */
#define RING_FLAGS 0u
#define RING_IDX 2u
#define RING_ENTRIES 4u
#define AVAIL_ENTRY_BYTES 2u
#define USED_ENTRY_BYTES 8u

static uint16_t load16(const uint8_t *at, memory_order order)
{
    return atomic_load_explicit((const _Atomic(uint16_t) *)(const void *)at, order);
}

static void store16(uint8_t *at, uint16_t value, memory_order order)
{
    atomic_store_explicit((_Atomic(uint16_t) *)(void *)at, value, order);
}

static uint8_t *used_event_at(const struct virtq *queue)
{
    return queue->avail + RING_ENTRIES + AVAIL_ENTRY_BYTES * queue->size;
}

static uint8_t *avail_event_at(const struct virtq *queue)
{
    return queue->used + RING_ENTRIES + USED_ENTRY_BYTES * queue->size;
}

/* We have written into the used ring. */
static void mark_used(const struct virtq *queue)
{
    guest_mem_mark(queue->mem, queue->used_gpa,
                   RING_ENTRIES + USED_ENTRY_BYTES * (uint64_t)queue->size + 2u);
}

void virtq_reset(struct virtq *queue)
{
    uint16_t size_max = queue->size_max;

    memset(queue, 0, sizeof(*queue));
    queue->size_max = size_max;
}

int virtq_enable(struct virtq *queue, const struct guest_mem *mem, bool event_idx, bool indirect)
{
    uint16_t size = queue->size;

    if (size == 0 || size > queue->size_max || (size & (size - 1)) != 0 ||
        queue->desc_gpa % 16 != 0 || queue->avail_gpa % 2 != 0 || queue->used_gpa % 4 != 0) {
        return -EPROTO;
    }
    queue->desc = guest_mem_at(mem, queue->desc_gpa, sizeof(struct vring_desc) * size);
    queue->avail = guest_mem_at(mem, queue->avail_gpa, RING_ENTRIES + 2u + 2u * size);
    queue->used = guest_mem_at(mem, queue->used_gpa, RING_ENTRIES + 2u + 8u * size);
    if (queue->desc == NULL || queue->avail == NULL || queue->used == NULL) {
        return -EPROTO;
    }
    queue->mem = mem;
    queue->event_idx = event_idx;
    queue->indirect = indirect;
    queue->next_avail = 0;
    queue->next_used = 0;
    queue->signalled_valid = false;
    queue->ready = true;
    return 0;
}

static int add_segment(struct virtq_chain *chain, const struct vring_desc *desc)
{
    struct virtq_segment *segment = &chain->segments[chain->readable + chain->writable];
    uint32_t *total;

    if (desc->len == 0) {
        return 0; /* allowed, carries nothing */
    }
    if (chain->readable + chain->writable == VIRTQ_SEGMENTS_MAX) {
        return -EPROTO;
    }
    if ((desc->flags & VRING_DESC_F_WRITE) != 0) {
        chain->writable++;
        total = &chain->writable_bytes;
    } else {
        if (chain->writable > 0) {
            return -EPROTO; /* 2.7.4.2: readable ones come first */
        }
        chain->readable++;
        total = &chain->readable_bytes;
    }
    if (desc->len > VIRTQ_CHAIN_BYTES_MAX - *total) {
        return -EPROTO;
    }
    *total += desc->len;
    segment->gpa = desc->addr;
    segment->length = desc->len;
    return 0;
}

/* Walks a table of count descriptors from index; steps are bounded by count. */
static int walk(struct virtq *queue, const uint8_t *table, uint32_t count, uint32_t index,
                bool in_indirect, struct virtq_chain *chain)
{
    for (uint32_t steps = 0; steps < count; steps++) {
        struct vring_desc desc;
        int error;

        if (index >= count) {
            return -EPROTO;
        }
        memcpy(&desc, table + sizeof(desc) * index, sizeof(desc));
        if ((desc.flags & VRING_DESC_F_INDIRECT) != 0) {
            const uint8_t *inner;

            /* 2.7.5.3.1: not nested, not chained on. */
            if (in_indirect || !queue->indirect || (desc.flags & VRING_DESC_F_NEXT) != 0 ||
                desc.len == 0 || desc.len % sizeof(desc) != 0 ||
                desc.len / sizeof(desc) > VIRTQ_SEGMENTS_MAX) {
                return -EPROTO;
            }
            inner = guest_mem_at(queue->mem, desc.addr, desc.len);
            if (inner == NULL) {
                return -EPROTO;
            }
            return walk(queue, inner, (uint32_t)(desc.len / sizeof(desc)), 0, true, chain);
        }
        error = add_segment(chain, &desc);
        if (error != 0 || (desc.flags & VRING_DESC_F_NEXT) == 0) {
            return error;
        }
        index = desc.next;
    }
    return -EPROTO; /* more steps than descriptors: a loop */
}

int virtq_pop(struct virtq *queue, struct virtq_chain *chain)
{
    uint16_t available, head;

    if (!queue->ready) {
        return 0;
    }
    /* Acquire: the entry and its descriptors were written before the index. */
    available = load16(queue->avail + RING_IDX, memory_order_acquire);
    if (available == queue->next_avail) {
        return 0;
    }
    if ((uint16_t)(available - queue->next_avail) > queue->size) {
        queue->ready = false;
        return -EPROTO;
    }
    head = load16(queue->avail + RING_ENTRIES +
                      AVAIL_ENTRY_BYTES * (queue->next_avail & (queue->size - 1u)),
                  memory_order_relaxed);
    chain->head = head;
    chain->readable = 0;
    chain->writable = 0;
    chain->readable_bytes = 0;
    chain->writable_bytes = 0;
    if (walk(queue, queue->desc, queue->size, head, false, chain) != 0) {
        queue->ready = false;
        return -EPROTO;
    }
    queue->next_avail++;
    return 1;
}

void virtq_unpop(struct virtq *queue)
{
    queue->next_avail--;
}

void virtq_push(struct virtq *queue, const struct virtq_chain *chain, uint32_t written)
{
    struct vring_used_elem element = {.id = chain->head, .len = written};

    if (!queue->ready) {
        return;
    }
    memcpy(queue->used + RING_ENTRIES + USED_ENTRY_BYTES * (queue->next_used & (queue->size - 1u)),
           &element, sizeof(element));
    queue->next_used++;
    /* Release: the element, and the data behind it, are seen before the index. */
    store16(queue->used + RING_IDX, queue->next_used, memory_order_release);
    mark_used(queue);
}

bool virtq_wants_interrupt(struct virtq *queue)
{
    uint16_t before = queue->signalled_used;
    uint16_t event;
    bool first = !queue->signalled_valid;

    if (!queue->ready || (queue->signalled_valid && before == queue->next_used)) {
        return false;
    }
    /* The used index must be visible before we look at what the driver wants. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!queue->event_idx) {
        return (load16(queue->avail + RING_FLAGS, memory_order_relaxed) &
                VRING_AVAIL_F_NO_INTERRUPT) == 0;
    }
    if (first) {
        before = 0;
    }
    queue->signalled_used = queue->next_used;
    queue->signalled_valid = true;
    event = load16(used_event_at(queue), memory_order_relaxed);
    return vring_need_event(event, queue->next_used, before) != 0;
}

void virtq_disable_notify(struct virtq *queue)
{
    /* With the event index the old event stays behind: no notification comes. */
    if (queue->ready && !queue->event_idx) {
        store16(queue->used + RING_FLAGS, VRING_USED_F_NO_NOTIFY, memory_order_relaxed);
        mark_used(queue);
    }
}

bool virtq_enable_notify(struct virtq *queue)
{
    if (!queue->ready) {
        return false;
    }
    if (queue->event_idx) {
        store16(avail_event_at(queue), queue->next_avail, memory_order_relaxed);
    } else {
        store16(queue->used + RING_FLAGS, 0, memory_order_relaxed);
    }
    mark_used(queue);
    /* What we want must be visible before we look for chains that came just before. */
    atomic_thread_fence(memory_order_seq_cst);
    return load16(queue->avail + RING_IDX, memory_order_acquire) != queue->next_avail;
}

int virtq_iov(const struct virtq *queue, const struct virtq_chain *chain, bool writable,
              uint32_t skip, uint32_t limit, struct iovec iov[VIRTQ_SEGMENTS_MAX])
{
    unsigned int first = writable ? chain->readable : 0;
    unsigned int count = writable ? chain->writable : chain->readable;
    int used = 0;

    for (unsigned int i = first; i < first + count && limit > 0; i++) {
        uint64_t gpa = chain->segments[i].gpa;
        uint32_t length = chain->segments[i].length;

        if (skip >= length) {
            skip -= length;
            continue;
        }
        length -= skip;
        if (length > limit) {
            length = limit;
        }
        if (gpa > UINT64_MAX - skip ||
            guest_mem_iov(queue->mem, gpa + skip, length, writable, &iov[used]) != 0) {
            return -EFAULT;
        }
        skip = 0;
        limit -= length;
        used++;
    }
    return used;
}

/* One direction of copying; exactly one of to and from is given. */
static int copy(const struct virtq *queue, const struct virtq_chain *chain, uint32_t skip,
                uint8_t *to, const uint8_t *from, uint32_t length)
{
    unsigned int first = from != NULL ? chain->readable : 0;
    unsigned int count = from != NULL ? chain->writable : chain->readable;

    for (unsigned int i = first; i < first + count && length > 0; i++) {
        const struct virtq_segment *segment = &chain->segments[i];
        uint32_t part = segment->length;
        int error;

        if (skip >= part) {
            skip -= part;
            continue;
        }
        part = part - skip < length ? part - skip : length;
        if (segment->gpa > UINT64_MAX - skip) {
            return -EFAULT;
        }
        if (from != NULL) {
            error = guest_mem_write(queue->mem, segment->gpa + skip, from, part);
            from += part;
        } else {
            error = guest_mem_read(queue->mem, segment->gpa + skip, to, part);
            to += part;
        }
        if (error != 0) {
            return error;
        }
        length -= part;
        skip = 0;
    }
    return length == 0 ? 0 : -EINVAL;
}

int virtq_copy_in(const struct virtq *queue, const struct virtq_chain *chain, uint32_t skip,
                  void *to, uint32_t length)
{
    return copy(queue, chain, skip, to, NULL, length);
}

int virtq_copy_out(const struct virtq *queue, const struct virtq_chain *chain, uint32_t skip,
                   const void *from, uint32_t length)
{
    return copy(queue, chain, skip, NULL, from, length);
}
