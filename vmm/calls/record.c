/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of records, in and out. */
#include "vmm/calls/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name, its NUL and the input. */
#define INBOX_MAX ((size_t)VMM_NAME_MAX + 1 + VMM_INPUT_MAX)

size_t call_record_length(const struct call_record *record)
{
    return record->head_length + record->length;
}

uint32_t call_record_take(struct call_record *record, uint8_t *to, size_t room)
{
    size_t done = 0;

    if (record->sent < record->head_length) {
        size_t some = record->head_length - record->sent;

        some = some < room ? some : room;
        memcpy(to, record->head + record->sent, some);
        record->sent += some;
        done = some;
    }
    if (done < room && record->sent >= record->head_length) {
        size_t at = record->sent - record->head_length;
        size_t some = record->length - at < room - done ? record->length - at : room - done;

        if (some > 0) {
            memcpy(to + done, record->bytes + at, some);
        }
        record->sent += some;
        done += some;
    }
    return (uint32_t)done;
}

/* The status in front; false: that is none. */
static bool take_status(struct call_reply *reply, const uint8_t **bytes, uint32_t *length)
{
    while (!reply->has_status && *length > 0) {
        uint8_t byte = **bytes;

        (*bytes)++;
        (*length)--;
        if (byte == 0) {
            reply->has_status = reply->status_length > 0;
            return reply->has_status;
        }
        if (byte < '0' || byte > '9' || reply->status_length == CALL_STATUS_DIGITS - 1) {
            return false;
        }
        reply->status[reply->status_length++] = (char)byte;
    }
    return true;
}

static void keep_output(struct call_reply *reply, struct vmm_call *call, const uint8_t *bytes,
                        uint32_t length)
{
    uint64_t at = reply->length;

    if (at < call->out_capacity) {
        size_t room = call->out_capacity - (size_t)at;

        memcpy((uint8_t *)call->out + at, bytes, length < room ? length : room);
    }
    reply->length += length;
}

static void set_outcome(const struct call_reply *reply, struct vmm_call *call)
{
    call->status = (int)strtoul(reply->status, NULL, 10);
    call->out_length = (size_t)reply->length;
    call->outcome = VMM_CALL_DONE;
    if (call->status != 0) {
        call->outcome = VMM_CALL_FAILED;
        call->out_length =
            call->out_length < call->out_capacity ? call->out_length : call->out_capacity;
    } else if (reply->length > call->out_capacity) {
        call->outcome = VMM_CALL_TOO_LARGE;
    }
}

const char *call_reply_add(struct call_reply *reply, struct vmm_call *call, const uint8_t *bytes,
                           uint32_t length, bool more, uint64_t total)
{
    if (reply->length > VMM_INPUT_MAX) {
        return "a reply that is too long";
    }
    if (!take_status(reply, &bytes, &length) || (!more && !reply->has_status)) {
        return "a reply without a status";
    }
    keep_output(reply, call, bytes, length);
    if (!more) {
        set_outcome(reply, call);
    }
    if (!more && total != CALL_TOTAL_UNKNOWN && reply->status_length + 1 + reply->length != total) {
        call->outcome = VMM_CALL_FAILED;
        call->status = EFAULT;
        call->out_length = 0;
        snprintf(call->error.text, sizeof(call->error.text),
                 "%s: a part of the reply is not in the program's memory", call->name);
    }
    return NULL;
}

bool call_inbox_add(struct call_inbox *inbox, const uint8_t *bytes, uint32_t length)
{
    uint8_t *bigger;

    if (length > INBOX_MAX - inbox->length) {
        return false;
    }
    bigger = realloc(inbox->bytes, inbox->length + length + 1);
    if (bigger == NULL) {
        return false;
    }
    memcpy(bigger + inbox->length, bytes, length);
    inbox->bytes = bigger;
    inbox->length += length;
    return true;
}

void call_inbox_free(struct call_inbox *inbox)
{
    free(inbox->bytes);
    *inbox = (struct call_inbox){.bytes = NULL};
}
