/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standing still: all CPUs are out of the guest at an instruction's end, and stay out until the
 * machine goes on.  `hold` is set by whoever wants that; each CPU sees it after its exit (a kick
 * makes one) and comes to machine_held().
 *
 * During a call the first CPU belongs to the caller's thread and leaves its loop; all others,
 * and all during vmm_run(), wait here, on stand_changed.  Device threads go on: what they change
 * is taken with each device's lock.
 */
#include "vmm/machine.h"

#define NS_PER_SECOND 1000000000l
#define LOOK_FOR_END_NS 20000000l

void machine_hold(struct machine *machine, bool from_cpu)
{
    atomic_store_explicit(&machine->hold, true, memory_order_release);
    /* The CPU that says so sees the flag itself. */
    for (unsigned int i = 0; i < machine->cpu_count; i++) {
        if (!from_cpu || machine->cpu_count > 1) {
            vcpu_kick(&machine->vcpus[i]);
        }
    }
}

bool machine_held(void *arg, unsigned int index)
{
    struct machine *machine = arg;

    if (index == 0 && machine->calling) {
        return false;
    }
    pthread_mutex_lock(&machine->stand_lock);
    machine->parked++;
    pthread_cond_broadcast(&machine->stand_changed);
    while (atomic_load(&machine->hold) && !atomic_load(&machine->ended)) {
        pthread_cond_wait(&machine->stand_changed, &machine->stand_lock);
    }
    machine->parked--;
    pthread_mutex_unlock(&machine->stand_lock);
    return true;
}

void machine_wait_parked(struct machine *machine, unsigned int count)
{
    if (count == 0) {
        return;
    }
    pthread_mutex_lock(&machine->stand_lock);
    while (machine->parked < count && !atomic_load(&machine->ended)) {
        struct timespec soon;

        /* An end tells nobody: it may come from a signal handler. */
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += LOOK_FOR_END_NS;
        soon.tv_sec += soon.tv_nsec / NS_PER_SECOND;
        soon.tv_nsec %= NS_PER_SECOND;
        pthread_cond_timedwait(&machine->stand_changed, &machine->stand_lock, &soon);
    }
    pthread_mutex_unlock(&machine->stand_lock);
}

void machine_release(struct machine *machine)
{
    if (machine->cpu_count == 1 && machine->calling) {
        atomic_store(&machine->hold, false); /* nobody waits */
        return;
    }
    pthread_mutex_lock(&machine->stand_lock);
    atomic_store(&machine->hold, false);
    pthread_cond_broadcast(&machine->stand_changed);
    pthread_mutex_unlock(&machine->stand_lock);
}

void machine_ready(struct machine *machine)
{
    /* A program that serves functions is ready when it waits for one. */
    if (machine->calling && !machine->config->functions) {
        machine->calls.ready = true;
        machine_hold(machine, true);
    }
}

bool machine_may_stand_still(const struct machine *machine)
{
    return machine->config->functions || machine->config->snapshots ||
           machine->config->snapshot_at_ready != NULL;
}
