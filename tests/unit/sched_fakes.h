/* SPDX-License-Identifier: BSD-2-Clause */
/* See sched_fakes.c; a test's host gives CPUs, time and interrupts. */
#ifndef TESTS_UNIT_SCHED_FAKES_H
#define TESTS_UNIT_SCHED_FAKES_H

#include <stdatomic.h>

extern atomic_uint host_stacks_in_use; /* kernel stacks allocated and not freed */
/* CPUs 0 to count - 1 run threads, others do not. */
void host_set_online(unsigned int count);

#endif
