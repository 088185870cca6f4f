/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvmm's machines: copies the configuration, plans the archive, chooses the
 * engine and hands over to it.  Owns nothing that an engine could own.
 */
#include "vmm/vmm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kvm/probe.h"
#include "vmm/vmm_internal.h"

static int create_with(struct vmm *vm, const struct vmm_engine_ops *engine, struct vmm_error *error)
{
    vm->engine = engine;
    return engine->create(vm->config, vm->archive, &vm->machine, error);
}

static int create_on_kvm(struct vmm *vm, struct vmm_error *error)
{
    int result = create_with(vm, &vmm_kvm_engine, error);

    if (result == 0) {
        vmm_log(vm->config, VMM_LOG_INFO, "engine: kvm (the virtual machine isolates)");
    }
    return result;
}

/* AUTO: KVM when it works, else QEMU. */
static int create_machine(struct vmm *vm, struct vmm_error *error)
{
    char text[200];
    int result;

    if (vm->config->engine == VMM_ENGINE_QEMU) {
        return create_with(vm, &vmm_qemu_engine, error);
    }
    if (vm->config->machine != VMM_MACHINE_MICROVM || vm->config->cpu_model) {
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE,
                        "the machine and its CPU can be chosen with QEMU only (--engine qemu)");
    }
    /* The usual case asks no more than one file; /dev/kvm is opened once. */
    if (kvm_is_vendors()) {
        result = create_on_kvm(vm, error);
        if ((result != -ENOENT && result != -EACCES) || vm->machine != NULL ||
            vm->config->engine == VMM_ENGINE_KVM) {
            return result;
        }
    }
    if (kvm_probe(text, sizeof(text)) == VMM_KVM_WORKS) {
        return create_on_kvm(vm, error);
    }
    if (vm->config->engine == VMM_ENGINE_KVM) {
        return vmm_fail(error, -ENODEV, VMM_FAULT_USAGE,
                        "%s; use --engine auto or qemu to run without", text);
    }
    result = create_with(vm, &vmm_qemu_engine, error);
    if (result == 0) {
        vmm_log(vm->config, VMM_LOG_INFO, "not KVM: %s", text);
    }
    return result;
}

int vmm_create(const struct vmm_config *config, struct vmm **out, struct vmm_error *error)
{
    struct vmm *vm;
    int result = 0;

    *out = NULL;
    if (config->program == NULL && config->kernel == NULL) {
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE, "no program and no kernel to run");
    }
    vm = calloc(1, sizeof(*vm));
    if (vm != NULL) {
        vm->config = vmm_config_copy(config);
    }
    if (vm == NULL || vm->config == NULL) {
        free(vm);
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    }
    if (config->program != NULL) {
        result = archive_build(vm->config, &vm->archive, error);
    }
    if (result == 0) {
        result = create_machine(vm, error);
    }
    if (result != 0) {
        vmm_destroy(vm);
        return result;
    }
    *out = vm;
    return 0;
}

/*
 * Without the sandbox: files are written at the end.  A program that ends before it is ready
 * makes this fail.
 */
static int run_to_snapshot(struct vmm *vm, struct vmm_result *result, struct vmm_error *error)
{
    struct vmm_snapshot *snapshot = NULL;
    int failed = vmm_start(vm, error);

    if (failed == 0) {
        failed = vmm_snapshot_take(vm, &snapshot, error);
    }
    if (failed == 0) {
        failed = vmm_snapshot_save(snapshot, vm->config->snapshot_at_ready, error);
    }
    vmm_snapshot_free(snapshot);
    *result = (struct vmm_result){.outcome = failed == -ETIMEDOUT ? VMM_TIMED_OUT : VMM_EXITED};
    return failed == -ETIMEDOUT ? 0 : failed;
}

int vmm_run(struct vmm *vm, struct vmm_result *result, struct vmm_error *error)
{
    if (vm->config->functions) {
        return vmm_fail(error, -EINVAL, VMM_FAULT_USAGE,
                        "a VM that serves functions is started and called, not run");
    }
    if (vm->config->snapshot_at_ready != NULL) {
        return run_to_snapshot(vm, result, error);
    }
    return vm->engine->run(vm->machine, result, error);
}

/* The next three run in signal handlers: errno belongs to the interrupted code. */
int vmm_signal(struct vmm *vm, int signal_number)
{
    int saved = errno;
    int result = vm->engine->signal(vm->machine, signal_number);

    errno = saved;
    return result;
}

int vmm_resize(struct vmm *vm, unsigned int rows, unsigned int columns)
{
    int saved = errno;
    int result = vm->engine->resize(vm->machine, rows, columns);

    errno = saved;
    return result;
}

int vmm_stop(struct vmm *vm)
{
    int saved = errno;
    int result = vm->engine->stop(vm->machine);

    errno = saved;
    return result;
}

int vmm_get_stats(const struct vmm *vm, struct vmm_stats *stats)
{
    struct vmm_stats all;
    size_t size = stats->size;

    if (size < sizeof(stats->size)) {
        return -EINVAL;
    }
    memset(&all, 0, sizeof(all));
    vm->engine->get_stats(vm->machine, &all);
    all.size = size < sizeof(all) ? size : sizeof(all);
    memcpy(stats, &all, all.size);
    return 0;
}

void vmm_destroy(struct vmm *vm)
{
    if (vm == NULL) {
        return;
    }
    if (vm->machine != NULL) {
        vm->engine->destroy(vm->machine);
    }
    archive_free(vm->archive);
    vmm_config_free(vm->config);
    free(vm);
}
