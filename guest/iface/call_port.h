/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function calls by the monitor: the seam between the transport (a driver) and the files
 * that programs use.  Both sides work on the area of boot/guest_abi.h, whose fields mean what
 * is said there; a transport without shared memory plays the monitor's part in it.
 */
#ifndef IFACE_CALL_PORT_H
#define IFACE_CALL_PORT_H

#include "boot/guest_abi.h"
#include "lib/types.h"

struct call_port {
    /* First use.  0, -ENXIO: the monitor makes no calls, -ENOMEM.  May sleep. */
    int (*start)(void);
    /*
     * What the contract says of op.  From a thread, with no spinlock held; WAIT also from the
     * idle thread where stands_still.  0, or -EINTR: a signal ended the wait for a piece.
     */
    int (*op)(enum guest_call_op op);
    void (*say_ready)(void);
    struct guest_call_area *area; /* after start() */
    bool stands_still; /* WAIT returns when there may be a request; else it returns at once */
    /* Set by the user before start(): there may be a new request.  From interrupts, no locks. */
    void (*on_request)(void);
};

#endif
