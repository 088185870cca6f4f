/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function calls under QEMU: records travel over the control channel, and the pump runs in the
 * caller's thread until the reply is there.  The guest goes on running between calls; nothing is
 * carried meanwhile.  There are no snapshots and no resets here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/calls/outcome.h"
#include "vmm/qemu/qemu.h"

void qemu_calls_init(struct qemu_calls *calls)
{
    pthread_mutex_init(&calls->lock, NULL);
}

void qemu_calls_destroy(struct qemu_calls *calls)
{
    call_inbox_free(&calls->inbox);
    host_answer_free(&calls->answer);
    pthread_mutex_destroy(&calls->lock);
}

/* Nothing more will come of this process. */
static void end(struct qemu *qemu)
{
    qemu->calls.spoiled = true;
    qemu_kill(qemu);
    qemu_reap(qemu);
}

int qemu_start(void *machine, struct vmm_error *error)
{
    struct qemu *qemu = machine;
    struct qemu_calls *calls = &qemu->calls;
    uint64_t timeout_ms = qemu->config->timeout_ms;
    int result;

    pthread_mutex_lock(&calls->lock);
    if (calls->ready || calls->spoiled) {
        pthread_mutex_unlock(&calls->lock);
        return vmm_fail(error, -EALREADY, VMM_FAULT_USAGE, "the VM has been started before");
    }
    calls->starting = true;
    qemu->started_ns = qemu_now_ns();
    result = qemu_spawn(qemu, error);
    if (result == 0) {
        result =
            qemu_pump(qemu, timeout_ms != 0 ? qemu->started_ns + timeout_ms * 1000000u : 0, error);
    }
    calls->starting = false;
    if (result != 0) {
        end(qemu);
    } else if (!calls->ready) {
        struct vmm_error why = {.fault = VMM_FAULT_USAGE};

        end(qemu);
        qemu_explain(qemu, &why);
        result = qemu->result.outcome == VMM_TIMED_OUT
                     ? vmm_fail(error, -ETIMEDOUT, VMM_FAULT_USAGE, "%s was not ready in time",
                                qemu->config->program)
                     : call_fail_start(qemu->config, &qemu->result, why.text, error);
    }
    pthread_mutex_unlock(&calls->lock);
    return result;
}

static void post(struct qemu_calls *calls, struct vmm_call *call)
{
    calls->over = false;
    calls->has_crash = false;
    calls->reply = (struct call_reply){.length = 0};
    calls->request = (struct call_record){.head = call->name,
                                          .head_length = strlen(call->name) + 1,
                                          .bytes = call->in,
                                          .length = call->in_length};
    calls->request_asked = GUEST_CALL_IN_MAX;
    calls->call = call;
    calls->last_number = calls->last_number == UINT32_MAX ? 1 : calls->last_number + 1;
    atomic_store(&calls->number, calls->last_number);
}

static void pump_call(struct qemu *qemu, struct vmm_call *call)
{
    struct qemu_calls *calls = &qemu->calls;
    struct vmm_error why = {.fault = VMM_FAULT_USAGE};
    /* The guest's CPU time is QEMU's, which nobody measures here: the clock bounds it, too. */
    uint64_t limit = call->timeout_ns == 0 || (call->cpu_ns != 0 && call->cpu_ns < call->timeout_ns)
                         ? call->cpu_ns
                         : call->timeout_ns;

    if (qemu_pump(qemu, limit != 0 ? qemu_now_ns() + limit : 0, &why) != 0) {
        call->outcome = VMM_CALL_BROKEN;
        call_tell(call, "%s: %s", call->name, why.text);
    } else if (!calls->over) {
        qemu_explain(qemu, &why);
        if (qemu->result.outcome == VMM_TIMED_OUT) {
            call->outcome = VMM_CALL_TIMED_OUT;
        } else {
            call_take_end(qemu->config, call, &qemu->result, why.text,
                          calls->has_crash ? &calls->crash : NULL);
        }
    }
}

int qemu_call(void *machine, struct vmm_call *call)
{
    struct qemu *qemu = machine;
    struct qemu_calls *calls = &qemu->calls;
    int result = call_begin(call);

    if (result != 0) {
        return result;
    }
    if (atomic_load(&calls->host_runs) && pthread_equal(calls->host_thread, pthread_self())) {
        return call_refuse(call, -EDEADLK, "called from inside a call of the same VM");
    }
    pthread_mutex_lock(&calls->lock);
    if (calls->spoiled || !calls->ready) {
        result = call_refuse(call, calls->spoiled ? -ESHUTDOWN : -EINVAL,
                             calls->spoiled ? "the VM ended in an earlier call"
                                            : "the program has not been started");
    } else {
        post(calls, call);
        pump_call(qemu, call);
        atomic_store(&calls->number, 0);
        calls->call = NULL;
        call_inbox_free(&calls->inbox);
        host_answer_free(&calls->answer);
        if (!call_leaves_vm_good(call)) {
            end(qemu);
        }
        call_explain(qemu->config, call);
        result = call_errno(call);
    }
    pthread_mutex_unlock(&calls->lock);
    return result;
}
