/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves records between calls and the guest's call area.  Knows no CPU and no thread. */
#include "vmm/machine_calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"

#define PAGE 4096ull

void machine_calls_init(struct machine_calls *calls)
{
    pthread_mutex_init(&calls->lock, NULL);
}

void machine_calls_abort(struct machine_calls *calls)
{
    free(calls->host_record);
    free(calls->answer_bytes);
    calls->host_record = NULL;
    calls->answer_bytes = NULL;
    calls->host_length = 0;
    calls->answer = (struct call_record){.head = NULL};
    calls->request = (struct call_record){.head = NULL};
    calls->call = NULL;
    calls->state = CALL_NONE;
    calls->has_crash = false;
}

void machine_calls_destroy(struct machine_calls *calls)
{
    machine_calls_abort(calls);
    pthread_mutex_destroy(&calls->lock);
}

void machine_calls_area(void *arg, uint32_t frame)
{
    struct machine *machine = arg;
    struct machine_calls *calls = &machine->calls;

    pthread_mutex_lock(&calls->lock);
    calls->area_gpa = frame * PAGE;
    calls->area =
        frame == 0 ? NULL : guest_mem_at(&machine->mem, calls->area_gpa, sizeof(*calls->area));
    pthread_mutex_unlock(&calls->lock);
    if (frame != 0 && calls->area == NULL) {
        vmm_log(machine->config, VMM_LOG_DEBUG, "the guest's call area is not in its memory");
    }
}

/* Tells the snapshot what of the area we wrote. */
static void wrote(const struct machine *machine, size_t offset, size_t length)
{
    guest_mem_mark(&machine->mem, machine->calls.area_gpa + offset, length);
}

/* ---- Into the guest ------------------------------------------------------ */

static size_t record_length(const struct call_record *record)
{
    return record->head_length + record->length;
}

/* The next piece, at most `room` bytes; returns its length. */
static uint32_t take_piece(struct call_record *record, uint8_t *to, size_t room)
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

static void put_request_piece(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    struct call_record *request = &calls->request;

    area->in_length = take_piece(request, area->in, sizeof(area->in));
    area->in_more = request->sent < record_length(request);
    area->in_total = record_length(request);
    wrote(machine, 0, GUEST_CALL_HEADER + area->in_length);
}

void machine_calls_put_answer(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    struct call_record *answer = &calls->answer;
    uint32_t length = take_piece(answer, area->host, sizeof(area->host));

    area->host_length = length;
    area->host_more = answer->sent < record_length(answer);
    area->host_total = record_length(answer);
    wrote(machine, 0, GUEST_CALL_HEADER);
    wrote(machine, offsetof(struct guest_call_area, host), length);
}

void machine_calls_post(struct machine *machine, struct vmm_call *call)
{
    struct machine_calls *calls = &machine->calls;

    pthread_mutex_lock(&calls->lock);
    calls->call = call;
    calls->state = CALL_RUNS;
    calls->reply = (struct call_reply){.length = 0};
    calls->has_crash = false;
    calls->request = (struct call_record){.head = call->name,
                                          .head_length = strlen(call->name) + 1,
                                          .bytes = call->in,
                                          .length = call->in_length};
    put_request_piece(machine);
    calls->serial = calls->serial == UINT32_MAX ? 1 : calls->serial + 1;
    /* Last: whoever sees the number finds the rest. */
    __atomic_store_n(&calls->area->request, calls->serial, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&calls->lock);
}

/* ---- Out of the guest ---------------------------------------------------- */

/* With the lock. */
static void finish(struct machine *machine, enum vmm_call_outcome outcome)
{
    struct machine_calls *calls = &machine->calls;

    if (calls->state == CALL_RUNS) {
        calls->call->outcome = outcome;
        calls->state = CALL_OVER;
    }
    machine_hold(machine, true);
}

void machine_calls_finish(struct machine *machine, enum vmm_call_outcome outcome)
{
    pthread_mutex_lock(&machine->calls.lock);
    finish(machine, outcome);
    pthread_mutex_unlock(&machine->calls.lock);
}

