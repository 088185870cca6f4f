/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from the TSC.  Frequency and wall clock come from our monitor, kvmclock, CPUID, or a
 * calibration of a millisecond against HPET, ACPI's PM timer or PIT; converted by multiply and
 * shift: ns = ((tsc - tsc_base) * mult) >> shift
 */
#ifndef ARCH_CLOCK_H
#define ARCH_CLOCK_H

#include "lib/types.h"

struct clock_params {
    uint64_t tsc_base; /* TSC at boot: CLOCK_MONOTONIC 0 */
    uint32_t mult, shift; /* shift < 64 */
    uint64_t tsc_khz;
    uint64_t wall_base_ns; /* CLOCK_REALTIME at tsc_base, since 1970 */
    const char *source; /* "monitor", "kvmclock", "cpuid", "hpet", "acpi_pm", "pit", "none" */
};
extern struct clock_params clock_params;

/* A clock to measure the TSC against: counts up at hz, wraps at mask (all ones, 24 bits or more).
 */
struct clock_reference {
    const char *name;
    uint32_t (*read)(void);
    uint64_t hz;
    uint32_t mask;
};
/* How they are found (drivers/acpi_power.h), best first; false: there is no such. */
#define CLOCK_REFERENCES 2u
typedef bool clock_reference_source(unsigned int index, struct clock_reference *out);
void clock_set_references(clock_reference_source *find);

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
