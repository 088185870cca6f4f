/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the first CPU runs.  In the caller's thread, which costs nothing, as long as all calls come
 * from one thread.  A CPU that changes threads makes KVM wait for all processors of the host
 * (synchronize_rcu() in KVM_RUN, some 10 ms; Linux before 6.12): so with the second caller, and for
 * a VM that rehearses its calls in another thread than it will be called from, it gets a thread
 * of its own, and calls are handed over (some 5 k instructions).
 *
 * The caller holds call_lock all the time; the semaphores order what both threads touch.
 */
#include <errno.h>
#include <signal.h>

#include "vmm/machine.h"

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR) {
    }
}

static void *runner_main(void *arg)
{
    struct machine *machine = arg;

    for (;;) {
        wait_for(&machine->job);
        if (machine->job_quit) {
            return NULL;
        }
        machine->job_result =
            machine_run_here(machine, machine->job_timeout_ns, machine->job_cpu_ns);
        sem_post(&machine->job_done);
    }
}

int machine_start_runner(struct machine *machine)
{
    sigset_t all, before;
    int error;

    if (machine->has_runner) {
        return 0;
    }
    sem_init(&machine->job, 0, 0);
    sem_init(&machine->job_done, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&machine->runner, NULL, runner_main, machine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        sem_destroy(&machine->job);
        sem_destroy(&machine->job_done);
        return -error;
    }
    machine->has_runner = true;
    machine->vcpus[0].has_mask = false; /* KVM knows another thread's */
    return 0;
}

int machine_run_somewhere(struct machine *machine, uint64_t timeout_ns, uint64_t cpu_ns)
{
    if (!machine->has_runner && machine->has_caller &&
        !pthread_equal(machine->caller, pthread_self())) {
        machine_start_runner(machine); /* without one it is slower, no more */
    }
    if (!machine->has_runner) {
        machine->caller = pthread_self();
        machine->has_caller = true;
        return machine_run_here(machine, timeout_ns, cpu_ns);
    }
    machine->job_timeout_ns = timeout_ns;
    machine->job_cpu_ns = cpu_ns;
    sem_post(&machine->job);
    wait_for(&machine->job_done);
    return machine->job_result;
}

void machine_stop_runner(struct machine *machine)
{
    if (!machine->has_runner) {
        return;
    }
    machine->job_quit = true;
    sem_post(&machine->job);
    pthread_join(machine->runner, NULL);
    sem_destroy(&machine->job);
    sem_destroy(&machine->job_done);
    machine->has_runner = false;
}
