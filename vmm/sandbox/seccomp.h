/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the sandbox that limits system calls.  Internal to vmm/sandbox.
 */
#ifndef VMM_SANDBOX_SECCOMP_H
#define VMM_SANDBOX_SECCOMP_H

#include "vmm/sandbox/sandbox.h"

/* Needs no_new_privs.  Negative errno. */
int seccomp_install(enum sandbox_role role);

#endif
