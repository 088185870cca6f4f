/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler on the host: CPUs are structures, threads are ucontexts, time is
 * a number.  The test's own flow is the idle thread of CPU 0.
 */
#ifndef TESTS_UNIT_SCHED_HOST_H
#define TESTS_UNIT_SCHED_HOST_H

#include "arch/percpu.h"
#include "sched/internal.h"
#include "sched_fakes.h"

extern uint64_t host_now_ns; /* CLOCK_MONOTONIC */
extern uint64_t host_wall_base_ns; /* CLOCK_REALTIME minus that */
extern uint64_t host_armed_ns; /* what the hardware timer is set to, NO_DEADLINE: nothing */
extern unsigned int host_arm_count; /* how often it was set */
extern unsigned int host_ipi_count[4];
extern bool host_user_return_asked;

void host_start(unsigned int cpus); /* 1..4; fresh state, time 1 ms */
void host_use_cpu(unsigned int cpu); /* which CPU's flow the test is from here on */
/* Lets time pass; timer interrupts of the current CPU come in between. */
void host_pass(uint64_t ns);
/* Runs whatever is runnable on the current CPU until it is idle; no time passes. */
void host_run(void);

#endif
