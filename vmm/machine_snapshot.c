/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots of a machine: taking one, returning to one (machine_clone.c makes machines out of one).
 *
 * That happens while no CPU runs.  Devices may still be at work in the I/O thread: their locks
 * are held meanwhile, in the order of the slots.  What the guest must learn (it goes on in another
 * generation: new random seed, the time of day) is written into its memory last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "vmm/backend/entropy.h"
#include "vmm/machine.h"

#define NS_PER_SECOND 1000000000ull

static uint64_t wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void lock_devices(struct machine *machine)
{
    for (unsigned int i = 0; i < machine->slot_count; i++) {
        pthread_mutex_lock(&machine->slots[i].mmio.device->lock);
    }
}

static void unlock_devices(struct machine *machine)
{
    for (unsigned int i = machine->slot_count; i-- > 0;) {
        pthread_mutex_unlock(&machine->slots[i].mmio.device->lock);
    }
}

/* ---- Devices ------------------------------------------------------------- */

static void save_devices(struct machine *machine, struct vmm_snapshot *snapshot)
{
    struct snapshot_machine *state = &snapshot->machine;

    chip_state_save(&machine->ioapic, &machine->ctl, &machine->uart, &snapshot->chips);
    for (unsigned int i = 0; i < machine->slot_count; i++) {
        slot_state_save(&machine->slots[i].mmio, &snapshot->slots[i]);
    }
    state->slot_count = machine->slot_count;
    state->console_in_ended = machine->stdio.in_ended;
    state->console_sent[0] = machine->stdio.sent;
    state->console_sent[1] = machine->has_error_output ? machine->error_output.sent : 0;
}

int machine_load_devices(struct machine *machine, const struct vmm_snapshot *snapshot)
{
    const struct snapshot_machine *state = &snapshot->machine;
    int result = state->slot_count == machine->slot_count ? 0 : -EPROTO;

    chip_state_load(&machine->ioapic, &machine->ctl, &machine->uart, &snapshot->chips);
    for (unsigned int i = 0; i < machine->slot_count && result == 0; i++) {
        result = slot_state_load(&machine->slots[i].mmio, &snapshot->slots[i]);
    }
    machine->stdio.in_ended = state->console_in_ended != 0;
    machine->stdio.sent = state->console_sent[0];
    machine->error_output.sent = state->console_sent[1];
    return result;
}

void machine_load_calls(struct machine *machine, const struct vmm_snapshot *snapshot)
{
    struct machine_calls *calls = &machine->calls;

    machine_calls_abort(calls);
    calls->area_gpa = snapshot->machine.call_area_gpa;
    calls->area = calls->area_gpa != 0
                      ? guest_mem_at(&machine->mem, calls->area_gpa, sizeof(*calls->area))
                      : NULL;
    calls->serial = snapshot->machine.call_serial;
    calls->ready = snapshot->machine.ready != 0;
}

/* ---- Generation ---------------------------------------------------------- */

int machine_begin_generation(struct machine *machine, const struct vmm_snapshot *snapshot,
                             struct vmm_error *error)
{
    struct guest_generation generation;
    uint64_t gpa = snapshot->machine.generation_gpa;
    uint32_t counter;

    if (guest_mem_read(&machine->mem, gpa, &generation, sizeof(generation)) != 0) {
        return vmm_fail(error, -EPROTO, VMM_FAULT_USAGE,
                        "the snapshot has no place for its generation: damaged");
    }
    machine->generation++;
    counter = generation.counter + machine->generation;
    generation = (struct guest_generation){.version = GUEST_GENERATION_VERSION,
                                           .counter = counter,
                                           .wall_tsc = vcpu_tsc(&machine->vcpus[0]),
                                           .wall_ns = wall_ns()};
    /* Both in one call. */
    if (entropy_fill((uint8_t *)&generation + offsetof(struct guest_generation, id),
                     sizeof(generation.id) + sizeof(generation.seed)) != 0) {
        return vmm_fail(error, -EIO, VMM_FAULT_USAGE, "the host gives no random numbers");
    }
    if (machine->config->hostname != NULL) {
        strncpy(generation.hostname, machine->config->hostname, GUEST_HOSTNAME_MAX);
    }
    guest_mem_write(&machine->mem, gpa, &generation, sizeof(generation));
    /* A kernel that waits for a request looks by itself. */
    if (!snapshot->machine.functions) {
        ctl_port_attention(&machine->ctl);
    }
    return 0;
}

