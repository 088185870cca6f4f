/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function calls over the control channel (QEMU): the monitor's part in the area is played here.
 * The host sends no more than the area holds before it is asked for more, so nothing has to be
 * kept elsewhere and nothing in the channel waits behind a call.
 */
#ifndef DRIVERS_CALL_CHANNEL_H
#define DRIVERS_CALL_CHANNEL_H

#include "iface/call_port.h"
#include "iface/chardev.h"

/* The area is there; on_request() is called from now on. */
void call_channel_start(struct call_port *port);
int call_channel_op(enum guest_call_op op); /* of the port */

/* ---- For control.c, which reads the channel: one caller at a time ---- */

/* Takes up to `left` bytes of a GUEST_HOST_CALL message with this value from dev: as its read(). */
ssize_t call_channel_receive(struct chardev *dev, uint32_t value, uint32_t left);
/* Such a message is complete. */
void call_channel_end(uint32_t value);

#endif
