/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that read and set clocks, and that sleep. */
#include "arch/clock.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/time_util.h"

/* ---- reading ---- */

int64_t sys_clock_gettime(const struct syscall_args *args)
{
    struct clock_ref ref;
    uint64_t ns;

    int error = clock_lookup((int)args->arg[0], &ref);
    if (!error)
        error = clock_read(&ref, &ns);
    return error ? error : put_user_timespec(UADDR(args->arg[1]), ns);
}

int64_t sys_clock_getres(const struct syscall_args *args)
{
    struct clock_ref ref;
    uint64_t ns;

    int error = clock_lookup((int)args->arg[0], &ref);
    if (!error)
        error = clock_read(&ref, &ns); /* does it exist? */
    if (error || !args->arg[1])
        return error;
    return put_user_timespec(UADDR(args->arg[1]), ref.coarse ? COARSE_RESOLUTION_NS : 1);
}

int64_t sys_gettimeofday(const struct syscall_args *args)
{
    struct linux_timeval now = ns_to_timeval(clock_wall_ns());
    struct linux_timezone zone = {0, 0};

    if (args->arg[0] && copy_to_user(UADDR(args->arg[0]), &now, sizeof(now)))
        return -EFAULT;
    if (args->arg[1] && copy_to_user(UADDR(args->arg[1]), &zone, sizeof(zone)))
        return -EFAULT;
    return 0;
}

int64_t sys_time(const struct syscall_args *args)
{
    uint64_t seconds = clock_wall_ns() / NS_PER_S;

    if (args->arg[0] && put_user_u64(UADDR(args->arg[0]), seconds))
        return -EFAULT;
    return (int64_t)seconds;
}

static int64_t to_user_hz(uint64_t ns)
{
    return (int64_t)(ns / (NS_PER_S / USER_HZ));
}

int64_t sys_times(const struct syscall_args *args)
{
    struct process *process = current_process();

    if (args->arg[0]) {
        uint64_t user_ns, system_ns;
        process_cpu_times(process, &user_ns, &system_ns);
        struct linux_tms tms = {to_user_hz(user_ns), to_user_hz(system_ns),
                                to_user_hz(process->child_user_ns),
                                to_user_hz(process->child_system_ns)};
        if (copy_to_user(UADDR(args->arg[0]), &tms, sizeof(tms)))
            return -EFAULT;
    }
    return to_user_hz(clock_ns());
}

/* ---- setting ---- */

static int set_wall(uint64_t ns)
{
    if (!task_capable(CAP_SYS_TIME))
        return -EPERM;
    /* CLOCK_MONOTONIC keeps its zero: the epoch cannot come after boot. */
    if (ns < clock_ns())
        return -EINVAL;
    clock_set_wall(ns);
    return 0;
}

int64_t sys_clock_settime(const struct syscall_args *args)
{
    uint64_t ns;
    struct clock_ref ref;

    int error = clock_lookup((int)args->arg[0], &ref);
    if (error || (int)args->arg[0] != CLOCK_REALTIME)
        return -EINVAL;
    error = get_user_timespec(&ns, UADDR(args->arg[1]));
    return error ? error : set_wall(ns);
}

int64_t sys_settimeofday(const struct syscall_args *args)
{
    struct linux_timeval time;
    struct linux_timezone zone;

    if (args->arg[0] && copy_from_user(&time, UADDR(args->arg[0]), sizeof(time)))
        return -EFAULT;
    if (args->arg[1] && copy_from_user(&zone, UADDR(args->arg[1]), sizeof(zone)))
        return -EFAULT;
    if (!args->arg[0])
        return task_capable(CAP_SYS_TIME) ? 0 : -EPERM;
    struct linux_timespec exact = {time.seconds, time.us * (int64_t)NS_PER_US};
    uint64_t ns;
    if (time.us < 0 || time.us >= (int64_t)US_PER_S || !timespec_to_ns(&exact, &ns))
        return -EINVAL;
    return set_wall(ns);
}

