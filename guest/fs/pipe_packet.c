/* SPDX-License-Identifier: BSD-2-Clause */
/* See pipe_packet.h. */
#include "fs/pipe_packet.h"

#include "lib/string.h"
#include "mm/slab.h"

#define ROOM_FIRST 16u

static const struct pipe_packet *oldest(const struct pipe_packets *packets)
{
    return packets->count ? &packets->list[packets->first] : NULL;
}

bool pipe_packets_reserve(struct pipe_packets *packets)
{
    uint32_t room = packets->room ? packets->room * 2 : ROOM_FIRST;
    struct pipe_packet *list;

    if (packets->first + packets->count < packets->room)
        return true;
    if (packets->first) { /* the read ones make room */
        memmove(packets->list, packets->list + packets->first, packets->count * sizeof(*list));
        packets->first = 0;
        return true;
    }
    list = krealloc(packets->list, packets->room * sizeof(*list), room * sizeof(*list));
    if (!list)
        return false;
    packets->list = list;
    packets->room = room;
    return true;
}

void pipe_packets_add(struct pipe_packets *packets, uint64_t start, uint64_t end)
{
    packets->list[packets->first + packets->count++] = (struct pipe_packet){start, end};
}

uint64_t pipe_packets_limit(const struct pipe_packets *packets, const struct pipe_ring *ring)
{
    const struct pipe_packet *packet = oldest(packets);

    if (!packet)
        return UINT64_MAX;
    return (packet->start > ring->tail ? packet->start : packet->end) - ring->tail;
}

void pipe_packets_finish(struct pipe_packets *packets, struct pipe_ring *ring, uint64_t tail)
{
    const struct pipe_packet *packet = oldest(packets);

    if (!packet || packet->start > tail)
        return;
    packets->first++;
    packets->count--;
    if (pipe_ring_filled(ring))
        ring->tail = packet->end;
    if (!pipe_ring_filled(ring))
        ring->head = ring->tail = 0;
    if (!packets->count)
        packets->first = 0;
}

void pipe_packets_shift(struct pipe_packets *packets, uint64_t by)
{
    for (uint32_t i = 0; i < packets->count; i++) {
        packets->list[packets->first + i].start -= by;
        packets->list[packets->first + i].end -= by;
    }
}

void pipe_packets_free(struct pipe_packets *packets)
{
    kfree(packets->list);
}
