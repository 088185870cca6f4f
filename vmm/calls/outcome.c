/* SPDX-License-Identifier: BSD-2-Clause */
/* Outcomes and their words.  Names and messages of guests are printed with care. */
#include "vmm/calls/outcome.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/load/symbols.h"

void call_tell(struct vmm_call *call, const char *format, ...)
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

int call_refuse(struct vmm_call *call, int result, const char *why)
{
    call->outcome = VMM_CALL_REFUSED;
    call_tell(call, "%.*s: %s", (int)VMM_NAME_MAX, call->name, why);
    return result;
}

int call_begin(struct vmm_call *call)
{
    size_t length = call->name != NULL ? strnlen(call->name, VMM_NAME_MAX + 1) : 0;

    call->out_length = 0;
    call->outcome = VMM_CALL_REFUSED;
    call->status = call->signal = 0;
    call->address = call->exits = 0;
    call->error = (struct vmm_error){.fault = VMM_FAULT_NONE};
    if (length == 0 || length > VMM_NAME_MAX || (call->in == NULL && call->in_length > 0) ||
        (call->out == NULL && call->out_capacity > 0)) {
        call_tell(call, "a call needs a name of 1 to %u bytes, and its buffers", VMM_NAME_MAX);
        return -EINVAL;
    }
    if (call->in_length > VMM_INPUT_MAX) {
        call_tell(call, "%s: %zu bytes of input are more than %u", call->name, call->in_length,
                  VMM_INPUT_MAX);
        return -E2BIG;
    }
    return 0;
}

/* "name+0x12 < caller+0x34", or addresses. */
static void tell_crash(const struct vmm_config *config, struct vmm_call *call,
                       const struct guest_crash *crash)
{
    char text[400];
    size_t used = 0;

    call->address = crash->address;
    for (uint32_t i = 0; i <= crash->frame_count && used < sizeof(text) - 1; i++) {
        uint64_t at = i == 0 ? crash->rip : crash->frames[i - 1];
        char name[80];

        symbols_name(config->program, at - crash->load_bias, i > 0, name, sizeof(name));
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i == 0 ? "" : " < ", name);
    }
    call_tell(call, "%s crashed: %s at address 0x%llx, in %s", call->name, strsignal(call->signal),
              (unsigned long long)crash->address, text);
}

void call_take_end(const struct vmm_config *config, struct vmm_call *call,
                   const struct vmm_result *result, const char *why,
                   const struct guest_crash *crash)
{
    switch (result->outcome) {
    case VMM_EXITED:
        call->outcome = VMM_CALL_EXITED;
        call->status = result->value;
        call_tell(call, "%s: the program ended with status %d", call->name, result->value);
        break;
    case VMM_KILLED:
        call->outcome = VMM_CALL_CRASHED;
        call->signal = result->value;
        if (crash != NULL) {
            tell_crash(config, call, crash);
        }
        call_tell(call, "%s crashed: killed by signal %d", call->name, result->value);
        break;
    case VMM_STOPPED:
        call->outcome = VMM_CALL_CANCELLED;
        break;
    default:
        call->outcome = VMM_CALL_BROKEN;
        call_tell(call, "%s: %s", call->name, why);
        break;
    }
}

int call_errno(const struct vmm_call *call)
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

void call_explain(const struct vmm_config *config, struct vmm_call *call)
{
    size_t shown = call->out_length < 300 ? call->out_length : 300;

    if (call->outcome == VMM_CALL_FAILED && call->status == (int)GUEST_CALL_NO_FUNCTION) {
        call->outcome = VMM_CALL_REFUSED;
        call_tell(call, "%s: %s has no function of this name", call->name, config->program);
    } else if (call->outcome == VMM_CALL_FAILED && call->status == (int)GUEST_CALL_NO_WORKER) {
        call->outcome = VMM_CALL_BROKEN;
        call_tell(call, "%s: the process that served the call ended without a reply", call->name);
    } else if (call->outcome == VMM_CALL_FAILED) {
        call_tell(call, "%s failed with status %d%s%.*s", call->name, call->status,
                  shown > 0 ? ": " : "", (int)shown, shown > 0 ? (const char *)call->out : "");
    } else if (call->outcome == VMM_CALL_TOO_LARGE) {
        call_tell(call, "%s: %zu bytes of output do not fit into %zu", call->name, call->out_length,
                  call->out_capacity);
        call->status = 0;
    } else if (call->outcome == VMM_CALL_TIMED_OUT) {
        call_tell(call, "%s: out of time", call->name);
    } else if (call->outcome == VMM_CALL_CANCELLED) {
        call_tell(call, "%s: cancelled", call->name);
    }
}

bool call_leaves_vm_good(const struct vmm_call *call)
{
    return call->outcome == VMM_CALL_DONE || call->outcome == VMM_CALL_FAILED ||
           call->outcome == VMM_CALL_TOO_LARGE || call->outcome == VMM_CALL_REFUSED;
}

int call_fail_start(const struct vmm_config *config, const struct vmm_result *result,
                    const char *why, struct vmm_error *error)
{
    switch (result->outcome) {
    case VMM_EXITED:
        return vmm_fail(error, -ECHILD, VMM_FAULT_USAGE,
                        "%s ended with status %d before it was ready for calls", config->program,
                        result->value);
    case VMM_KILLED:
        return vmm_fail(error, -EFAULT, VMM_FAULT_USAGE,
                        "%s was killed by signal %d before it was ready for calls", config->program,
                        result->value);
    case VMM_START_FAILED:
        return vmm_fail(error, -result->value, VMM_FAULT_NOT_EXECUTABLE, "%s cannot be started: %s",
                        config->program, strerror(result->value));
    case VMM_STOPPED:
        return vmm_fail(error, -ECANCELED, VMM_FAULT_USAGE, "stopped before it was ready");
    default:
        return vmm_fail(error, -EIO, VMM_FAULT_USAGE, "%s", why);
    }
}
