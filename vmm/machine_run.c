/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the closing of the sandbox to the end of the VM: the calling thread is
 * the first vCPU, other vCPUs get threads that start one another, so that the
 * first never waits for them.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/sandbox/sandbox.h"

#define NS_PER_SECOND 1000000000ull

uint64_t machine_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void kick_all(struct machine *machine)
{
    for (unsigned int i = 0; i < machine->cpu_count; i++) {
        vcpu_kick(&machine->vcpus[i]);
    }
}

void machine_end(struct machine *machine, enum vmm_outcome outcome, int value, bool core_dumped,
                 const char *text)
{
    if (atomic_exchange(&machine->end_claimed, true)) {
        return;
    }
    machine->result =
        (struct vmm_result){.outcome = outcome, .value = value, .core_dumped = core_dumped};
    if (text != NULL) {
        snprintf(machine->end_text, sizeof(machine->end_text), "%s", text);
    }
    atomic_store_explicit(&machine->ended, true, memory_order_release);
    kick_all(machine);
}

/* What ended the run loop, in words; the owner's own end needs none. */
void machine_end_by_vcpu(struct machine *machine, const struct vcpu *vcpu, enum vcpu_end end)
{
    const struct archive_source *changed;
    char text[sizeof(machine->end_text)];
    unsigned long long detail = (unsigned long long)vcpu->detail;

    switch (end) {
    case VCPU_ENDED:
    case VCPU_HELD:
        return;
    case VCPU_SHUTDOWN:
        if (machine->config->kernel != NULL) {
            machine_end(machine, VMM_POWERED_OFF, 0, false, "triple fault");
            return;
        }
        snprintf(text, sizeof(text), "the guest kernel ended in a triple fault");
        break;
    case VCPU_FAIL_ENTRY:
        snprintf(text, sizeof(text), "the processor refused to run the guest (reason 0x%llx)",
                 detail);
        break;
    case VCPU_INTERNAL_ERROR:
        snprintf(text, sizeof(text), "KVM could not go on with the guest (suberror %llu)", detail);
        break;
    case VCPU_BAD_ADDRESS:
        changed = machine->archive != NULL ? archive_changed_source(machine->archive) : NULL;
        if (changed != NULL) {
            snprintf(text, sizeof(text), "%.400s was changed or truncated while a VM used it",
                     changed->path);
        } else {
            snprintf(text, sizeof(text), "the guest wrote to memory that it must not change");
        }
        break;
    case VCPU_UNKNOWN_EXIT:
        snprintf(text, sizeof(text), "KVM left the guest for an unknown reason (%llu)", detail);
        break;
    case VCPU_SYSTEM_ERROR:
        snprintf(text, sizeof(text), "KVM_RUN: %s", strerror((int)detail));
        break;
    }
    machine_end(machine, VMM_BROKEN, 0, false, text);
}

/* ---- CPUs 1 and on ------------------------------------------------------- */

static int start_thread(struct machine *machine, unsigned int index);

static void *thread_main(void *arg)
{
    struct vcpu *vcpu = arg;
    struct machine *machine = vcpu->events->arg;
    struct machine_timer watch;
    struct cpuid_table cpuid;
    struct vmm_error error = {.text = "KVM refuses a signal mask"};

    start_thread(machine, vcpu->index + 1);
    if (cpuid_read_host(&machine->vm, machine->cpu_count, &cpuid) != 0) {
        machine_end(machine, VMM_BROKEN, 0, false, "KVM reports no CPUID");
        return NULL;
    }
    cpuid_set_index(&cpuid, vcpu->index);
    vcpu->has_mask = false; /* this thread's is new */
    if ((vcpu->fd < 0 && vcpu_create(vcpu, &machine->vm, vcpu->index, &cpuid, &error) != 0) ||
        vcpu_prepare(vcpu) != 0) {
        machine_end(machine, VMM_BROKEN, 0, false, error.text);
        return NULL;
    }
    machine_start_watch(machine, &watch);
    machine_end_by_vcpu(machine, vcpu, vcpu_run(vcpu, vcpu->events));
    machine_stop_timer(&watch);
    return NULL;
}

/* Signals are inherited as run() blocks them, and all others: they are for the first CPU. */
static int start_thread(struct machine *machine, unsigned int index)
{
    struct vcpu *vcpu;
    int error;

    if (index >= machine->cpu_count || atomic_load(&machine->ended)) {
        return 0;
    }
    vcpu = &machine->vcpus[index];
    error = pthread_create(&machine->threads[index], NULL, thread_main, vcpu);
    if (error != 0) {
        machine_end(machine, VMM_BROKEN, 0, false, "cannot start a thread for a CPU");
        return -error;
    }
    return 0;
}

