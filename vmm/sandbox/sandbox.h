/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Closes the process around a VM that is about to run: no new privileges, no
 * capabilities, Landlock where the host has it, and a seccomp allow-list that
 * was compiled at build time.  Everything needed is opened before.
 */
#ifndef VMM_SANDBOX_SANDBOX_H
#define VMM_SANDBOX_SANDBOX_H

#include "vmm/vmm.h"

enum sandbox_role {
    SANDBOX_KVM, /* thread that runs a vCPU and devices, and its I/O thread */
    SANDBOX_KVM_LARGE, /* the same with disks, or with vCPUs that are created later */
    SANDBOX_CALLS, /* a process that calls and clones; other system calls fail with EPERM */
    SANDBOX_QEMU, /* thread that supervises a QEMU process */
};

/* Applies to the calling thread and threads and processes it creates. */
int sandbox_enter(enum sandbox_role role, struct vmm_error *error);

#endif
