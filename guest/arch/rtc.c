/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the CMOS clock once, at boot; the TSC goes on from there. */
#include "arch/rtc.h"

#include "arch/cpu.h"

#define CMOS_INDEX 0x70u
#define CMOS_DATA 0x71u
#define NMI_DISABLE 0x80u

enum {
    RTC_SECONDS = 0,
    RTC_MINUTES = 2,
    RTC_HOURS = 4,
    RTC_DAY = 7,
    RTC_MONTH = 8,
    RTC_YEAR = 9,
    RTC_STATUS_A = 10,
    RTC_STATUS_B = 11
};
#define STATUS_A_UPDATING 0x80u
#define STATUS_B_BINARY 0x04u
#define STATUS_B_24_HOURS 0x02u
#define HOURS_PM 0x80u
#define TRIES_MAX 10000u

struct rtc_time {
    uint8_t seconds, minutes, hours, day, month, year;
};

static uint8_t cmos_read(uint8_t index)
{
    outb(CMOS_INDEX, index | NMI_DISABLE);
    return inb(CMOS_DATA);
}

static struct rtc_time read_once(void)
{
    return (struct rtc_time){cmos_read(RTC_SECONDS), cmos_read(RTC_MINUTES), cmos_read(RTC_HOURS),
                             cmos_read(RTC_DAY),     cmos_read(RTC_MONTH),   cmos_read(RTC_YEAR)};
}

static uint32_t from_bcd(uint32_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10 + (value & 15);
}

uint64_t rtc_days_from_date(uint32_t year, uint32_t month, uint32_t day)
{
    static const uint16_t days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    uint64_t before =
        (year - 1970) * 365ul + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;

    return before + days_before[month - 1] + (leap && month > 2) + day - 1;
}

uint64_t rtc_read_seconds(void)
{
    struct rtc_time t;

    /* No clock reads as all ones.  While it updates, its registers are not to be trusted. */
    for (uint32_t i = 0; i < TRIES_MAX && (cmos_read(RTC_STATUS_A) & STATUS_A_UPDATING); i++)
        cpu_pause();
    t = read_once();
    uint8_t status_b = cmos_read(RTC_STATUS_B);
    bool binary = status_b & STATUS_B_BINARY;
    uint32_t hours = from_bcd(t.hours & ~HOURS_PM, binary);
    if (!(status_b & STATUS_B_24_HOURS))
        hours = hours % 12 + (t.hours & HOURS_PM ? 12 : 0);
    uint32_t month = from_bcd(t.month, binary), day = from_bcd(t.day, binary);
    uint32_t year = 2000 + from_bcd(t.year, binary);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23)
        return 0;
    return rtc_days_from_date(year, month, day) * 86400 + hours * 3600 +
           from_bcd(t.minutes, binary) * 60 + from_bcd(t.seconds, binary);
}
