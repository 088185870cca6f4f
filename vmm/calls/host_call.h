/* SPDX-License-Identifier: BSD-2-Clause */
/* A call of one of the embedder's functions, and its answer. */
#ifndef VMM_CALLS_HOST_CALL_H
#define VMM_CALLS_HOST_CALL_H

#include "vmm/calls/record.h"
#include "vmm/config.h"

struct host_answer {
    struct call_record record;
    char head[CALL_STATUS_DIGITS + 2];
    uint8_t *bytes; /* ours */
};

/*
 * Runs the function that the inbox names, and empties the inbox.  Takes as long as the function
 * does.  whole: false if the guest could not read all of the call, which then fails with EFAULT.
 * The answer is fit for call_record_take(), until host_answer_free().
 */
void host_call_run(const struct vmm_config *config, struct call_inbox *inbox, bool whole,
                   struct host_answer *answer);
void host_answer_free(struct host_answer *answer);

#endif
