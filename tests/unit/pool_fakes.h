/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs and snapshots for the tests of pools: they count, and fail when told to.
 */
#ifndef TESTS_UNIT_POOL_FAKES_H
#define TESTS_UNIT_POOL_FAKES_H

#include <stdatomic.h>

#include "vmm/pool.h"
#include "vmm/snapshot/snapshot.h"

extern struct vmm_snapshot the_snapshot;

/* VMs now and at most, made, destroyed; calls that met another's VM, or what another had left. */
extern atomic_int alive, alive_most, clones, destroyed, double_use, dirty_use;
extern atomic_int clone_error, reset_error; /* errno values; 0: all goes well */
extern atomic_int outcome; /* of calls, enum vmm_call_outcome */
extern atomic_ullong seen_timeout_ns; /* of the call that began last */
extern atomic_bool gate_closed; /* calls do not end */
extern atomic_int at_gate, served; /* calls that have begun */
extern int order[16]; /* `status` of the first calls */

void pause_us(long us);
int reset_fakes(void **state);
/* Whatever happened: every VM was destroyed once, and nobody saw another's. */
int nothing_lost(void **state);

#endif
