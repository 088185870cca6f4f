/* SPDX-License-Identifier: BSD-2-Clause */
/* The CMOS real-time clock, where no hypervisor tells the time.  Motorola MC146818A datasheet. */
#ifndef ARCH_RTC_H
#define ARCH_RTC_H

#include "lib/types.h"

/* Seconds since 1970, UTC as virtual machines keep it; 0 if there is no clock. */
uint64_t rtc_read_seconds(void);
/* Days since 1970-01-01 of a date in the Gregorian calendar; month and day from 1. */
uint64_t rtc_days_from_date(uint32_t year, uint32_t month, uint32_t day);

#endif
