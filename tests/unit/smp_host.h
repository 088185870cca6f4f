/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler with CPUs that really run at once: each is a host thread, the idle
 * wait is a condition variable, interrupts come where a program would run.
 */
#ifndef TESTS_UNIT_SMP_HOST_H
#define TESTS_UNIT_SMP_HOST_H

#include "sched/internal.h"
#include "sched_fakes.h"

#define CPUS 4u

void machine_start(void); /* no thread yet; from here on a hang ends in SIGALRM */
/* A test's thread; it calls ended() last. */
void start(void (*entry)(void *), void *arg);
void ended(void);
/* A thread of the test is in user mode for a moment: interrupts, preemption. */
void user_mode(void);
/* All CPUs run until the threads have ended. */
void machine_run(void);

#endif
