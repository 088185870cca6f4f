/* SPDX-License-Identifier: BSD-2-Clause */
/* The TSC's rate by comparison with a clock whose rate is known; takes about a millisecond. */
#ifndef ARCH_CALIBRATE_H
#define ARCH_CALIBRATE_H

#include "lib/types.h"

/*
 * Against the references of clock_set_references() in their order, then a PC's PIT; 0: none of
 * them counts.  Clocks that stand still or jump are passed over, with a message.
 */
uint64_t calibrate_tsc_khz(const char **source);

#endif
