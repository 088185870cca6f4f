/* SPDX-License-Identifier: BSD-2-Clause */
/* See sched_host.h. */
#include "sched_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/apic.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "sched_fakes.h"

#define CPUS 4u

uint64_t host_now_ns, host_armed_ns;
unsigned int host_arm_count, host_ipi_count[CPUS];
bool host_user_return_asked;

static struct percpu cpus[CPUS];
static struct percpu *current_cpu;

struct percpu *this_cpu(void)
{
    return current_cpu;
}

struct thread *current_thread(void)
{
    return current_cpu->current;
}

/* ---- interrupts and time ---- */

void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
    (void)vector;
    host_ipi_count[cpu]++;
}

void trap_request_user_return(void)
{
    host_user_return_asked = true;
}

uint64_t host_wall_base_ns;

ns_t clock_ns(void)
{
    return host_now_ns;
}

ns_t clock_wall_ns(void)
{
    return host_wall_base_ns + clock_ns();
}

ns_t clock_wall_to_monotonic(ns_t wall_ns)
{
    return wall_ns > host_wall_base_ns ? wall_ns - host_wall_base_ns : 0;
}

void clock_arm(ns_t monotonic_ns)
{
    host_armed_ns = monotonic_ns;
    host_arm_count++;
}

void host_pass(uint64_t ns)
{
    uint64_t end = host_now_ns + ns;

    while (host_armed_ns <= end) {
        host_now_ns = host_armed_ns > host_now_ns ? host_armed_ns : host_now_ns;
        host_armed_ns = NO_DEADLINE;
        timer_interrupt();
    }
    host_now_ns = end;
}

/* Nothing to do until the timer: time jumps there. */
void cpu_idle_wait(void)
{
    if (host_armed_ns == NO_DEADLINE) {
        fprintf(stderr, "idle for ever\n");
        abort();
    }
    host_pass(host_armed_ns > host_now_ns ? host_armed_ns - host_now_ns : 0);
}

__attribute__((destructor)) static void end(void)
{
    for (unsigned int i = 0; i < CPUS; i++) {
        free(cpus[i].idle);
        free(cpus[i].runqueue);
        free(cpus[i].timers);
    }
}

void host_start(unsigned int count)
{
    end();
    memset(cpus, 0, sizeof(cpus));
    host_now_ns = 1000000;
    host_armed_ns = NO_DEADLINE;
    host_arm_count = 0;
    memset(host_ipi_count, 0, sizeof(host_ipi_count));
    host_user_return_asked = false;
    host_set_online(count);
    for (unsigned int i = 0; i < count; i++) {
        cpus[i].self = percpu_of[i] = &cpus[i];
        cpus[i].cpu = i;
    }
    for (unsigned int i = count; i-- > 0;) {
        current_cpu = &cpus[i];
        if (sched_prepare_cpu(&cpus[i], NULL))
            abort();
    }
}

void host_use_cpu(unsigned int cpu)
{
    current_cpu = &cpus[cpu];
}

void host_run(void)
{
    while (this_cpu()->runqueue->queued)
        schedule();
}
