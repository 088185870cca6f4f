/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of "vmm run" that choose what runs the VM: the engine, and the machine
 * and the CPU that QEMU is to be.
 */
#include <string.h>

#include "vmm/cli/run_options.h"

int run_set_engine(struct run_options *options, const char *value)
{
    enum vmm_engine engine;
    if (strcmp(value, "auto") == 0)
        engine = VMM_ENGINE_AUTO;
    else if (strcmp(value, "kvm") == 0)
        engine = VMM_ENGINE_KVM;
    else if (strcmp(value, "qemu") == 0)
        engine = VMM_ENGINE_QEMU;
    else
        return cli_fail(CLI_FAILED, "--engine %s: unknown; give auto, kvm or qemu", value);
    vmm_config_set_engine(options->config, engine);
    return 0;
}

/* "q35", or "q35,cpu=Nehalem": the model is the rest, so that it may have commas. */
int run_set_machine(struct run_options *options, const char *value)
{
    static const char cpu_key[] = ",cpu=";
    static const struct {
        char name[8];
        enum vmm_machine machine;
    } machines[] = {{"microvm", VMM_MACHINE_MICROVM},
                    {"q35", VMM_MACHINE_Q35},
                    {"pc", VMM_MACHINE_PC},
                    {"efi", VMM_MACHINE_EFI}};
    size_t length = strcspn(value, ",");
    const char *cpu = NULL;

    if (strncmp(value + length, cpu_key, sizeof(cpu_key) - 1) == 0)
        cpu = value + length + sizeof(cpu_key) - 1;
    for (size_t i = 0; (cpu || !value[length]) && i < sizeof(machines) / sizeof(machines[0]); i++) {
        if (strlen(machines[i].name) != length || strncmp(value, machines[i].name, length) != 0)
            continue;
        if (vmm_config_set_machine(options->config, machines[i].machine, cpu))
            return cli_fail(CLI_FAILED, "--machine %s: not a CPU model of QEMU's", value);
        return 0;
    }
    return cli_fail(CLI_FAILED,
                    "--machine %s: unknown; give microvm, q35, pc or efi, and perhaps ,cpu=MODEL",
                    value);
}
