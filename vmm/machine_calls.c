/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves records between calls and the guest's call area.  Knows no CPU and no thread. */
#include "vmm/machine_calls.h"

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
    call_inbox_free(&calls->inbox);
    host_answer_free(&calls->answer);
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

static void put_request_piece(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    struct call_record *request = &calls->request;

    area->in_length = call_record_take(request, area->in, sizeof(area->in));
    area->in_more = request->sent < call_record_length(request);
    area->in_total = call_record_length(request);
    wrote(machine, 0, GUEST_CALL_HEADER + area->in_length);
}

void machine_calls_put_answer(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    struct call_record *answer = &calls->answer.record;
    uint32_t length = call_record_take(answer, area->host, sizeof(area->host));

    area->host_length = length;
    area->host_more = answer->sent < call_record_length(answer);
    area->host_total = call_record_length(answer);
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

static void take_reply(struct machine *machine)
{
    struct machine_calls *calls = &machine->calls;
    struct guest_call_area *area = calls->area;
    uint32_t length = *(volatile uint32_t *)&area->out_length;
    bool more = *(volatile uint32_t *)&area->out_more != 0;
    uint64_t total = *(volatile uint64_t *)&area->out_total;
    const char *wrong = NULL;

    if (calls->state != CALL_RUNS) {
        machine_hold(machine, true); /* nobody asked; nobody is told */
        return;
    }
    if (*(volatile uint32_t *)&area->reply != calls->serial) {
        wrong = "a reply to no request";
    } else if (length > sizeof(area->out)) {
        wrong = "a reply that is too long";
    } else {
        wrong = call_reply_add(&calls->reply, calls->call, area->out, length, more, total);
    }
    if (wrong != NULL) {
        machine_calls_breach(machine, wrong);
    } else if (!more) {
        finish(machine, calls->call->outcome);
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
