/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as programs pass them, in nanoseconds; and the clocks they name. */
#ifndef SYSCALL_TIME_UTIL_H
#define SYSCALL_TIME_UTIL_H

#include "lib/types.h"
#include "mm/uaccess.h"
#include "syscall/linux_abi.h"

#define TIME_NS_MAX ((uint64_t)INT64_MAX) /* later times are cut to this */

/* 0, -EFAULT, or -EINVAL for negative seconds and nanoseconds out of range. */
int get_user_timespec(uint64_t *ns, uaddr_t src);
int put_user_timespec(uaddr_t dst, uint64_t ns);
bool timespec_to_ns(const struct linux_timespec *time, uint64_t *ns);
struct linux_timespec ns_to_timespec(uint64_t ns);
struct linux_timeval ns_to_timeval(uint64_t ns);
/* a + b, at most TIME_NS_MAX. */
uint64_t time_add(uint64_t a, uint64_t b);

/* What a clock number means. */
enum clock_kind { CLOCK_KIND_MONOTONIC, CLOCK_KIND_WALL, CLOCK_KIND_PROCESS, CLOCK_KIND_THREAD };
struct clock_ref {
    enum clock_kind kind;
    bool coarse;
    bool user_only; /* CPUCLOCK_VIRT */
    int id; /* of the process or thread; 0: the caller's */
};
int clock_lookup(int clock, struct clock_ref *ref); /* 0 or -EINVAL */
int clock_read(const struct clock_ref *ref, uint64_t *ns); /* 0 or -EINVAL: nobody there */
/* The same from anywhere: an id of 0 means this process, and still the calling thread. */
struct process;
int clock_read_for(struct process *process, const struct clock_ref *ref, uint64_t *ns);

#endif
