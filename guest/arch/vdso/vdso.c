/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs in programs: clock_gettime(2) and its siblings from the TSC and the
 * vvar page, getcpu(2) from TSC_AUX.  No data of its own, no relocations; what it
 * cannot answer goes to the system call.
 */
#include <stddef.h>
#include <stdint.h>

#include "arch/vdso/vvar.h"

#define NS_PER_S 1000000000ul
#define COARSE_NS 4000000u /* what CLOCK_*_COARSE claims: a tick of 250 Hz */

enum { /* uapi/linux/time.h */
       CLOCK_REALTIME = 0,
       CLOCK_MONOTONIC = 1,
       CLOCK_MONOTONIC_RAW = 4,
       CLOCK_REALTIME_COARSE = 5,
       CLOCK_MONOTONIC_COARSE = 6,
       CLOCK_BOOTTIME = 7,
};
/* Sets of those that read the same, but for the epoch. */
#define MONOTONIC_CLOCKS                                                                \
    (1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE | \
     1u << CLOCK_BOOTTIME)
#define WALL_CLOCKS (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE)
enum {
    SYS_gettimeofday = 96,
    SYS_time = 201,
    SYS_clock_gettime = 228,
    SYS_clock_getres = 229,
    SYS_getcpu = 309
};

struct timespec64 {
    int64_t seconds, ns;
};
struct timeval64 {
    int64_t seconds, us;
};
struct timezone32 {
    int32_t minutes_west, dst;
};

extern const struct vvar vvar_page; /* vdso.lds: the page before this image */

int __vdso_clock_gettime(int clock, struct timespec64 *time);
int __vdso_gettimeofday(struct timeval64 *time, struct timezone32 *zone);
int64_t __vdso_time(int64_t *result);
int __vdso_clock_getres(int clock, struct timespec64 *resolution);
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

#define EXPORT __attribute__((visibility("default")))
#define ALIAS_OF(name) __attribute__((weak, alias(#name), visibility("default")))
int clock_gettime(int clock, struct timespec64 *time) ALIAS_OF(__vdso_clock_gettime);
int gettimeofday(struct timeval64 *time, struct timezone32 *zone) ALIAS_OF(__vdso_gettimeofday);
int64_t time(int64_t *result) ALIAS_OF(__vdso_time);
int clock_getres(int clock, struct timespec64 *resolution) ALIAS_OF(__vdso_clock_getres);
int getcpu(unsigned int *cpu, unsigned int *node, void *unused) ALIAS_OF(__vdso_getcpu);

static int64_t system_call(long number, const void *a, const void *b, const void *c)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static uint64_t read_tsc(void)
{
    uint64_t lo, hi;
    /* Not before the loads of the parameters, nor of anything the program has seen. */
    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return hi << 32 | lo;
}

/* The upper half of the product. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    return (uint64_t)(((unsigned __int128)a * b) >> 64);
}

#define READ_ONCE(field) (*(const volatile __typeof__(field) *)&(field))
#define COMPILER_BARRIER() __asm__ volatile("" : : : "memory")

/*
 * Nanoseconds since boot, split; wall adds the epoch.  x86 loads stay in order, so
 * the sequence needs compiler barriers only.  False: the TSC is of no use.
 */
static inline __attribute__((always_inline)) int read_clock(int wall, struct timespec64 *time)
{
    const struct vvar *vvar = &vvar_page;
    uint64_t ns, seconds;
    uint32_t sequence;

    do {
        sequence = READ_ONCE(vvar->sequence) & ~1u; /* odd: being written, never equal below */
        COMPILER_BARRIER();
        if (__builtin_expect(!(READ_ONCE(vvar->flags) & VVAR_CLOCK_TSC), 0))
            return 0;
        uint64_t ticks = read_tsc() - vvar->tsc_base;
        if (__builtin_expect((int64_t)ticks < 0, 0))
            ticks = 0; /* a CPU whose TSC is a moment behind */
        ns = ticks * vvar->ns_whole + multiply_high(ticks, vvar->ns_part);
        seconds = 0;
        if (wall) {
            seconds = vvar->wall_seconds;
            ns += vvar->wall_ns;
        }
        __asm__ volatile("" : "+r"(ns) : : "memory"); /* computed here: fewer registers live on */
    } while (__builtin_expect(READ_ONCE(vvar->sequence) != sequence, 0));
    uint64_t whole = ns / NS_PER_S;
    time->seconds = (int64_t)(seconds + whole);
    time->ns = (int64_t)(ns - whole * NS_PER_S);
    return 1;
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec64 *time)
{
    if (__builtin_expect((unsigned int)clock < 8, 1)) {
        uint32_t bit = 1u << clock;

        if (bit & MONOTONIC_CLOCKS) {
            if (__builtin_expect(read_clock(0, time), 1))
                return 0;
        } else if (bit & WALL_CLOCKS) {
            if (read_clock(1, time))
                return 0;
        }
    }
    return (int)system_call(SYS_clock_gettime, (void *)(intptr_t)clock, time, NULL);
}

EXPORT int __vdso_gettimeofday(struct timeval64 *time, struct timezone32 *zone)
{
    struct timespec64 now;

    if (time) {
        if (!read_clock(1, &now))
            return (int)system_call(SYS_gettimeofday, time, zone, NULL);
        time->seconds = now.seconds;
        time->us = now.ns / 1000;
    }
    if (zone)
        *zone = (struct timezone32){0, 0};
    return 0;
}

EXPORT int64_t __vdso_time(int64_t *result)
{
    struct timespec64 now;

    if (!read_clock(1, &now))
        return system_call(SYS_time, result, NULL, NULL);
    if (result)
        *result = now.seconds;
    return now.seconds;
}

EXPORT int __vdso_clock_getres(int clock, struct timespec64 *resolution)
{
    int64_t ns;

    if (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
        clock == CLOCK_BOOTTIME)
        ns = 1;
    else if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
        ns = COARSE_NS;
    else
        return (int)system_call(SYS_clock_getres, (void *)(intptr_t)clock, resolution, NULL);
    if (resolution)
        *resolution = (struct timespec64){0, ns};
    return 0;
}

/* TSC_AUX holds the CPU's number (arch/cpu.c writes it). */
EXPORT int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
    uint64_t aux;
    uint32_t lo, hi, aux32;

    (void)unused;
    if (vvar_page.getcpu == VVAR_GETCPU_RDPID) {
        __asm__ volatile(".byte 0xf3, 0x0f, 0xc7, 0xf8" : "=a"(aux)); /* rdpid %rax */
    } else if (vvar_page.getcpu == VVAR_GETCPU_RDTSCP) {
        __asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux32));
        aux = aux32;
    } else {
        return (int)system_call(SYS_getcpu, cpu, node, NULL);
    }
    if (cpu)
        *cpu = (unsigned int)aux;
    if (node)
        *node = 0;
    return 0;
}