/* ---- Taking -------------------------------------------------------------- */

static int describe(struct machine *machine, struct vmm_snapshot *snapshot, struct vmm_error *error)
{
    const struct vmm_config *config = machine->config;

    snapshot->machine = (struct snapshot_machine){
        .memory_bytes = config->memory_bytes,
        .generation_gpa = machine->generation_gpa,
        .call_area_gpa = machine->calls.area != NULL ? machine->calls.area_gpa : 0,
        .taken_ns = wall_ns(),
        .cpu_count = machine->cpu_count,
        .tsc_khz = vcpu_tsc_khz(&machine->vcpus[0]),
        .call_serial = machine->calls.serial,
        .ready = machine->calls.ready,
        .functions = config->functions,
        .terminal = config->terminal,
        .has_error_output = machine->has_error_output,
        .rows = (uint16_t)config->rows,
        .columns = (uint16_t)config->columns,
    };
    snapshot->program = strdup(config->program != NULL ? config->program : "?");
    snapshot->hostname = strdup(config->hostname != NULL ? config->hostname : "");
    if (snapshot->program == NULL || snapshot->hostname == NULL ||
        entropy_fill(snapshot->id, sizeof(snapshot->id)) != 0) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    if (cpuid_read_host(&machine->vm, machine->cpu_count, &snapshot->cpuid) != 0) {
        return vmm_fail(error, -EIO, VMM_FAULT_USAGE, "KVM reports no CPUID");
    }
    cpuid_set_index(&snapshot->cpuid, 0);
    return 0;
}

static int save(struct machine *machine, struct vmm_snapshot *snapshot, struct vmm_error *error)
{
    int result = describe(machine, snapshot, error);

    vcpu_carry_out(&machine->vcpus[0], &machine->events);
    lock_devices(machine);
    for (unsigned int cpu = 0; cpu < machine->cpu_count && result == 0; cpu++) {
        result = vcpu_state_save(&machine->vcpus[cpu], &snapshot->vcpus[cpu], error);
    }
    save_devices(machine, snapshot);
    memory_file_plan(&machine->mem, &snapshot->layout);
    if (result == 0) {
        result = snapshot_create_memory(snapshot, error);
    }
    if (result == 0) {
        result = memory_file_write(&machine->mem, &snapshot->layout, snapshot->memory_fd);
        if (result == 0 && machine->config->functions) {
            result = memory_reset_start(&machine->memory_reset, &machine->vm, &machine->mem);
        }
        if (result != 0) {
            vmm_fail(error, result, VMM_FAULT_USAGE, "cannot copy guest memory: %s",
                     strerror(-result));
        }
    }
    unlock_devices(machine);
    if (result == 0) {
        snapshot_seal_memory(snapshot);
        result = snapshot_map_memory(snapshot, error);
    }
    return result;
}

/* Stands still already between calls; a run is held.  The CPUs have stopped when this returns 0. */
static int stop_for_snapshot(struct machine *machine, struct vmm_error *error)
{
    if (machine->runs) {
        machine_hold(machine, false);
        machine_wait_parked(machine, machine->cpu_count);
    } else if (!machine->calls.ready) {
        return vmm_fail(error, -EBUSY, VMM_FAULT_USAGE,
                        "a snapshot needs a VM that has been started");
    }
    return machine->spoiled || atomic_load(&machine->end_claimed)
               ? vmm_fail(error, -ESHUTDOWN, VMM_FAULT_USAGE, "the VM has ended")
               : 0;
}

