/* SPDX-License-Identifier: BSD-2-Clause */
/* The embedder's functions, called by the guest: HOST and HOST_MORE of boot/guest_abi.h. */
#include "vmm/machine.h"

static void answer_host_call(struct machine *machine, bool whole)
{
    struct machine_calls *calls = &machine->calls;
    struct call_inbox inbox = calls->inbox;

    calls->inbox = (struct call_inbox){.bytes = NULL};
    calls->host_runs = true;
    calls->host_thread = pthread_self();
    /* The function may take its time, and call other machines. */
    pthread_mutex_unlock(&calls->lock);
    host_call_run(machine->config, &inbox, whole, &calls->answer);
    pthread_mutex_lock(&calls->lock);
    calls->host_runs = false;
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
    if (length > GUEST_CALL_PART || !call_inbox_add(&calls->inbox, area->host, length)) {
        machine_calls_breach(machine, "a call of the host that is too long");
    } else if (!more) {
        answer_host_call(machine, calls->inbox.length == total);
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
