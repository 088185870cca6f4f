/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine out of a snapshot: guest memory is a private mapping of the snapshot's, CPUs and
 * devices get the state they had; streams, the host name and exports are the clone's own.
 */
#include <errno.h>
#include <string.h>

#include "vmm/machine.h"

/* Whatever a driver had made available before is looked at again. */
static void notify_devices(struct machine *machine)
{
    for (unsigned int i = 0; i < machine->slot_count; i++) {
        struct virtio_device *device = machine->slots[i].mmio.device;

        for (unsigned int queue = 0; queue < device->ops->queue_count; queue++) {
            virtio_device_notify(device, queue);
        }
    }
}

struct vmm_config *machine_clone_config(const struct vmm_snapshot *snapshot,
                                        const struct vmm_config *config)
{
    const char *argv[] = {snapshot->program, NULL};
    struct vmm_config *fresh = NULL, *merged;

    if (config == NULL && vmm_config_new(&fresh) != 0) {
        return NULL;
    }
    merged = vmm_config_copy(config != NULL ? config : fresh);
    vmm_config_free(fresh);
    if (merged == NULL || vmm_config_set_program(merged, snapshot->program, 1, argv) != 0) {
        vmm_config_free(merged);
        return NULL;
    }
    merged->memory_bytes = snapshot->machine.memory_bytes;
    merged->cpus = snapshot->machine.cpu_count;
    merged->functions = snapshot->machine.functions != 0;
    merged->terminal = snapshot->machine.terminal != 0;
    merged->rows = merged->terminal && merged->rows != 0 ? merged->rows : snapshot->machine.rows;
    merged->columns =
        merged->terminal && merged->columns != 0 ? merged->columns : snapshot->machine.columns;
    return merged;
}

static int create_cpus(struct machine *machine, const struct vmm_snapshot *snapshot,
                       struct vmm_error *error)
{
    struct cpuid_table cpuid = snapshot->cpuid;
    int result = 0;

    for (unsigned int cpu = 0; cpu < machine->cpu_count && result == 0; cpu++) {
        struct vcpu *vcpu = &machine->vcpus[cpu];

        cpuid_set_index(&cpuid, cpu);
        result = vcpu_create(vcpu, &machine->vm, cpu, &cpuid, error);
        if (result == 0 && cpu == 0 && snapshot->machine.tsc_khz != 0 &&
            vcpu_tsc_khz(vcpu) != snapshot->machine.tsc_khz &&
            vcpu_set_tsc_khz(vcpu, snapshot->machine.tsc_khz) != 0) {
            result = vmm_fail(error, -ENOTSUP, VMM_FAULT_USAGE,
                              "the snapshot's clock runs at %u kHz, this processor's at %u and "
                              "cannot be scaled",
                              snapshot->machine.tsc_khz, vcpu_tsc_khz(vcpu));
        }
        if (result == 0) {
            result = vcpu_state_load(vcpu, &snapshot->vcpus[cpu], error);
        }
    }
    return result;
}

static int build(struct machine *machine, struct vmm_snapshot *snapshot, struct vmm_error *error)
{
    int result = machine_add_devices(machine, error);

    if (result == 0) {
        result = memory_file_map(&machine->mem, &snapshot->layout, snapshot->memory_fd);
        if (result != 0) {
            vmm_fail(error, result, VMM_FAULT_USAGE, "cannot map a snapshot's memory: %s",
                     strerror(-result));
        }
    }
    if (result == 0) {
        result = kvm_vm_create(&machine->vm, error);
    }
    if (result == 0) {
        result = kvm_vm_set_memory(&machine->vm, &machine->mem, error);
    }
    if (result == 0) {
        result = create_cpus(machine, snapshot, error);
    }
    if (result == 0 && machine_load_devices(machine, snapshot) != 0) {
        result = vmm_fail(error, -EPROTO, VMM_FAULT_USAGE, "the snapshot's devices are damaged");
    }
    return result;
}

int machine_clone(struct vmm_snapshot *snapshot, const struct vmm_config *config, void **out,
                  struct vmm_error *error)
{
    struct machine *machine = machine_allocate(config, NULL);
    int result;

    *out = NULL;
    if (machine == NULL) {
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    machine->created_ns = config->stats ? machine_now_ns() : 0;
    result = build(machine, snapshot, error);
    if (result == 0) {
        machine->snapshot = snapshot_get(snapshot);
        machine->generation_gpa = snapshot->machine.generation_gpa;
        machine->calling = config->functions;
        atomic_store(&machine->hold, config->functions);
        machine_load_calls(machine, snapshot);
        result = machine_begin_generation(machine, snapshot, error);
    }
    if (result != 0) {
        machine_destroy(machine);
        return result;
    }
    notify_devices(machine);
    machine->opened_ns = config->stats ? machine_now_ns() : 0;
    *out = machine;
    return 0;
}
