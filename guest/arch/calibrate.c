/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast the TSC is: measured against ACPI's clocks, which others have found, or the PIT
 * (Intel 8254 datasheet, channel 2 through port 61h).  Every loop ends, whatever a clock
 * does, and two halves of a measurement must agree.
 */
#include "arch/calibrate.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "lib/panic.h"
#include "lib/printf.h"

#define KHZ_MIN 10000u
#define KHZ_MAX 100000000u

static clock_reference_source *find_reference;

void clock_set_references(clock_reference_source *find)
{
    find_reference = find;
}

/* ---- a counter that is read --------------------------------------------------- */

#define HALF_NS 500000u
#define SAMPLES 5
#define READS_MAX 100000u
#define MEASUREMENTS 3
#define AGREE_SHIFT 6 /* halves may differ by a 64th */

struct sample {
    uint64_t tsc;
    uint32_t count;
};

/* Of several readings the one that took least: an interruption must not count. */
static struct sample take_sample(const struct clock_reference *clock)
{
    struct sample best = {0};
    uint64_t shortest = UINT64_MAX;

    for (int i = 0; i < SAMPLES; i++) {
        uint64_t begin = rdtsc();
        uint32_t count = clock->read();
        uint64_t took = rdtsc() - begin;
        if (took < shortest) {
            shortest = took;
            best = (struct sample){.tsc = begin + took / 2, .count = count};
        }
    }
    return best;
}

/* The TSC's rate until the sample that follows *from, which it becomes; 0: the clock stands. */
static uint64_t measure_half(const struct clock_reference *clock, struct sample *from)
{
    uint32_t wanted = (uint32_t)(clock->hz * HALF_NS / 1000000000u);
    uint32_t i = 0;

    while (((clock->read() - from->count) & clock->mask) < wanted) {
        if (++i == READS_MAX)
            return 0;
    }
    struct sample to = take_sample(clock);
    uint32_t ticks = (to.count - from->count) & clock->mask;
    uint64_t khz = ticks == 0 ? 0 : mul_div(to.tsc - from->tsc, clock->hz, ticks) / 1000;
    *from = to;
    return khz;
}

static uint64_t khz_from_reference(const struct clock_reference *clock)
{
    for (int i = 0; i < MEASUREMENTS; i++) {
        struct sample at = take_sample(clock);
        uint64_t first = measure_half(clock, &at);
        uint64_t second = first == 0 ? 0 : measure_half(clock, &at);
        if (second == 0) {
            klog(LOG_WARNING, "clock: %s stands still", clock->name);
            return 0;
        }
        uint64_t apart = first > second ? first - second : second - first;
        uint64_t khz = (first + second) / 2;
        if (apart <= khz >> AGREE_SHIFT && khz >= KHZ_MIN && khz <= KHZ_MAX)
            return khz;
    }
    klog(LOG_WARNING, "clock: %s jumps, or is no clock", clock->name);
    return 0;
}

/* ---- PIT ------------------------------------------------------------------------ */

#define PIT_HZ 1193182u
#define PIT_CHANNEL2 0x42u
#define PIT_COMMAND 0x43u
#define PIT_CHANNEL2_MODE0 0xb0u /* both bytes, interrupt on terminal count, binary */
#define PIT_LATCH_CHANNEL2 0x80u
#define PIT_GATE_PORT 0x61u
#define PIT_GATE 0x01u
#define PIT_SPEAKER 0x02u
#define PIT_TICKS 500u /* in each half, 0.42 ms */
#define PIT_MEASUREMENTS 20
#define PIT_READS_MAX 100000u

static uint32_t pit_count(void)
{
    outb(PIT_COMMAND, PIT_LATCH_CHANNEL2);
    uint32_t low = inb(PIT_CHANNEL2);
    return low | (uint32_t)inb(PIT_CHANNEL2) << 8;
}

/* The TSC at a change of the count, so many ticks after from at the least; false: it stands. */
static bool pit_edge(uint32_t from, uint32_t ticks, struct sample *edge)
{
    uint32_t before = pit_count();

    for (uint32_t i = 0; i < PIT_READS_MAX; i++) {
        edge->tsc = rdtsc();
        edge->count = pit_count();
        if (edge->count != before && ((from - edge->count) & 0xffff) >= ticks)
            return true;
        before = edge->count;
    }
    return false;
}

static uint64_t pit_khz(const struct sample *from, const struct sample *to)
{
    uint32_t ticks = (from->count - to->count) & 0xffff;

    return ticks == 0 ? 0 : mul_div(to->tsc - from->tsc, PIT_HZ, ticks) / 1000;
}

/*
 * Reading is slow under a hypervisor: however late, an edge and its count belong together.  They do
 * not where the host lets this CPU wait between the two, which can take longer than the
 * measurement; then its halves do not agree.
 */
static uint64_t khz_from_pit(void)
{
    struct sample begin, middle, end;
    uint64_t khz = 0;

    outb(PIT_GATE_PORT, (uint8_t)((inb(PIT_GATE_PORT) & ~PIT_SPEAKER) | PIT_GATE));
    outb(PIT_COMMAND, PIT_CHANNEL2_MODE0);
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);
    for (int i = 0; i < PIT_MEASUREMENTS; i++) {
        if (!pit_edge(0, 0, &begin) || !pit_edge(begin.count, PIT_TICKS, &middle) ||
            !pit_edge(middle.count, PIT_TICKS, &end))
            return 0;
        uint64_t first = pit_khz(&begin, &middle), second = pit_khz(&middle, &end);
        uint64_t apart = first > second ? first - second : second - first;
        khz = pit_khz(&begin, &end);
        if (apart <= khz >> AGREE_SHIFT)
            break;
    }
    return khz;
}

/* ---- which of them --------------------------------------------------------------- */

#define TSC_READS 1000000u

/* Nothing works without it, and a loop that waits for it would be silent. */
static void check_tsc(void)
{
    uint64_t begin = rdtsc();

    for (uint32_t i = 0; i < TSC_READS; i++) {
        if (rdtsc() != begin)
            return;
    }
    panic("the time stamp counter stands still; choose another CPU model");
}

uint64_t calibrate_tsc_khz(const char **source)
{
    struct clock_reference clock;
    uint64_t khz;

    check_tsc();
    for (unsigned int i = 0; find_reference && i < CLOCK_REFERENCES; i++) {
        if (!find_reference(i, &clock))
            continue;
        khz = khz_from_reference(&clock);
        if (khz) {
            *source = clock.name;
            return khz;
        }
    }
    khz = khz_from_pit();
    if (khz)
        *source = "pit";
    return khz;
}
