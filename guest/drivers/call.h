/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport of function calls (boot/guest_abi.h, "Function calls"): the area that is
 * shared with our own monitor; over the control channel, call_channel.h.  Costs nothing before the
 * first start().
 */
#ifndef DRIVERS_CALL_H
#define DRIVERS_CALL_H

#include "iface/call_port.h"

struct call_port *call_port_get(void);
/* How the first program died; before control_end().  Nothing where nobody calls functions. */
void call_report_crash(const struct guest_crash *crash);
/* From the control port's interrupt: the monitor may have a request. */
void call_attention(void);

#endif
