/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One direction of a stream: reads when its buffer is empty, writes when it is
 * not, so that a slow reader slows its writer and nothing grows.
 */
#ifndef VMM_QEMU_RELAY_H
#define VMM_QEMU_RELAY_H

#include <poll.h>

#include "vmm/qemu/qemu.h"

/* buffer: RELAY_BYTES of the caller's. */
void relay_init(struct relay *relay, int from, int to, uint8_t *buffer);
/* What to wait for: fd -1 when there is nothing. */
void relay_prepare(const struct relay *relay, struct pollfd *poll);
/* After poll() with that entry; tail may be NULL. */
void relay_step(struct relay *relay, const struct pollfd *poll, struct tail *tail);
/* Nothing more will come out of it. */
bool relay_finished(const struct relay *relay);
void tail_add(struct tail *tail, const uint8_t *bytes, size_t length);

#endif