/* The clock is not disciplined here: its state can be read only. */
static int64_t adjtimex(uaddr_t user)
{
    struct linux_timex timex;

    if (copy_from_user(&timex, user, sizeof(timex)))
        return -EFAULT;
    if (timex.modes != 0 && timex.modes != ADJ_OFFSET_SS_READ)
        return -EPERM;
    timex = (struct linux_timex){
        .modes = timex.modes,
        .maxerror = TIMEX_MAXERROR_US,
        .esterror = TIMEX_MAXERROR_US,
        .status = STA_UNSYNC,
        .precision = 1,
        .tolerance = 32768000,
        .tick = TIMEX_TICK_US,
        .time = ns_to_timeval(clock_wall_ns()),
    };
    return copy_to_user(user, &timex, sizeof(timex)) ? -EFAULT : TIME_ERROR;
}

int64_t sys_adjtimex(const struct syscall_args *args)
{
    return adjtimex(UADDR(args->arg[0]));
}

int64_t sys_clock_adjtime(const struct syscall_args *args)
{
    struct clock_ref ref;

    if (clock_lookup((int)args->arg[0], &ref))
        return -EINVAL;
    if ((int)args->arg[0] != CLOCK_REALTIME)
        return -EOPNOTSUPP;
    return adjtimex(UADDR(args->arg[1]));
}

/* ---- sleeping ---- */

/* 0 at the deadline, or -ERESTARTSYS. */
static int sleep_until(uint64_t deadline_ns)
{
    int error;

    wait_prepare();
    do {
        error = wait_sleep(deadline_ns);
    } while (error == 0);
    return error == -ETIMEDOUT ? 0 : error;
}

static int64_t write_rest(uaddr_t rest, uint64_t deadline_ns)
{
    uint64_t now = clock_ns();

    if (rest.raw && put_user_timespec(rest, deadline_ns > now ? deadline_ns - now : 0))
        return -EFAULT;
    return -ERESTART_RESTARTBLOCK;
}

static int64_t restart_sleep(struct task *task)
{
    if (!sleep_until(task->restart_deadline_ns))
        return 0;
    return write_rest(UADDR(task->restart_args[0]), task->restart_deadline_ns);
}

static int64_t sleep_relative(uint64_t ns, uaddr_t rest)
{
    uint64_t deadline = time_add(clock_ns(), ns);

    if (!sleep_until(deadline))
        return 0;
    struct task *task = current_task();
    task->restart = restart_sleep;
    task->restart_deadline_ns = deadline;
    task->restart_args[0] = rest.raw;
    return write_rest(rest, deadline);
}

/* On a process's CPU clock: looks again at the earliest moment it can have come. */
static int64_t sleep_cpu(const struct clock_ref *ref, uint64_t target_ns)
{
    const uint64_t look_again_min_ns = 1000000;
    uint64_t now;

    for (;;) {
        int error = clock_read(ref, &now);
        if (error)
            return error;
        if (now >= target_ns)
            return 0;
        unsigned int cpus = atomic_load(&cpus_online);
        uint64_t pause = MAX((target_ns - now) / cpus, look_again_min_ns);
        if (sleep_until(time_add(clock_ns(), pause)))
            return -ERESTARTNOHAND;
    }
}

int64_t sys_nanosleep(const struct syscall_args *args)
{
    uint64_t ns;

    int error = get_user_timespec(&ns, UADDR(args->arg[0]));
    return error ? error : sleep_relative(ns, UADDR(args->arg[1]));
}

int64_t sys_clock_nanosleep(const struct syscall_args *args)
{
    bool absolute = args->arg[1] & TIMER_ABSTIME;
    struct clock_ref ref;
    uint64_t ns, now;

    int error = clock_lookup((int)args->arg[0], &ref);
    if (error)
        return error;
    if (ref.coarse || (int)args->arg[0] == CLOCK_MONOTONIC_RAW)
        return -EOPNOTSUPP;
    if (ref.kind == CLOCK_KIND_THREAD)
        return ref.id == 0 ? -EOPNOTSUPP : -EINVAL;
    error = get_user_timespec(&ns, UADDR(args->arg[2]));
    if (error)
        return error;
    if (ref.kind == CLOCK_KIND_PROCESS) {
        error = clock_read(&ref, &now);
        return error ? error : sleep_cpu(&ref, absolute ? ns : time_add(now, ns));
    }
    if (!absolute)
        return sleep_relative(ns, UADDR(args->arg[3]));
    if (ref.kind == CLOCK_KIND_WALL)
        ns = MIN(ns, TIME_NS_MAX - 1) | WAIT_WALL;
    return sleep_until(ns) ? -ERESTARTNOHAND : 0;
}
