/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function calls of a machine: the monitor's half of the records in boot/guest_abi.h.  A call is
 * posted while the machine stands still; the guest's OUTs move its pieces, and the last piece of
 * the reply makes the machine stand still again.
 *
 * Everything in the area is the guest's: lengths are read once and checked, a breach of the
 * protocol ends the call (VMM_CALL_BROKEN), never the monitor.
 *
 * Locking: `lock` guards the structure; it is held inside the OUTs, but not while a function of the
 * embedder's runs.  The caller's side touches it while no CPU runs.
 */
#ifndef VMM_MACHINE_CALLS_H
#define VMM_MACHINE_CALLS_H

#include <pthread.h>
#include <stdatomic.h>

#include "boot/guest_abi.h"
#include "vmm/calls/host_call.h"
#include "vmm/config.h"

enum call_state {
    CALL_NONE,
    CALL_RUNS,
    CALL_OVER, /* its result is complete */
};

struct machine_calls {
    pthread_mutex_t lock;
    struct guest_call_area *area; /* NULL: none */
    uint64_t area_gpa;
    bool ready; /* the program waits, or has said that it is initialised */
    uint32_t serial; /* of the newest request */
    enum call_state state;
    struct vmm_call *call; /* while it runs */
    struct call_record request;
    struct call_reply reply;

    /* A call of the embedder's. */
    struct call_inbox inbox; /* what has come so far */
    struct host_answer answer;
    bool host_runs;
    pthread_t host_thread; /* while host_runs */

    bool has_crash;
    struct guest_crash crash;
};

struct machine;

void machine_calls_init(struct machine_calls *calls);
void machine_calls_destroy(struct machine_calls *calls);
/* The guest names its area (an OUT); arg is the machine. */
void machine_calls_area(void *arg, uint32_t frame);
/* GUEST_CTL_CALL and GUEST_CTL_CRASH. */
void machine_calls_operation(struct machine *machine, uint8_t operation);
void machine_calls_crash(struct machine *machine);
/* While the machine stands still: the request is there when it goes on. */
void machine_calls_post(struct machine *machine, struct vmm_call *call);
/* The call is over with this outcome, unless it was before. */
void machine_calls_finish(struct machine *machine, enum vmm_call_outcome outcome);
/* Forgets what belongs to a call that did not end by itself. */
void machine_calls_abort(struct machine_calls *calls);

/* ---- Between machine_calls.c and machine_exports.c; with the lock -------- */

/* The guest broke the protocol: the call is over. */
void machine_calls_breach(struct machine *machine, const char *what);
/* The next piece of an answer, into the area. */
void machine_calls_put_answer(struct machine *machine);
/* Lets go of the lock while the function runs. */
void machine_calls_take_host_call(struct machine *machine);

/* ---- Any thread ---------------------------------------------------------- */

/* Inside a function of the embedder's that this thread runs for the machine? */
bool machine_calls_is_inside(struct machine_calls *calls);

#endif
