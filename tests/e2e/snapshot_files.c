/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots in files: snapshot_files save PROGRAM FILE, snapshot_files open FILE...
 * Each FILE that is opened is cloned and called, or its refusal is printed.
 */
#include <stdio.h>
#include <string.h>

#include "vmm.h"

static struct vmm_error error;

static int save(const char *program, const char *path)
{
    const char *argv[] = {program, NULL};
    struct vmm_snapshot *snapshot = NULL;
    struct vmm_config *config = NULL;
    struct vmm *vm = NULL;
    int result = vmm_config_new(&config);

    result = result != 0 ? result : vmm_config_set_engine(config, VMM_ENGINE_KVM);
    result = result != 0 ? result : vmm_config_set_memory(config, 64u << 20);
    result = result != 0 ? result : vmm_config_set_functions(config, true);
    result = result != 0 ? result : vmm_config_set_program(config, program, 1, argv);
    result = result != 0 ? result : vmm_create(config, &vm, &error);
    result = result != 0 ? result : vmm_start(vm, &error);
    result = result != 0 ? result : vmm_snapshot_take(vm, &snapshot, &error);
    result = result != 0 ? result : vmm_snapshot_save(snapshot, path, &error);
    printf("saved: %d %s\n", result, error.text);
    vmm_snapshot_free(snapshot);
    vmm_destroy(vm);
    vmm_config_free(config);
    return result != 0;
}

static void open_one(const char *path)
{
    struct vmm_snapshot *snapshot = NULL;
    struct vmm *vm = NULL;
    char out[100] = "";
    size_t length;
    int result = vmm_snapshot_open(path, &snapshot, &error);

    result = result != 0 ? result : vmm_clone(snapshot, NULL, &vm, &error);
    if (result == 0) {
        result = vmm_call(vm, "echo", "works", 5, out, sizeof(out) - 1, &length);
        printf("opened: %d %s\n", result, out);
    } else {
        printf("refused: %s\n", error.text);
    }
    vmm_destroy(vm);
    vmm_snapshot_free(snapshot);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "save") == 0) {
        return save(argv[2], argv[3]);
    }
    for (int i = 2; i < argc && strcmp(argv[1], "open") == 0; i++) {
        open_one(argv[i]);
    }
    return 0;
}
