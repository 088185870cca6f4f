/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the function by its name and turns what it returns into an answer. */
#include "vmm/calls/host_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct vmm_config_export *find_export(const struct vmm_config *config,
                                                   const char *name)
{
    for (size_t i = 0; i < config->export_count; i++) {
        if (strcmp(config->exports[i].name, name) == 0) {
            return &config->exports[i];
        }
    }
    return NULL;
}

static unsigned int run_export(const struct vmm_config *config, const uint8_t *record,
                               size_t length, uint8_t **out, size_t *out_length)
{
    const uint8_t *end = record != NULL ? memchr(record, 0, length) : NULL;
    const struct vmm_config_export *export =
        end != NULL ? find_export(config, (const char *)record) : NULL;
    size_t head = export != NULL ? (size_t)(end - record) + 1 : 0;
    int status;

    *out = NULL;
    *out_length = 0;
    if (export == NULL) {
        return GUEST_CALL_NO_FUNCTION;
    }
    *out = malloc(VMM_INPUT_MAX);
    if (*out == NULL) {
        return ENOMEM;
    }
    status = export->function(export->arg, record + head, length - head, *out, VMM_INPUT_MAX,
                              out_length);
    if (*out_length > VMM_INPUT_MAX) {
        *out_length = VMM_INPUT_MAX;
    }
    return status < 0 ? (unsigned int)-status : (unsigned int)status;
}

void host_call_run(const struct vmm_config *config, struct call_inbox *inbox, bool whole,
                   struct host_answer *answer)
{
    size_t length = 0;
    unsigned int status = EFAULT;

    host_answer_free(answer);
    if (whole)
        status = run_export(config, inbox->bytes, inbox->length, &answer->bytes, &length);
    call_inbox_free(inbox);
    snprintf(answer->head, sizeof(answer->head), "%u", status);
    answer->record = (struct call_record){.head = answer->head,
                                          .head_length = strlen(answer->head) + 1,
                                          .bytes = answer->bytes,
                                          .length = length};
}

void host_answer_free(struct host_answer *answer)
{
    free(answer->bytes);
    answer->bytes = NULL;
    answer->record = (struct call_record){.head = NULL};
}
