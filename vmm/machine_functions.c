/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a call in the embedder's thread to the guest and back: the thread becomes the first CPU
 * until the machine stands still again.  Limits are looked at when a timer kicks the CPU; nothing
 * is set up for a call without limits.
 */
#include <errno.h>
#include <string.h>

#include "vmm/calls/outcome.h"
#include "vmm/machine.h"

#define NS_PER_SECOND 1000000000ull
/* CPU time is looked at no more often than this. */
#define CPU_LOOK_NS 1000000ull
#define REHEARSAL_NS 100000000ull

/* ---- Limits -------------------------------------------------------------- */

static uint64_t thread_cpu_ns(const struct machine *machine, unsigned int cpu)
{
    struct timespec used;
    clockid_t clock = CLOCK_THREAD_CPUTIME_ID;

    if (cpu > 0 &&
        (machine->threads[cpu] == 0 || pthread_getcpuclockid(machine->threads[cpu], &clock) != 0)) {
        return 0;
    }
    clock_gettime(clock, &used);
    return (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
}

/* What the busiest CPU has used of its time since the call began. */
static uint64_t cpu_used_ns(const struct machine *machine)
{
    uint64_t most = 0;

    for (unsigned int cpu = 0; cpu < machine->cpu_count; cpu++) {
        uint64_t used = thread_cpu_ns(machine, cpu) - machine->call_cpu_start_ns[cpu];

        most = used > most ? used : most;
    }
    return most;
}

/* The earliest moment at which a limit can have been reached; 0: there is none. */
static uint64_t next_look_ns(const struct machine *machine)
{
    uint64_t next = machine->call_deadline_ns;

    if (machine->call_cpu_ns != 0) {
        uint64_t used = cpu_used_ns(machine);
        uint64_t left = used < machine->call_cpu_ns ? machine->call_cpu_ns - used : 0;
        uint64_t at = machine_now_ns() + (left > CPU_LOOK_NS ? left : CPU_LOOK_NS);

        next = next == 0 || at < next ? at : next;
    }
    return next;
}

static void arm(struct machine *machine)
{
    uint64_t next = next_look_ns(machine);

    if (next != 0) {
        machine_stop_timer(&machine->call_timer);
        machine_start_alarm(&machine->call_timer, next);
        atomic_store(&machine->vcpus[0].kicked, true);
    }
}

static bool out_of_time(const struct machine *machine)
{
    return (machine->call_deadline_ns != 0 && machine_now_ns() >= machine->call_deadline_ns) ||
           (machine->call_cpu_ns != 0 && cpu_used_ns(machine) >= machine->call_cpu_ns);
}

void machine_check_call(struct machine *machine)
{
    if (atomic_load(&machine->cancel)) {
        machine_calls_finish(machine, VMM_CALL_CANCELLED);
    } else if (machine->call_deadline_ns == 0 && machine->call_cpu_ns == 0) {
        return;
    } else if (out_of_time(machine)) {
        machine_calls_finish(machine, VMM_CALL_TIMED_OUT);
    } else {
        arm(machine);
    }
}

static void set_limits(struct machine *machine, uint64_t timeout_ns, uint64_t cpu_ns)
{
    machine->call_deadline_ns = timeout_ns != 0 ? machine_now_ns() + timeout_ns : 0;
    machine->call_cpu_ns = cpu_ns;
    for (unsigned int cpu = 0; cpu_ns != 0 && cpu < machine->cpu_count; cpu++) {
        machine->call_cpu_start_ns[cpu] = thread_cpu_ns(machine, cpu);
    }
}

/* ---- Running ------------------------------------------------------------- */

/* The first CPU runs in this thread until the machine stands still or has ended. */
int machine_run_here(struct machine *machine, uint64_t timeout_ns, uint64_t cpu_ns)
{
    struct vcpu *first = &machine->vcpus[0];
    sigset_t before;

    machine_block_signals(&before);
    if (vcpu_prepare(first) != 0) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -EIO;
    }
    set_limits(machine, timeout_ns, cpu_ns);
    arm(machine);
    machine_release(machine);
    if (!machine->threads_run) {
        machine->threads_run = true;
        machine_start_threads(machine);
    }
    machine_end_by_vcpu(machine, first, vcpu_run(first, &machine->events));
    if (atomic_load(&machine->end_claimed)) {
        machine_finish(machine);
        machine->threads_run = false;
    } else {
        machine_wait_parked(machine, machine->cpu_count - 1);
    }
    machine_stop_timer(&machine->call_timer);
    vcpu_settle(first);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return 0;
}

static int fail_start(struct machine *machine, struct vmm_error *error)
{
    struct vmm_result result;
    struct vmm_error why = {.fault = VMM_FAULT_USAGE};

    machine_report(machine, &result, &why);
    machine->spoiled = true;
    return call_fail_start(machine->config, &result, why.text, error);
}

