/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the generator of the filters, which runs at build time, and the
 * code that installs them.
 */
#ifndef VMM_SANDBOX_SANDBOX_ABI_H
#define VMM_SANDBOX_SANDBOX_ABI_H

/* In a filter: our own process id, known at run time only. */
#define SANDBOX_PID_MAGIC 0x7e57ab1eu

#endif
