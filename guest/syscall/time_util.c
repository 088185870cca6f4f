/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversions between programs' times and nanoseconds; reading a clock by number. */
#include "syscall/time_util.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "proc/process.h"

bool timespec_to_ns(const struct linux_timespec *time, uint64_t *ns)
{
    if (time->seconds < 0 || time->ns < 0 || time->ns >= (int64_t)NS_PER_S)
        return false;
    if ((uint64_t)time->seconds >= TIME_NS_MAX / NS_PER_S)
        *ns = TIME_NS_MAX;
    else
        *ns = (uint64_t)time->seconds * NS_PER_S + (uint64_t)time->ns;
    return true;
}

struct linux_timespec ns_to_timespec(uint64_t ns)
{
    return (struct linux_timespec){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S)};
}

struct linux_timeval ns_to_timeval(uint64_t ns)
{
    return (struct linux_timeval){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / NS_PER_US)};
}

uint64_t time_add(uint64_t a, uint64_t b)
{
    return a >= TIME_NS_MAX - MIN(b, TIME_NS_MAX) ? TIME_NS_MAX : a + b;
}

int get_user_timespec(uint64_t *ns, uaddr_t src)
{
    struct linux_timespec time;

    if (copy_from_user(&time, src, sizeof(time)))
        return -EFAULT;
    return timespec_to_ns(&time, ns) ? 0 : -EINVAL;
}

int put_user_timespec(uaddr_t dst, uint64_t ns)
{
    struct linux_timespec time = ns_to_timespec(ns);

    return copy_to_user(dst, &time, sizeof(time));
}

int clock_lookup(int clock, struct clock_ref *ref)
{
    *ref = (struct clock_ref){.kind = CLOCK_KIND_MONOTONIC};
    switch (clock) {
    case CLOCK_REALTIME_COARSE:
        ref->coarse = true;
        ref->kind = CLOCK_KIND_WALL;
        return 0;
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        ref->kind = CLOCK_KIND_WALL;
        return 0;
    case CLOCK_MONOTONIC_COARSE:
        ref->coarse = true;
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        ref->kind = CLOCK_KIND_PROCESS;
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        ref->kind = CLOCK_KIND_THREAD;
        return 0;
    default:
        break;
    }
    if (clock >= 0 || (clock & CPUCLOCK_KIND_MASK) == CPUCLOCK_KIND_MASK)
        return -EINVAL;
    ref->kind = clock & CPUCLOCK_PER_THREAD ? CLOCK_KIND_THREAD : CLOCK_KIND_PROCESS;
    ref->user_only = (clock & CPUCLOCK_KIND_MASK) == CPUCLOCK_VIRT;
    ref->id = ~(clock >> 3);
    return 0;
}

/* A thread of that process; others' threads have no clock for it. */
static int read_thread(struct process *process, const struct clock_ref *ref, uint64_t *user_ns,
                       uint64_t *system_ns)
{
    int error = -EINVAL;

    if (ref->id == 0) {
        thread_cpu_times(current_thread(), user_ns, system_ns);
        return 0;
    }
    spin_lock(&process_table_lock);
    struct task *task = task_find_locked(ref->id);
    if (task && task->process == process) {
        thread_cpu_times(task->thread, user_ns, system_ns);
        error = 0;
    }
    spin_unlock(&process_table_lock);
    return error;
}

static int read_process(struct process *process, const struct clock_ref *ref, uint64_t *user_ns,
                        uint64_t *system_ns)
{
    if (ref->id == 0) {
        process_cpu_times(process, user_ns, system_ns);
        return 0;
    }
    process = process_find(ref->id);
    if (!process)
        return -EINVAL;
    process_cpu_times(process, user_ns, system_ns);
    process_put(process);
    return 0;
}

int clock_read_for(struct process *process, const struct clock_ref *ref, uint64_t *ns)
{
    uint64_t user_ns = 0, system_ns = 0;
    int error = 0;

    if (ref->user_only)
        process_split_times();
    switch (ref->kind) {
    case CLOCK_KIND_MONOTONIC:
        *ns = clock_ns();
        return 0;
    case CLOCK_KIND_WALL:
        *ns = clock_wall_ns();
        return 0;
    case CLOCK_KIND_THREAD:
        error = read_thread(process, ref, &user_ns, &system_ns);
        break;
    case CLOCK_KIND_PROCESS:
        error = read_process(process, ref, &user_ns, &system_ns);
        break;
    }
    *ns = ref->user_only ? user_ns : user_ns + system_ns;
    return error;
}

int clock_read(const struct clock_ref *ref, uint64_t *ns)
{
    return clock_read_for(current_process(), ref, ns);
}
