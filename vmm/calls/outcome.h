/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a call: its results, an errno, and a line of words; the same for all engines. */
#ifndef VMM_CALLS_OUTCOME_H
#define VMM_CALLS_OUTCOME_H

#include "boot/guest_abi.h"
#include "vmm/config.h"

/* Clears the results, and checks what the caller gave: 0, -EINVAL or -E2BIG (refused). */
int call_begin(struct vmm_call *call);
/* A line into the call's error, unless there is one. */
void call_tell(struct vmm_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Not begun: the outcome, the line and the errno in one. */
int call_refuse(struct vmm_call *call, int result, const char *why);
/* The VM ended during the call; crash: what the guest said of it, or NULL. */
void call_take_end(const struct vmm_config *config, struct vmm_call *call,
                   const struct vmm_result *result, const char *why,
                   const struct guest_crash *crash);
/* Statuses of the kernel's and the library's own, and words for all outcomes. */
void call_explain(const struct vmm_config *config, struct vmm_call *call);
/* What vmm_call() returns. */
int call_errno(const struct vmm_call *call);
/* Good for another call? */
bool call_leaves_vm_good(const struct vmm_call *call);
/* The VM ended before the program was ready: the errno and the words. */
int call_fail_start(const struct vmm_config *config, const struct vmm_result *result,
                    const char *why, struct vmm_error *error);

#endif
