/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers and terminals link against in unit tests: log, panic, waits, clock. */
#ifndef UNIT_DRIVER_FAKES_H
#define UNIT_DRIVER_FAKES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/types.h"

extern unsigned int fake_log_lines; /* klog() calls so far */
extern ns_t fake_time_ns; /* what clock_ns() says; sleeps advance it to their deadline */
/* Called by a sleep: makes something happen; NULL: a sleep without a deadline fails the test. */
extern void (*fake_sleep)(void);

#endif
