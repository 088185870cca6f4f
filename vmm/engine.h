/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vmm.c asks of an engine (vmm/kvm_engine.c through machine.c, vmm/qemu/).
 * An engine gets a checked config and the archive, both owned by the caller
 * and alive until destroy().  Errors: negative errno and a filled vmm_error.
 */
#ifndef VMM_ENGINE_H
#define VMM_ENGINE_H

#include "vmm/config.h"
#include "vmm/load/archive.h"

struct vmm_engine_ops {
    const char *name;
    /* Opens and builds everything; archive is NULL without a program. */
    int (*create)(const struct vmm_config *config, struct archive *archive, void **machine,
                  struct vmm_error *error);
    /* Closes the sandbox, runs to the end in the calling thread. */
    int (*run)(void *machine, struct vmm_result *result, struct vmm_error *error);
    /* Any thread, async-signal-safe. */
    int (*signal)(void *machine, int signal_number);
    int (*resize)(void *machine, unsigned int rows, unsigned int columns);
    int (*stop)(void *machine);
    /* See vmm_start(), vmm_call_with() and vmm_cancel(). */
    int (*start)(void *machine, struct vmm_error *error);
    int (*call)(void *machine, struct vmm_call *call);
    int (*cancel)(void *machine);
    /* See vmm_snapshot_take() and vmm_reset(); NULL: this engine has none. */
    int (*take_snapshot)(void *machine, struct vmm_snapshot **snapshot, struct vmm_error *error);
    int (*reset)(void *machine, struct vmm_error *error);
    int (*warm)(void *machine, struct vmm_error *error); /* with reset */
    void (*get_stats)(const void *machine, struct vmm_stats *stats);
    void (*destroy)(void *machine);
};

extern const struct vmm_engine_ops vmm_kvm_engine;
extern const struct vmm_engine_ops vmm_qemu_engine;

#endif