int machine_start_threads(struct machine *machine)
{
    sigset_t all, before;
    int result;

    if (machine->cpu_count == 1) {
        return 0;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = start_thread(machine, 1);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Each thread may start the next one until it sees the end; so they are joined in order. */
static void join_threads(struct machine *machine)
{
    for (unsigned int i = 1; i < machine->cpu_count; i++) {
        if (machine->threads[i] == 0) {
            break;
        }
        vcpu_kick(&machine->vcpus[i]);
        pthread_join(machine->threads[i], NULL);
        machine->threads[i] = 0;
        atomic_store(&machine->vcpus[i].kicked, true); /* by a timer, perhaps */
        vcpu_settle(&machine->vcpus[i]);
    }
}

/* ---- The first CPU ------------------------------------------------------- */

void machine_block_signals(sigset_t *before)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, VCPU_KICK_SIGNAL);
    sigaddset(&ours, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &ours, before);
}

void machine_finish(struct machine *machine)
{
    /* Whoever claimed the end is still writing the result. */
    while (!atomic_load_explicit(&machine->ended, memory_order_acquire)) {
        sched_yield();
    }
    machine_release(machine); /* those who wait see the end */
    join_threads(machine);
}

/* Everything that still runs is brought to rest; output that the guest gave away is written. */
static void finish(struct machine *machine)
{
    enum vmm_outcome outcome;

    machine_finish(machine);
    outcome = machine->result.outcome;
    event_loop_stop(&machine->loop);
    if (outcome != VMM_STOPPED && outcome != VMM_TIMED_OUT) {
        console_drain(&machine->stdio, machine_gives_up, machine);
        if (machine->has_error_output) {
            console_drain(&machine->error_output, machine_gives_up, machine);
        }
    }
    uart_flush(&machine->uart);
}

void machine_report(struct machine *machine, struct vmm_result *result, struct vmm_error *error)
{
    char lines[UART_TAIL_MAX + 1], words[400];

    *result = machine->result;
    if (error == NULL) {
        return;
    }
    error->fault = VMM_FAULT_NONE;
    snprintf(error->text, sizeof(error->text), "%s", machine->end_text);
    if (result->outcome == VMM_PANICKED || result->outcome == VMM_BROKEN) {
        uart_last_lines(&machine->uart, lines, sizeof(lines));
        if (lines[0] != '\0') {
            vmm_last_words(machine->config, lines, words, sizeof(words));
            snprintf(error->text, sizeof(error->text), "%.90s: %s", machine->end_text, words);
        }
    }
}

static enum sandbox_role sandbox_role(const struct machine *machine)
{
    return machine->cpu_count > 1 || machine->config->disk_count > 0 || machine->config->snapshots
               ? SANDBOX_KVM_LARGE
               : SANDBOX_KVM;
}

/* Waits for whoever takes a snapshot; nobody does unless it was allowed. */
static void set_runs(struct machine *machine, bool runs)
{
    if (machine->config->snapshots) {
        pthread_mutex_lock(&machine->call_lock);
        machine->runs = runs;
        pthread_mutex_unlock(&machine->call_lock);
    }
}

int machine_run(void *arg, struct vmm_result *result, struct vmm_error *error)
{
    struct machine *machine = arg;
    struct machine_timer timeout, watch;
    int status = 0;

    machine_block_signals(&machine->signals_before);
    if (machine_start_timeout(machine, &timeout) != 0) {
        status = vmm_fail(error, -EAGAIN, VMM_FAULT_USAGE, "cannot create the timeout's timer");
    }
    machine_start_watch(machine, &watch);
    if (status == 0 && vcpu_prepare(&machine->vcpus[0]) != 0) {
        status = vmm_fail(error, -errno, VMM_FAULT_USAGE, "KVM refuses a signal mask");
    }
    /*
     * From here on: KVM's ioctls on this VM, the descriptors opened before,
     * threads, and time; vmm/sandbox/ lists the calls and their reasons.
     */
    if (status == 0 && machine->config->sandbox) {
        status = sandbox_enter(sandbox_role(machine), error);
    }
    if (status == 0) {
        set_runs(machine, true);
        machine_start_threads(machine);
        if (machine->config->stats) {
            machine->started_ns = machine_now_ns();
        }
        machine_end_by_vcpu(machine, &machine->vcpus[0],
                            vcpu_run(&machine->vcpus[0], &machine->events));
        set_runs(machine, false);
        finish(machine);
        machine->ended_ns = machine->config->stats ? machine_now_ns() : 0;
        machine_report(machine, result, error);
    }
    machine_stop_timer(&timeout);
    machine_stop_timer(&watch);
    atomic_store(&machine->vcpus[0].kicked, true); /* by a timer, perhaps */
    vcpu_settle(&machine->vcpus[0]);
    pthread_sigmask(SIG_SETMASK, &machine->signals_before, NULL);
    return status;
}
