/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from the TSC.  Frequency and wall clock come from kvmclock, CPUID, or a
 * calibration of at most 1 ms against the PIT; converted by multiply and shift:
 *     ns = ((tsc - tsc_base) * mult) >> shift
 */
#ifndef ARCH_CLOCK_H
#define ARCH_CLOCK_H

#include "lib/types.h"

struct clock_params {
    uint64_t tsc_base; /* TSC at boot: CLOCK_MONOTONIC 0 */
    uint32_t mult, shift; /* shift < 64 */
    uint64_t tsc_khz;
    uint64_t wall_base_ns; /* CLOCK_REALTIME at tsc_base, since 1970 */
    const char *source; /* "monitor", "kvmclock", "cpuid", "pit" */
};
extern struct clock_params clock_params;

/* After cpu_detect(); tsc_base: the TSC at entry, 0 for now. */
void clock_init(uint64_t tsc_base);
ns_t clock_ns(void); /* monotonic, since boot */
uint64_t clock_ns_to_tsc(ns_t monotonic_ns);
uint64_t clock_tsc_to_ns(uint64_t tsc);
ns_t clock_wall_ns(void); /* CLOCK_REALTIME, since 1970 */
ns_t clock_wall_to_monotonic(ns_t wall_ns); /* by the present setting; 0: before boot */
void clock_set_wall(ns_t wall_ns);
void clock_rebase(ns_t wall_ns, uint64_t tsc); /* the time of day when the TSC was there */

/* One-shot timer of the calling CPU: TRAP_VECTOR_TIMER at or after the time. */
void clock_arm(ns_t monotonic_ns);
void clock_disarm(void);

#endif