void machine_calls_breach(struct machine *machine, const char *what)
{
    struct machine_calls *calls = &machine->calls;

    if (calls->state == CALL_RUNS) {
        snprintf(calls->call->error.text, sizeof(calls->call->error.text),
                 "%s: the guest broke the protocol of calls: %s", calls->call->name, what);
    }
    finish(machine, VMM_CALL_BROKEN);
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

static void keep_output(struct machine_calls *calls, const uint8_t *bytes, uint32_t length)
{
    struct vmm_call *call = calls->call;
    uint64_t at = calls->reply.length;

    if (at < call->out_capacity) {
        size_t room = call->out_capacity - (size_t)at;

        memcpy((uint8_t *)call->out + at, bytes, length < room ? length : room);
    }
    calls->reply.length += length;
}

/* The kernel could not read all of it: the pieces are fewer bytes than the total. */
static bool reply_is_void(const struct machine_calls *calls)
{
    uint64_t total = *(volatile uint64_t *)&calls->area->out_total;

    return calls->reply.status_length + 1 + calls->reply.length != total;
}

static void end_of_reply(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct vmm_call *call = calls->call;
    enum vmm_call_outcome outcome = VMM_CALL_DONE;

    if (!calls->reply.has_status) {
        machine_calls_breach(machine, "a reply without a status");
        return;
    }
    call->status = (int)strtoul(calls->reply.status, NULL, 10);
    call->out_length = (size_t)calls->reply.length;
    if (reply_is_void(calls)) {
        call->status = EFAULT;
        call->out_length = 0;
        snprintf(call->error.text, sizeof(call->error.text),
                 "%s: a part of the reply is not in the program's memory", call->name);
    }
    if (call->status != 0) {
        outcome = VMM_CALL_FAILED;
        call->out_length =
            call->out_length < call->out_capacity ? call->out_length : call->out_capacity;
    } else if (calls->reply.length > call->out_capacity) {
        outcome = VMM_CALL_TOO_LARGE;
    }
    finish(machine, outcome);
}

static void take_reply(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    uint32_t length = *(volatile uint32_t *)&area->out_length;
    bool more = *(volatile uint32_t *)&area->out_more != 0;
    const uint8_t *bytes = area->out;

    if (calls->state != CALL_RUNS) {
        machine_hold(machine, true); /* nobody asked; nobody is told */
    } else if (*(volatile uint32_t *)&area->reply != calls->serial) {
        machine_calls_breach(machine, "a reply to no request");
    } else if (length > sizeof(area->out) || calls->reply.length > VMM_INPUT_MAX) {
        machine_calls_breach(machine, "a reply that is too long");
    } else if (!take_status(&calls->reply, &bytes, &length)) {
        machine_calls_breach(machine, "a reply without a status");
    } else {
        keep_output(calls, bytes, length);
        if (!more) {
            end_of_reply(machine);
        }
    }
}

/* ---- The OUTs ------------------------------------------------------------ */

static void wait_for_request(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;

    calls->ready = true;
    /* While a request is unanswered there is nothing to wait for: the OUT returns at once. */
    if (calls->state != CALL_RUNS) {
        machine_hold(machine, true);
    }
}

void machine_calls_operation(struct machine *machine, uint8_t operation)
{
    struct machine_calls *calls = &machine->calls;

    pthread_mutex_lock(&calls->lock);
    if (operation == GUEST_CALL_WAIT) {
        wait_for_request(machine);
    } else if (calls->area == NULL) {
        machine_calls_breach(machine, "no area");
    } else if (operation == GUEST_CALL_MORE) {
        put_request_piece(machine);
    } else if (operation == GUEST_CALL_REPLY) {
        take_reply(machine);
    } else if (operation == GUEST_CALL_HOST) {
        machine_calls_take_host_call(machine);
    } else if (operation == GUEST_CALL_HOST_MORE) {
        machine_calls_put_answer(machine);
    }
    pthread_mutex_unlock(&calls->lock);
}

void machine_calls_crash(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;

    pthread_mutex_lock(&calls->lock);
    if (calls->area != NULL) {
        memcpy(&calls->crash, calls->area->out, sizeof(calls->crash));
        calls->has_crash = calls->crash.version == GUEST_CRASH_VERSION &&
                           calls->crash.size == sizeof(calls->crash) &&
                           calls->crash.frame_count <= GUEST_CRASH_FRAMES_MAX;
    }
    pthread_mutex_unlock(&calls->lock);
}
