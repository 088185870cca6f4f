/* SPDX-License-Identifier: BSD-2-Clause */
/* libvmm's calls: hands them to the engine. */
#include <errno.h>
#include <string.h>

#include "vmm/vmm_internal.h"

int vmm_start(struct vmm *vm, struct vmm_error *error)
{
    if (!vm->config->functions && vm->config->snapshot_at_ready == NULL) {
        return vmm_fail(
            error, -EINVAL, VMM_FAULT_USAGE,
            "vmm_start() is for VMs that serve functions; see vmm_config_set_functions()");
    }
    return vm->engine->start(vm->machine, error);
}

int vmm_call_with(struct vmm *vm, struct vmm_call *call)
{
    if (call->size != sizeof(*call)) {
        return -EINVAL;
    }
    return vm->engine->call(vm->machine, call);
}

int vmm_call(struct vmm *vm, const char *name, const void *in, size_t in_length, void *out,
             size_t out_capacity, size_t *out_length)
{
    struct vmm_call call = {.size = sizeof(call),
                            .name = name,
                            .in = in,
                            .in_length = in_length,
                            .out = out,
                            .out_capacity = out_capacity};
    int result = vmm_call_with(vm, &call);

    if (out_length != NULL) {
        *out_length = call.out_length;
    }
    return result;
}

int vmm_cancel(struct vmm *vm)
{
    int saved = errno;
    int result = vm->engine->cancel(vm->machine);

    errno = saved;
    return result;
}
