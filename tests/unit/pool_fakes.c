/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs and snapshots for the tests of pools: they count, and fail when told to.
 */
#include "unit/pool_fakes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "vmm/config.h"

struct vmm {
    bool dirty;
    atomic_bool in_use;
};

atomic_int alive, alive_most, clones, destroyed, double_use, dirty_use;
atomic_int clone_error, reset_error, outcome;
atomic_ullong seen_timeout_ns;
atomic_bool gate_closed;
atomic_int at_gate, served;
int order[16];
struct vmm_snapshot the_snapshot;

void pause_us(long us)
{
    struct timespec wait = {0, us * 1000};
    nanosleep(&wait, NULL);
}

struct vmm_snapshot *snapshot_get(struct vmm_snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->references, 1);
    return snapshot;
}

void vmm_snapshot_free(struct vmm_snapshot *snapshot)
{
    atomic_fetch_sub(&snapshot->references, 1);
}

int vmm_clone(struct vmm_snapshot *snapshot, const struct vmm_config *config, struct vmm **vm,
              struct vmm_error *error)
{
    (void)config;
    assert_true(atomic_load(&snapshot->references) > 0);
    int failure = atomic_load(&clone_error);
    *vm = NULL;
    if (failure)
        return vmm_fail(error, -failure, VMM_FAULT_USAGE, "no clone");
    *vm = calloc(1, sizeof(**vm));
    int now = atomic_fetch_add(&alive, 1) + 1, most = atomic_load(&alive_most);
    while (now > most && !atomic_compare_exchange_weak(&alive_most, &most, now))
        ;
    atomic_fetch_add(&clones, 1);
    return 0;
}

void vmm_destroy(struct vmm *vm)
{
    if (atomic_exchange(&vm->in_use, true))
        atomic_fetch_add(&double_use, 1);
    free(vm);
    atomic_fetch_sub(&alive, 1);
    atomic_fetch_add(&destroyed, 1);
}

int vmm_warm(struct vmm *vm, struct vmm_error *error)
{
    (void)vm;
    (void)error;
    return 0;
}

int vmm_reset(struct vmm *vm, struct vmm_error *error)
{
    (void)error;
    int failure = atomic_load(&reset_error);
    vm->dirty = vm->dirty && failure;
    return -failure;
}

int vmm_call_with(struct vmm *vm, struct vmm_call *call)
{
    if (atomic_exchange(&vm->in_use, true))
        atomic_fetch_add(&double_use, 1);
    if (vm->dirty)
        atomic_fetch_add(&dirty_use, 1);
    vm->dirty = true;
    atomic_store(&seen_timeout_ns, call->timeout_ns);
    int turn = atomic_fetch_add(&served, 1);
    if (turn < 16)
        order[turn] = call->status;
    atomic_fetch_add(&at_gate, 1);
    while (atomic_load(&gate_closed))
        pause_us(100);
    atomic_store(&vm->in_use, false);
    call->outcome = (enum vmm_call_outcome)atomic_load(&outcome);
    return call->outcome == VMM_CALL_DONE ? 0 : -EIO;
}

int reset_fakes(void **state)
{
    (void)state;
    alive = alive_most = clones = destroyed = double_use = dirty_use = 0;
    clone_error = reset_error = outcome = at_gate = served = 0;
    gate_closed = false;
    the_snapshot.references = 1;
    return 0;
}

int nothing_lost(void **state)
{
    (void)state;
    return alive == 0 && clones == destroyed && double_use == 0 && dirty_use == 0 &&
                   the_snapshot.references == 1
               ? 0
               : -1;
}
