/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in a pipe, pipe(2)'s O_DIRECT: which stretches of the ring's bytes are read one at
 * a time.  Positions count as the ring's head and tail do.  The caller locks.
 */
#ifndef FS_PIPE_PACKET_H
#define FS_PIPE_PACKET_H

#include "fs/pipe_ring.h"

struct pipe_packet {
    uint64_t start, end;
};

struct pipe_packets {
    struct pipe_packet *list; /* oldest first */
    uint32_t first, count, room;
};

bool pipe_packets_reserve(struct pipe_packets *packets); /* room for one more; false: no memory */
void pipe_packets_add(struct pipe_packets *packets, uint64_t start, uint64_t end);
/* How many bytes a read may take at the tail: to the end of a packet or the start of the next. */
uint64_t pipe_packets_limit(const struct pipe_packets *packets, const struct pipe_ring *ring);
/* A read has begun at tail: what it left of a packet is dropped. */
void pipe_packets_finish(struct pipe_packets *packets, struct pipe_ring *ring, uint64_t tail);
/* The ring's positions have fallen by that much. */
void pipe_packets_shift(struct pipe_packets *packets, uint64_t by);
void pipe_packets_free(struct pipe_packets *packets);

#endif
