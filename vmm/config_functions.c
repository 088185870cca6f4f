/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a VM's configuration that is about function calls and snapshots: what the program
 * serves, what the embedder offers to it, and where a snapshot goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/config.h"

#define PATH_BYTES_MAX 4096u

int vmm_config_set_functions(struct vmm_config *config, bool on)
{
    config->functions = on;
    return 0;
}

int vmm_export(struct vmm_config *config, const char *name, vmm_host_fn *function, void *arg)
{
    struct vmm_config_export export = {.function = function, .arg = arg};
    int result;

    if (name == NULL || *name == '\0' || function == NULL)
        return -EINVAL;
    for (size_t i = 0; i < config->export_count; i++) {
        if (strcmp(config->exports[i].name, name) == 0)
            return -EEXIST;
    }
    result = config_set_string(&export.name, name, VMM_NAME_MAX + 1);
    if (result == 0)
        result =
            config_grow((void **)&config->exports, config->export_count, sizeof(*config->exports));
    if (result != 0) {
        free(export.name);
        return result;
    }
    config->exports[config->export_count++] = export;
    return 0;
}

int vmm_config_set_snapshots(struct vmm_config *config, bool on)
{
    config->snapshots = on;
    return 0;
}

int vmm_config_set_snapshot_at_ready(struct vmm_config *config, const char *path)
{
    return path != NULL && *path == '\0'
               ? -EINVAL
               : config_set_string(&config->snapshot_at_ready, path, PATH_BYTES_MAX);
}

int config_copy_functions(struct vmm_config *to, const struct vmm_config *from)
{
    int result = vmm_config_set_snapshot_at_ready(to, from->snapshot_at_ready);

    for (size_t i = 0; i < from->export_count && result == 0; i++) {
        const struct vmm_config_export *export = &from->exports[i];

        result = vmm_export(to, export->name, export->function, export->arg);
    }
    return result;
}

void config_free_functions(struct vmm_config *config)
{
    for (size_t i = 0; i < config->export_count; i++)
        free(config->exports[i].name);
    free(config->exports);
    free(config->snapshot_at_ready);
}
