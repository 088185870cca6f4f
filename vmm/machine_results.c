/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a call, in an outcome, an errno and a line of words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/load/symbols.h"
#include "vmm/machine.h"

void machine_tell(struct vmm_call *call, const char *format, ...)
{
    va_list arguments;

    if (call->error.text[0] != '\0') {
        return; /* something more exact was said */
    }
    va_start(arguments, format);
    vsnprintf(call->error.text, sizeof(call->error.text), format, arguments);
    va_end(arguments);
    for (char *c = call->error.text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}

/* "name+0x12", or the address. */
static void tell_crash(const struct machine *machine, struct vmm_call *call)
{
    const struct guest_crash *crash = &machine->calls.crash;
    char text[400];
    size_t used = 0;

    call->address = crash->address;
    for (uint32_t i = 0; i <= crash->frame_count && used < sizeof(text) - 1; i++) {
        uint64_t at = i == 0 ? crash->rip : crash->frames[i - 1];
        char name[80];

        symbols_name(machine->config->program, at - crash->load_bias, i > 0, name, sizeof(name));
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i == 0 ? "" : " < ", name);
    }
    machine_tell(call, "%s crashed: %s at address 0x%llx, in %s", call->name,
                 strsignal(call->signal), (unsigned long long)crash->address, text);
}

/* The machine ended during the call. */
void machine_take_end(struct machine *machine, struct vmm_call *call)
{
    struct vmm_result result;
    struct vmm_error why = {.fault = VMM_FAULT_NONE};

    machine_report(machine, &result, &why);
    switch (result.outcome) {
    case VMM_EXITED:
        call->outcome = VMM_CALL_EXITED;
        call->status = result.value;
        machine_tell(call, "%s: the program ended with status %d", call->name, result.value);
        break;
    case VMM_KILLED:
        call->outcome = VMM_CALL_CRASHED;
        call->signal = result.value;
        if (machine->calls.has_crash) {
            tell_crash(machine, call);
        }
        machine_tell(call, "%s crashed: killed by signal %d", call->name, result.value);
        break;
    case VMM_STOPPED:
        call->outcome = VMM_CALL_CANCELLED;
        break;
    default:
        call->outcome = VMM_CALL_BROKEN;
        machine_tell(call, "%s: %s", call->name, why.text);
        break;
    }
}

int machine_outcome_errno(const struct vmm_call *call)
{
    switch (call->outcome) {
    case VMM_CALL_DONE:
        return 0;
    case VMM_CALL_FAILED:
        return call->status;
    case VMM_CALL_CRASHED:
        return -EFAULT;
    case VMM_CALL_EXITED:
        return -ECHILD;
    case VMM_CALL_TIMED_OUT:
        return -ETIMEDOUT;
    case VMM_CALL_CANCELLED:
        return -ECANCELED;
    case VMM_CALL_REFUSED:
        return -ENOENT;
    case VMM_CALL_TOO_LARGE:
        return -ENOBUFS;
    case VMM_CALL_BROKEN:
        break;
    }
    return -EIO;
}

/* Statuses of the kernel's and the library's own, and words for all outcomes. */
void machine_explain(struct machine *machine, struct vmm_call *call)
{
    size_t shown = call->out_length < 300 ? call->out_length : 300;

    if (call->outcome == VMM_CALL_FAILED && call->status == (int)GUEST_CALL_NO_FUNCTION) {
        call->outcome = VMM_CALL_REFUSED;
        machine_tell(call, "%s: %s has no function of this name", call->name,
                     machine->config->program);
    } else if (call->outcome == VMM_CALL_FAILED && call->status == (int)GUEST_CALL_NO_WORKER) {
        call->outcome = VMM_CALL_BROKEN;
        machine_tell(call, "%s: the process that served the call ended without a reply",
                     call->name);
    } else if (call->outcome == VMM_CALL_FAILED) {
        machine_tell(call, "%s failed with status %d%s%.*s", call->name, call->status,
                     shown > 0 ? ": " : "", (int)shown, shown > 0 ? (const char *)call->out : "");
    } else if (call->outcome == VMM_CALL_TOO_LARGE) {
        machine_tell(call, "%s: %zu bytes of output do not fit into %zu", call->name,
                     call->out_length, call->out_capacity);
        call->status = 0;
    } else if (call->outcome == VMM_CALL_TIMED_OUT) {
        machine_tell(call, "%s: out of time", call->name);
    } else if (call->outcome == VMM_CALL_CANCELLED) {
        machine_tell(call, "%s: cancelled", call->name);
    }
}
