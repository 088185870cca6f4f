/* SPDX-License-Identifier: BSD-2-Clause */
/* See smp_host.h. */
#include "smp_host.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch/apic.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "sched_fakes.h"

#define HANG_SECONDS 60u

static struct host_cpu {
    struct percpu pc;
    pthread_t pthread;
    pthread_mutex_t lock;
    pthread_cond_t wakeup;
    atomic_bool interrupted; /* an IPI is pending */
    uint64_t armed_ns;
} cpus[CPUS];
static _Thread_local struct host_cpu *mine;
static atomic_bool machine_ends;
static atomic_uint live; /* test threads not yet at their end */

/* Not to be inlined: a thread may go on on another host thread. */
__attribute__((noinline)) struct percpu *this_cpu(void)
{
    return &mine->pc;
}
__attribute__((noinline)) struct thread *current_thread(void)
{
    return mine->pc.current;
}
__attribute__((noinline)) static struct host_cpu *my_cpu(void)
{
    return mine;
}

ns_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

ns_t clock_wall_ns(void)
{
    return clock_ns();
}

ns_t clock_wall_to_monotonic(ns_t wall_ns)
{
    return wall_ns;
}

void clock_arm(ns_t monotonic_ns)
{
    my_cpu()->armed_ns = monotonic_ns;
}

void trap_request_user_return(void)
{
    atomic_store(&this_cpu()->user_return_work, 1);
}

void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
    (void)vector;
    pthread_mutex_lock(&cpus[cpu].lock);
    atomic_store(&cpus[cpu].interrupted, true);
    pthread_cond_signal(&cpus[cpu].wakeup);
    pthread_mutex_unlock(&cpus[cpu].lock);
}

/* What has come meanwhile for this CPU. */
static void take_interrupts(void)
{
    struct host_cpu *cpu = my_cpu();

    if (atomic_exchange(&cpu->interrupted, false))
        sched_ipi();
    if (clock_ns() >= cpu->armed_ns) {
        cpu->armed_ns = NO_DEADLINE;
        timer_interrupt();
    }
}

void cpu_idle_wait(void)
{
    struct host_cpu *cpu = my_cpu();

    pthread_mutex_lock(&cpu->lock);
    while (!atomic_load(&cpu->interrupted) && clock_ns() < cpu->armed_ns &&
           !atomic_load(&machine_ends)) {
        uint64_t until = MIN(cpu->armed_ns, clock_ns() + 1000000000);
        struct timespec time = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
        pthread_cond_timedwait(&cpu->wakeup, &cpu->lock, &time);
    }
    pthread_mutex_unlock(&cpu->lock);
    if (atomic_load(&machine_ends))
        pthread_exit(NULL);
    take_interrupts();
}

void user_mode(void)
{
    take_interrupts();
    if (atomic_exchange(&this_cpu()->user_return_work, 0))
        sched_user_return();
}

static void *cpu_main(void *arg)
{
    mine = arg;
    sched_idle_loop();
}

/* A host thread that holds a lock may have lost its processor. */
static void yield_while_spinning(void)
{
    sched_yield();
}

void machine_start(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    memset(cpus, 0, sizeof(cpus));
    atomic_store(&machine_ends, false);
    host_set_online(CPUS);
    for (unsigned int i = 0; i < CPUS; i++) {
        cpus[i].pc.self = percpu_of[i] = &cpus[i].pc;
        cpus[i].pc.cpu = i;
        cpus[i].armed_ns = NO_DEADLINE;
        pthread_mutex_init(&cpus[i].lock, NULL);
        pthread_cond_init(&cpus[i].wakeup, &monotonic);
    }
    for (unsigned int i = 0; i < CPUS; i++) {
        mine = &cpus[i];
        if (sched_prepare_cpu(&cpus[i].pc, NULL))
            abort();
    }
    mine = &cpus[0];
    spin_set_poll(yield_while_spinning);
    alarm(HANG_SECONDS);
}

void machine_run(void)
{
    for (unsigned int i = 0; i < CPUS; i++)
        pthread_create(&cpus[i].pthread, NULL, cpu_main, &cpus[i]);
    while (atomic_load(&live) > 0 || atomic_load(&host_stacks_in_use) > 0)
        usleep(1000);
    atomic_store(&machine_ends, true);
    for (unsigned int i = 0; i < CPUS; i++)
        apic_send_ipi(i, 0);
    for (unsigned int i = 0; i < CPUS; i++)
        pthread_join(cpus[i].pthread, NULL);
    /* An idle CPU looks into the others' queues to its end. */
    for (unsigned int i = 0; i < CPUS; i++) {
        free(cpus[i].pc.idle);
        free(cpus[i].pc.runqueue);
        free(cpus[i].pc.timers);
    }
    alarm(0);
}

void start(void (*entry)(void *), void *arg)
{
    atomic_fetch_add(&live, 1);
    if (!thread_start_kernel("test", entry, arg))
        abort();
}

void ended(void)
{
    atomic_fetch_sub(&live, 1);
}
