/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux ABI: clocks, timers, scheduling, futex, machine.  Sources: the manual
 * pages clock_gettime(2), timer_create(2), setitimer(2), adjtimex(2), sched(7),
 * futex(2), membarrier(2), sysinfo(2), uname(2).
 */
#ifndef SYSCALL_LINUX_ABI_TIME_H
#define SYSCALL_LINUX_ABI_TIME_H

#include "lib/types.h"

#define NS_PER_S 1000000000ul
#define NS_PER_US 1000ul
#define US_PER_S 1000000ul

enum {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    CLOCK_PROCESS_CPUTIME_ID = 2,
    CLOCK_THREAD_CPUTIME_ID = 3,
    CLOCK_MONOTONIC_RAW = 4,
    CLOCK_REALTIME_COARSE = 5,
    CLOCK_MONOTONIC_COARSE = 6,
    CLOCK_BOOTTIME = 7,
    CLOCK_REALTIME_ALARM = 8,
    CLOCK_BOOTTIME_ALARM = 9,
    CLOCK_TAI = 11,
};
/* Clocks of other processes: ~pid << 3 | kind. */
#define CPUCLOCK_PER_THREAD 4
#define CPUCLOCK_KIND_MASK 3
enum { CPUCLOCK_PROF = 0, CPUCLOCK_VIRT = 1, CPUCLOCK_SCHED = 2 };
#define TIMER_ABSTIME 1
#define COARSE_RESOLUTION_NS 4000000u

struct linux_timespec {
    int64_t seconds, ns;
};
struct linux_timeval {
    int64_t seconds, us;
};
struct linux_timezone {
    int32_t minutes_west, dst;
};
struct linux_itimerval {
    struct linux_timeval interval, value;
};
struct linux_itimerspec {
    struct linux_timespec interval, value;
};
enum { ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2 };

struct linux_tms {
    int64_t utime, stime, cutime, cstime;
};

struct linux_sigevent {
    uint64_t value;
    int32_t signo, notify, thread_id;
    uint32_t pad[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "sigevent");
enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4 };

struct linux_timex {
    uint32_t modes, pad0;
    int64_t offset, freq, maxerror, esterror;
    int32_t status, pad1;
    int64_t constant, precision, tolerance;
    struct linux_timeval time;
    int64_t tick, ppsfreq, jitter;
    int32_t shift, pad2;
    int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
    int32_t tai, pad3[11];
};
_Static_assert(sizeof(struct linux_timex) == 208, "timex");
/* status */
#define STA_PLL 0x1
#define STA_UNSYNC 0x40
#define STA_CLOCKERR 0x1000
#define STA_NANO 0x2000
#define STA_RONLY 0xff00 /* what programs cannot set */
#define TIME_ERROR 5
/* modes */
#define ADJ_OFFSET 0x1u
#define ADJ_FREQUENCY 0x2u
#define ADJ_MAXERROR 0x4u
#define ADJ_ESTERROR 0x8u
#define ADJ_STATUS 0x10u
#define ADJ_TIMECONST 0x20u
#define ADJ_TAI 0x80u
#define ADJ_SETOFFSET 0x100u
#define ADJ_MICRO 0x1000u
#define ADJ_NANO 0x2000u
#define ADJ_TICK 0x4000u
#define ADJ_ADJTIME 0x8000u /* with these two alone */
#define ADJ_OFFSET_SINGLESHOT 0x1u
#define ADJ_OFFSET_READONLY 0x2000u
#define TIMEX_TICK_US 10000
#define TIMEX_MAXERROR_US 16000000
#define TIMEX_FREQUENCY_MAX 32768000 /* 500 ppm, 16 bits after the point */
#define TIMEX_CONSTANT_MAX 10
#define TIMEX_TAI_MAX 100000
#define TIMEX_PHASE_MAX_NS 500000000

/* ---- sched(7) ---- */
enum {
    SCHED_OTHER = 0,
    SCHED_FIFO = 1,
    SCHED_RR = 2,
    SCHED_BATCH = 3,
    SCHED_IDLE = 5,
    SCHED_DEADLINE = 6
};
#define SCHED_RESET_ON_FORK 0x40000000
#define SCHED_PRIORITY_MAX 99
struct linux_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
_Static_assert(sizeof(struct linux_sched_attr) == 56, "sched_attr");
#define SCHED_ATTR_SIZE_VER0 48u
#define SCHED_FLAG_RESET_ON_FORK 0x1u
#define SCHED_FLAG_KEEP_POLICY 0x8u
#define SCHED_FLAG_KEEP_PARAMS 0x10u
#define SCHED_FLAGS_KNOWN 0x1fu /* with two of SCHED_DEADLINE's that change nothing here */
#define SCHED_FLAGS_UTIL 0x60u

/* ---- futex(2) ---- */
enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_LOCK_PI = 6,
    FUTEX_UNLOCK_PI = 7,
    FUTEX_TRYLOCK_PI = 8,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
    FUTEX_WAIT_REQUEUE_PI = 11,
    FUTEX_CMP_REQUEUE_PI = 12,
    FUTEX_LOCK_PI2 = 13,
};
#define FUTEX_PRIVATE_FLAG 128u
#define FUTEX_CLOCK_REALTIME 256u
struct linux_futex_waitv { /* futex_waitv(2) */
    uint64_t value, address;
    uint32_t flags, reserved;
};
_Static_assert(sizeof(struct linux_futex_waitv) == 24, "futex_waitv");
#define FUTEX2_SIZE_U32 2u
#define FUTEX_WAITV_MAX 128u

/* ---- membarrier(2) ---- */
#define MEMBARRIER_GLOBAL 1u
#define MEMBARRIER_GLOBAL_EXPEDITED 2u
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED 4u
#define MEMBARRIER_PRIVATE_EXPEDITED 8u
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED 16u
#define MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE 32u
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 64u

/* ---- sysinfo(2), uname(2), getrandom(2), syslog(2) ---- */
struct linux_sysinfo {
    int64_t uptime;
    uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint32_t pad2;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit, pad3;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "sysinfo");
struct linux_utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};
#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u
enum {
    SYSLOG_CLOSE = 0,
    SYSLOG_OPEN = 1,
    SYSLOG_READ = 2,
    SYSLOG_READ_ALL = 3,
    SYSLOG_READ_CLEAR = 4,
    SYSLOG_CLEAR = 5,
    SYSLOG_CONSOLE_OFF = 6,
    SYSLOG_CONSOLE_ON = 7,
    SYSLOG_CONSOLE_LEVEL = 8,
    SYSLOG_SIZE_UNREAD = 9,
    SYSLOG_SIZE_BUFFER = 10,
};
#define SYSLOG_BUFFER_SIZE 16384u
#define PERSONALITY_QUERY 0xffffffffu
#define PERSONALITY_STICKY_TIMEOUTS 0x4000000u
#define CAP_SYS_ADMIN 21
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_SYSLOG 34

#endif
