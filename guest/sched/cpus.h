/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other CPUs, from "ACPI names them" to "they run threads".  They are started when
 * a second thread wants to run, or a moment after the program's first instruction,
 * whichever is earlier, and come up while the program runs on.
 */
#ifndef SCHED_CPUS_H
#define SCHED_CPUS_H

#include "lib/types.h"

/*
 * Starts all CPUs that are not there yet; costs one test when that has been done.  Any
 * context that holds no spinlock; does not wait.
 */
void cpus_bring_up(void);
/* Starts them if need be and sleeps until all run, or have been given up. */
void cpus_wait_all(void);

#endif
