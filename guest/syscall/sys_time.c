/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that read and set clocks, and that sleep. */
#include "arch/clock.h"
#include "fs/timerfd.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/proc_timer.h"
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
        process_split_times();
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

/* Sets the clock and moves everything that waits for a time of it. */
static void step_wall(uint64_t ns)
{
    static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_ANY);

    spin_lock(&lock);
    uint64_t before = clock_params.wall_base_ns;
    clock_set_wall(ns);
    int64_t shift = (int64_t)(before - clock_params.wall_base_ns);
    spin_unlock(&lock);
    wait_clock_was_set();
    proc_timers_clock_was_set(shift);
    timerfds_clock_was_set(shift);
}

static int set_wall(uint64_t ns)
{
    if (!task_capable(CAP_SYS_TIME))
        return -EPERM;
    /* CLOCK_MONOTONIC keeps its zero: the epoch cannot come after boot. */
    if (ns < clock_ns())
        return -EINVAL;
    step_wall(ns);
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

/*
 * adjtimex(2).  The TSC's rate and the wall clock come from the host, which disciplines its
 * own: frequency, tick, phase and TAI offset are kept as numbers, a step is made.
 */
static struct spinlock timex_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct linux_timex timex_state = {
    .maxerror = TIMEX_MAXERROR_US,
    .esterror = TIMEX_MAXERROR_US,
    .status = STA_UNSYNC,
    .constant = 2,
    .precision = 1,
    .tolerance = TIMEX_FREQUENCY_MAX,
    .tick = TIMEX_TICK_US,
};
static int64_t timex_slew_us; /* adjtime(3): what was asked for last */

static int check_timex(const struct linux_timex *timex)
{
    bool privileged = task_capable(CAP_SYS_TIME);

    if (timex->modes & ADJ_ADJTIME) {
        if (!(timex->modes & ADJ_OFFSET_SINGLESHOT))
            return -EINVAL;
        return privileged || (timex->modes & ADJ_OFFSET_READONLY) ? 0 : -EPERM;
    }
    if (timex->modes && !privileged)
        return -EPERM;
    if ((timex->modes & ADJ_TICK) &&
        (timex->tick < 900000 / (int64_t)USER_HZ || timex->tick > 1100000 / (int64_t)USER_HZ))
        return -EINVAL;
    int64_t limit = timex->modes & ADJ_NANO ? (int64_t)NS_PER_S : (int64_t)US_PER_S;
    if ((timex->modes & ADJ_SETOFFSET) && (timex->time.us < 0 || timex->time.us >= limit))
        return -EINVAL;
    const int64_t frequency_max = INT64_MAX / 65536000;
    if ((timex->modes & ADJ_FREQUENCY) &&
        (timex->freq > frequency_max || timex->freq < -frequency_max))
        return -EINVAL;
    return 0;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return MIN(MAX(value, low), high);
}

/* timex_lock held */
static void keep_timex(const struct linux_timex *timex)
{
    struct linux_timex *state = &timex_state;
    uint32_t modes = timex->modes;

    if (modes & ADJ_STATUS)
        state->status = (timex->status & ~STA_RONLY) | (state->status & STA_RONLY);
    if (modes & ADJ_NANO)
        state->status |= STA_NANO;
    if (modes & ADJ_MICRO)
        state->status &= ~STA_NANO;
    if (modes & ADJ_FREQUENCY)
        state->freq = clamp(timex->freq, -TIMEX_FREQUENCY_MAX, TIMEX_FREQUENCY_MAX);
    if (modes & ADJ_MAXERROR)
        state->maxerror = clamp(timex->maxerror, 0, TIMEX_MAXERROR_US);
    if (modes & ADJ_ESTERROR)
        state->esterror = clamp(timex->esterror, 0, TIMEX_MAXERROR_US);
    if (modes & ADJ_TIMECONST)
        state->constant =
            clamp(timex->constant + (state->status & STA_NANO ? 0 : 4), 0, TIMEX_CONSTANT_MAX);
    if ((modes & ADJ_TAI) && timex->constant >= 0 && timex->constant <= TIMEX_TAI_MAX)
        state->tai = (int32_t)timex->constant;
    if ((modes & ADJ_OFFSET) && (state->status & STA_PLL)) {
        int64_t unit = state->status & STA_NANO ? 1 : (int64_t)NS_PER_US;
        state->offset = clamp(timex->offset, -TIMEX_PHASE_MAX_NS / unit, TIMEX_PHASE_MAX_NS / unit);
    }
    if (modes & ADJ_TICK)
        state->tick = timex->tick;
}

static int64_t adjtimex(uaddr_t user)
{
    struct linux_timex timex;

    if (copy_from_user(&timex, user, sizeof(timex)))
        return -EFAULT;
    int error = check_timex(&timex);
    if (error)
        return error;
    uint32_t modes = timex.modes;
    bool slew = modes & ADJ_ADJTIME;
    if (!slew && (modes & ADJ_SETOFFSET)) {
        int64_t part = timex.time.us * (modes & ADJ_NANO ? 1 : (int64_t)NS_PER_US);
        int64_t step;
        if (__builtin_mul_overflow(timex.time.seconds, (int64_t)NS_PER_S, &step) ||
            __builtin_add_overflow(step, part, &step) ||
            __builtin_add_overflow(step, (int64_t)clock_wall_ns(), &step) || step < 0)
            return -EINVAL;
        error = set_wall((uint64_t)step);
        if (error)
            return error;
    }
    spin_lock(&timex_lock);
    int64_t asked = timex.offset;
    if (!slew)
        keep_timex(&timex);
    timex = timex_state;
    if (slew) {
        timex.offset = timex_slew_us;
        if (!(modes & ADJ_OFFSET_READONLY))
            timex_slew_us = asked;
    }
    spin_unlock(&timex_lock);
    timex.modes = modes;
    uint64_t now = clock_wall_ns();
    timex.time = ns_to_timeval(now);
    if (timex.status & STA_NANO)
        timex.time.us = (int64_t)(now % NS_PER_S);
    if (copy_to_user(user, &timex, sizeof(timex)))
        return -EFAULT;
    return timex.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : 0;
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
