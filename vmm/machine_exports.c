/* SPDX-License-Identifier: BSD-2-Clause */
/* The embedder's functions, called by the guest: HOST and HOST_MORE of boot/guest_abi.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"

/* A name, its NUL and the input. */
#define HOST_RECORD_MAX ((size_t)VMM_NAME_MAX + 1 + VMM_INPUT_MAX)

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

/* Appends a piece; false: the record is too long. */
static bool gather(struct machine_calls *calls, const uint8_t *bytes, uint32_t length)
{
    uint8_t *bigger;

    if (length > GUEST_CALL_PART || length > HOST_RECORD_MAX - calls->host_length) {
        return false;
    }
    bigger = realloc(calls->host_record, calls->host_length + length + 1);
    if (bigger == NULL) {
        return false;
    }
    memcpy(bigger + calls->host_length, bytes, length);
    calls->host_record = bigger;
    calls->host_length += length;
    return true;
}

/* Without the lock: the function may take its time, and call other machines. */
static unsigned int run_export(const struct machine *machine, const uint8_t *record, size_t length,
                               uint8_t **out, size_t *out_length)
{
    const uint8_t *end = record != NULL ? memchr(record, 0, length) : NULL;
    const struct vmm_config_export *export =
        end != NULL ? find_export(machine->config, (const char *)record) : NULL;
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

/* whole: the kernel could read all of the call. */
static void answer_host_call(struct machine *machine, bool whole)
{
    struct machine_calls *calls = &machine->calls;
    uint8_t *record = calls->host_record, *out;
    size_t length = calls->host_length, out_length;
    unsigned int status;

    calls->host_record = NULL;
    calls->host_length = 0;
    calls->host_runs = true;
    calls->host_thread = pthread_self();
    pthread_mutex_unlock(&calls->lock);
    status = EFAULT;
    out = NULL;
    out_length = 0;
    if (whole) {
        status = run_export(machine, record, length, &out, &out_length);
    }
    pthread_mutex_lock(&calls->lock);
    calls->host_runs = false;
    free(record);
    free(calls->answer_bytes);
    calls->answer_bytes = out;
    snprintf(calls->answer_head, sizeof(calls->answer_head), "%u", status);
    calls->answer = (struct call_record){.head = calls->answer_head,
                                         .head_length = strlen(calls->answer_head) + 1,
                                         .bytes = out,
                                         .length = out_length};
    if (calls->area != NULL) {
        machine_calls_put_answer(machine);
    }
}

void machine_calls_take_host_call(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    uint32_t length = *(volatile uint32_t *)&area->host_length;
    bool more = *(volatile uint32_t *)&area->host_more != 0;
    uint64_t total = *(volatile uint64_t *)&area->host_total;

    if (calls->host_runs) {
        return; /* another CPU's; the kernel calls one at a time */
    }
    if (!gather(calls, area->host, length)) {
        machine_calls_breach(machine, "a call of the host that is too long");
    } else if (!more) {
        answer_host_call(machine, calls->host_length == total);
    }
}

bool machine_calls_is_inside(struct machine_calls *calls)
{
    bool inside;

    pthread_mutex_lock(&calls->lock);
    inside = calls->host_runs && pthread_equal(calls->host_thread, pthread_self());
    pthread_mutex_unlock(&calls->lock);
    return inside;
}
