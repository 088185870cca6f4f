/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that writes anything into its part of the ring: the driver's side keeps its own order.
 */
/* links: guest/drivers/virtio/virtqueue.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/virtqueue.h"
#include "lib/panic.h"
#include "lib/printf.h"

#define SIZE 8u
#define TOKENS 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

paddr_t virt_to_phys(const void *ptr)
{
    return PADDR((uintptr_t)ptr);
}

void klog(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

static void check(bool condition)
{
    if (!condition)
        abort();
}

static struct {
    uint32_t writable;
    bool in_flight;
} tokens[TOKENS];

static void add(struct virtqueue *queue, uint8_t what)
{
    static uint8_t buffer[256];
    static struct virtq_desc table[TOKENS][4];
    struct virtq_part parts[4];
    unsigned int count = 1 + (what & 3), token = what >> 4;
    if (tokens[token].in_flight)
        return;
    tokens[token].writable = 0;
    for (unsigned int i = 0; i < count; i++) {
        parts[i] = (struct virtq_part){
            .data = buffer, .length = 1 + what % 64, .device_writes = i >= count / 2};
        tokens[token].writable += i >= count / 2 ? parts[i].length : 0;
    }
    int error = (what & 8) && queue->indirect
                    ? virtqueue_add_indirect(queue, parts, count, table[token], &tokens[token])
                    : virtqueue_add(queue, parts, count, &tokens[token]);
    tokens[token].in_flight = error == 0;
}

static void take(struct virtqueue *queue)
{
    uint32_t written = 0;
    void *token = virtqueue_take(queue, &written);
    if (token == NULL)
        return;
    for (unsigned int i = 0; i < TOKENS; i++) {
        if (token == &tokens[i]) {
            check(tokens[i].in_flight && written <= tokens[i].writable);
            tokens[i].in_flight = false;
            return;
        }
    }
    abort();
}

/* The device's hand: used entries and index, its flags and event, and even the driver's rings. */
static void lie(struct virtqueue *queue, uint8_t where, uint8_t value)
{
    switch (where % 6) {
    case 0:
        atomic_fetch_add(&queue->used->index, (uint16_t)(value & 3));
        break;
    case 1:
        atomic_store(&queue->used->index, (uint16_t)(value * 257));
        break;
    case 2:
        queue->used->ring[where / 6 % SIZE].id = value % 12;
        break;
    case 3:
        queue->used->ring[where / 6 % SIZE].length = value;
        break;
    case 4:
        atomic_store(&queue->used->flags, value);
        break;
    default: /* descriptors are shared memory, too: the driver must not read them back */
        memset(&queue->desc[where / 6 % SIZE], value, sizeof(struct virtq_desc));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct virtqueue queue;
    if (size == 0)
        return 0;
    void *memory = aligned_alloc(16, virtqueue_bytes(SIZE));
    memset(tokens, 0, sizeof(tokens));
    virtqueue_init(&queue, 0, SIZE, memory,
                   (data[0] & 1 ? VIRTIO_F_EVENT_IDX : 0) |
                       (data[0] & 2 ? VIRTIO_F_INDIRECT_DESC : 0));
    for (size_t i = 1; i + 2 < size; i += 3) {
        switch (data[i] % 6) {
        case 0:
            add(&queue, data[i + 1]);
            break;
        case 1:
            (void)virtqueue_publish(&queue);
            break;
        case 2:
            take(&queue);
            break;
        case 3:
            (void)virtqueue_want_interrupt(&queue);
            break;
        case 4:
            virtqueue_no_interrupt(&queue);
            break;
        default:
            lie(&queue, data[i + 1], data[i + 2]);
            break;
        }
        check(queue.free_count <= SIZE);
    }
    free(memory);
    return 0;
}