int machine_take_snapshot(void *arg, struct vmm_snapshot **out, struct vmm_error *error)
{
    struct machine *machine = arg;
    struct vmm_snapshot *snapshot;
    int result;

    *out = NULL;
    if (machine->generation_gpa == 0 || machine->disk_count > 0 ||
        machine->config->kernel != NULL) {
        return vmm_fail(error, -ENOTSUP, VMM_FAULT_USAGE, "no snapshots of VMs %s",
                        machine->disk_count > 0           ? "with disks"
                        : machine->config->kernel != NULL ? "with a kernel of their own"
                                                          : "that were not made for it");
    }
    snapshot = snapshot_new(machine->cpu_count);
    if (snapshot == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    pthread_mutex_lock(&machine->call_lock);
    result = stop_for_snapshot(machine, error);
    if (result == 0) {
        result = save(machine, snapshot, error);
    }
    if (machine->runs) {
        machine_release(machine);
    }
    if (result == 0 && machine->config->functions) {
        snapshot_put(machine->snapshot);
        machine->snapshot = snapshot_get(snapshot);
    }
    pthread_mutex_unlock(&machine->call_lock);
    if (result == 0) {
        *out = snapshot;
    } else {
        snapshot_put(snapshot);
    }
    return result;
}

/* ---- Returning ----------------------------------------------------------- */

/* No CPU runs, nothing has ended. */
static void forget_end(struct machine *machine)
{
    atomic_store(&machine->end_claimed, false);
    atomic_store(&machine->ended, false);
    atomic_store(&machine->stop, false);
    atomic_store(&machine->cancel, false);
    atomic_store(&machine->hold, true);
    machine->end_text[0] = '\0';
    machine->spoiled = false;
}

static int reset(struct machine *machine, struct vmm_error *error)
{
    struct vmm_snapshot *snapshot = machine->snapshot;
    int result;

    lock_devices(machine);
    result = memory_reset_run(&machine->memory_reset, &machine->vm, &machine->mem,
                              &snapshot->layout, snapshot->memory);
    if (result != 0) {
        vmm_fail(error, result, VMM_FAULT_USAGE, "cannot reset guest memory: %s",
                 strerror(-result));
    }
    vcpu_drop_coalesced(&machine->vcpus[0]);
    for (unsigned int cpu = 0; cpu < machine->cpu_count && result == 0; cpu++) {
        result = vcpu_state_reset(&machine->vcpus[cpu], &snapshot->vcpus[cpu], error);
    }
    if (result == 0 && machine_load_devices(machine, snapshot) != 0) {
        result = vmm_fail(error, -EIO, VMM_FAULT_USAGE, "cannot reset the devices");
    }
    machine_load_calls(machine, snapshot);
    unlock_devices(machine);
    if (result == 0 && !atomic_load(&machine->vm.msrs_watched)) {
        kvm_vm_watch_msrs(&machine->vm);
    }
    if (result == 0) {
        forget_end(machine);
        result = machine_begin_generation(machine, snapshot, error);
    }
    machine->spoiled = result != 0;
    return result;
}

int machine_reset(void *arg, struct vmm_error *error)
{
    struct machine *machine = arg;
    int result;

    if (machine_calls_is_inside(&machine->calls)) {
        return vmm_fail(error, -EDEADLK, VMM_FAULT_USAGE, "a reset from inside a call");
    }
    pthread_mutex_lock(&machine->call_lock);
    result = machine->snapshot != NULL ? reset(machine, error)
                                       : vmm_fail(error, -EINVAL, VMM_FAULT_USAGE,
                                                  "there is no snapshot of this VM to return to");
    pthread_mutex_unlock(&machine->call_lock);
    return result;
}
