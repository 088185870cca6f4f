/* SPDX-License-Identifier: BSD-2-Clause */
/* What a struct vmm is made of; for vmm.c and vmm_*.c. */
#ifndef VMM_VMM_INTERNAL_H
#define VMM_VMM_INTERNAL_H

#include "vmm/engine.h"

struct vmm {
    struct vmm_config *config;
    struct archive *archive; /* NULL: no program */
    const struct vmm_engine_ops *engine;
    void *machine;
};

#endif