int machine_start(void *arg, struct vmm_error *error)
{
    struct machine *machine = arg;
    int result = 0;

    pthread_mutex_lock(&machine->call_lock);
    if (machine->calls.ready || machine->spoiled) {
        result = vmm_fail(error, -EALREADY, VMM_FAULT_USAGE, "the VM has been started before");
    } else {
        machine->calling = true;
        result = machine_run_somewhere(machine, machine->config->timeout_ms * 1000000u, 0);
        if (result != 0) {
            vmm_fail(error, result, VMM_FAULT_USAGE, "KVM refuses a signal mask");
        } else if (atomic_load(&machine->end_claimed)) {
            result = fail_start(machine, error);
        } else if (!machine->calls.ready) {
            machine->spoiled = true;
            result = vmm_fail(error, -ETIMEDOUT, VMM_FAULT_USAGE, "%s was not ready in time",
                              machine->config->program);
        }
    }
    pthread_mutex_unlock(&machine->call_lock);
    return result;
}

/* ---- Calls ---------------------------------------------------------------- */

/* 0, or why the call cannot begin. */
static int refuse(struct machine *machine, struct vmm_call *call)
{
    if (machine->spoiled || atomic_load(&machine->end_claimed)) {
        return call_refuse(call, -ESHUTDOWN, "the VM ended in an earlier call; reset it");
    }
    if (!machine->calls.ready || machine->calls.area == NULL) {
        return call_refuse(call, -EINVAL,
                           "the program has not been started, or serves no functions");
    }
    return 0;
}

static void take_end(struct machine *machine, struct vmm_call *call)
{
    struct vmm_result result;
    struct vmm_error why = {.fault = VMM_FAULT_NONE};

    machine_report(machine, &result, &why);
    call_take_end(machine->config, call, &result, why.text,
                  machine->calls.has_crash ? &machine->calls.crash : NULL);
}

static uint64_t count_exits(const struct machine *machine)
{
    uint64_t count = 0;

    for (unsigned int cpu = 0; cpu < machine->cpu_count; cpu++) {
        for (unsigned int kind = 0; kind < VMM_EXIT_KINDS; kind++) {
            count += machine->vcpus[cpu].exits[kind];
        }
    }
    return count;
}

static int call_locked(struct machine *machine, struct vmm_call *call)
{
    uint64_t exits;
    int result = refuse(machine, call);

    if (result != 0) {
        return result;
    }
    exits = count_exits(machine);
    machine->calling = true;
    machine_calls_post(machine, call);
    if (machine_run_somewhere(machine, call->timeout_ns, call->cpu_ns) != 0) {
        call->outcome = VMM_CALL_BROKEN;
        call_tell(call, "%s: KVM refuses a signal mask", call->name);
    } else if (machine->calls.state != CALL_OVER) {
        take_end(machine, call);
    }
    machine->spoiled = !call_leaves_vm_good(call);
    call_explain(machine->config, call);
    machine_calls_abort(&machine->calls);
    call->exits = count_exits(machine) - exits;
    return call_errno(call);
}

int machine_call(void *arg, struct vmm_call *call)
{
    struct machine *machine = arg;
    int result = call_begin(call);

    if (result != 0) {
        return result;
    }
    if (machine_calls_is_inside(&machine->calls)) {
        return call_refuse(call, -EDEADLK, "called from inside a call of the same VM");
    }
    pthread_mutex_lock(&machine->call_lock);
    atomic_store(&machine->cancel, false);
    result = call_locked(machine, call);
    pthread_mutex_unlock(&machine->call_lock);
    return result;
}

/* ---- Rehearsal ----------------------------------------------------------- */

/* What the program writes goes nowhere while this is set. */
static void mute(struct console *console, bool on)
{
    pthread_mutex_lock(&console->device.lock);
    console->out_failed = on;
    pthread_mutex_unlock(&console->device.lock);
}

int machine_warm(void *arg, struct vmm_error *error)
{
    struct machine *machine = arg;
    struct vmm_call rehearsal = {.size = sizeof(rehearsal), .name = ""};
    bool muted = !machine->stdio.out_failed, error_muted = !machine->error_output.out_failed;
    int result = -EINVAL;

    pthread_mutex_lock(&machine->call_lock);
    if (machine->snapshot == NULL || !machine->calls.ready || machine->calls.area == NULL ||
        machine->spoiled || atomic_load(&machine->end_claimed)) {
        vmm_fail(error, result, VMM_FAULT_USAGE, "only a clean clone can rehearse calls");
    } else if (memory_reset_start(&machine->memory_reset, &machine->vm, &machine->mem) != 0) {
        result = vmm_fail(error, -EIO, VMM_FAULT_USAGE, "KVM logs no writes to memory");
    } else {
        if (muted) {
            mute(&machine->stdio, true);
        }
        if (machine->has_error_output && error_muted) {
            mute(&machine->error_output, true);
        }
        machine_calls_post(machine, &rehearsal);
        result = machine_start_runner(machine);
        result = result != 0 ? result : machine_run_somewhere(machine, REHEARSAL_NS, 0);
        machine_calls_abort(&machine->calls);
        machine->spoiled = true; /* until the reset */
    }
    pthread_mutex_unlock(&machine->call_lock);
    if (result == 0) {
        result = machine_reset(machine, error);
        if (muted) {
            mute(&machine->stdio, false);
        }
        if (machine->has_error_output && error_muted) {
            mute(&machine->error_output, false);
        }
    }
    return result;
}

int machine_cancel(void *arg)
{
    struct machine *machine = arg;

    atomic_store(&machine->cancel, true);
    vcpu_kick(&machine->vcpus[0]);
    return 0;
}
