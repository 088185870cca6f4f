/* SPDX-License-Identifier: BSD-2-Clause */
/* timer_create(2) and its family, setitimer(2), alarm(2). */
#include "lib/errno.h"
#include "lib/string.h"
#include "syscall/dispatch.h"
#include "syscall/proc_timer.h"

/* ---- POSIX timers ---- */

static bool thread_is_ours(int tid)
{
    spin_lock(&process_table_lock);
    const struct task *task = task_find_locked(tid);
    bool ours = task && task->process == current_process();
    spin_unlock(&process_table_lock);
    return ours;
}

static int setup_notification(uaddr_t user, struct proc_timer_setup *setup)
{
    struct linux_sigevent event;

    if (!user.raw) {
        setup->notify = SIGEV_SIGNAL;
        setup->signo = SIGALRM;
        setup->value_is_id = true;
        return 0;
    }
    if (copy_from_user(&event, user, sizeof(event)))
        return -EFAULT;
    if (event.notify != SIGEV_SIGNAL && event.notify != SIGEV_NONE &&
        event.notify != SIGEV_THREAD && event.notify != SIGEV_THREAD_ID)
        return -EINVAL;
    if (event.notify != SIGEV_NONE && (event.signo < 1 || event.signo > NSIG))
        return -EINVAL;
    if (event.notify == SIGEV_THREAD_ID && !thread_is_ours(event.thread_id))
        return -EINVAL;
    setup->notify = event.notify;
    setup->signo = event.signo;
    setup->thread_id = event.thread_id;
    setup->value = event.value;
    return 0;
}

int64_t sys_timer_create(const struct syscall_args *args)
{
    struct proc_timer_setup setup = {0};
    uint64_t now;

    int error = clock_lookup((int)args->arg[0], &setup.clock);
    if (!error)
        error = clock_read(&setup.clock, &now);
    if (error)
        return error;
    if (setup.clock.coarse || (int)args->arg[0] == CLOCK_MONOTONIC_RAW)
        return -EOPNOTSUPP;
    if (setup.clock.kind == CLOCK_KIND_THREAD && setup.clock.id == 0)
        setup.clock.id = current_task()->tid;
    error = setup_notification(UADDR(args->arg[1]), &setup);
    if (error)
        return error;
    int id = proc_timer_create(&setup);
    if (id < 0)
        return id;
    if (put_user_u32(UADDR(args->arg[2]), (uint32_t)id)) {
        proc_timer_delete(id);
        return -EFAULT;
    }
    return 0;
}

static int put_itimerspec(uaddr_t dst, const struct proc_timer_state *state)
{
    struct linux_itimerspec spec = {ns_to_timespec(state->interval_ns),
                                    ns_to_timespec(state->left_ns)};

    return copy_to_user(dst, &spec, sizeof(spec)) ? -EFAULT : 0;
}

int64_t sys_timer_settime(const struct syscall_args *args)
{
    struct linux_itimerspec spec;
    struct proc_timer_state old;
    uint64_t value, interval;

    if (!args->arg[2])
        return -EINVAL;
    if (copy_from_user(&spec, UADDR(args->arg[2]), sizeof(spec)))
        return -EFAULT;
    if (!timespec_to_ns(&spec.value, &value) || !timespec_to_ns(&spec.interval, &interval))
        return -EINVAL;
    if ((int)args->arg[0] < 0)
        return -EINVAL;
    int error =
        proc_timer_set((int)args->arg[0], args->arg[1] & TIMER_ABSTIME, value, interval, &old);
    if (error || !args->arg[3])
        return error;
    return put_itimerspec(UADDR(args->arg[3]), &old);
}

int64_t sys_timer_gettime(const struct syscall_args *args)
{
    struct proc_timer_state state;

    if ((int)args->arg[0] < 0 || proc_timer_get((int)args->arg[0], &state))
        return -EINVAL;
    return put_itimerspec(UADDR(args->arg[1]), &state);
}

int64_t sys_timer_getoverrun(const struct syscall_args *args)
{
    return (int)args->arg[0] < 0 ? -EINVAL : proc_timer_overrun((int)args->arg[0]);
}

int64_t sys_timer_delete(const struct syscall_args *args)
{
    return (int)args->arg[0] < 0 ? -EINVAL : proc_timer_delete((int)args->arg[0]);
}

/* ---- interval timers ---- */

static int itimer_set(int which, uint64_t value, uint64_t interval, struct proc_timer_state *old)
{
    static const struct {
        int signo;
        struct clock_ref clock;
    } kinds[] = {
        [ITIMER_REAL] = {SIGALRM, {.kind = CLOCK_KIND_MONOTONIC}},
        [ITIMER_VIRTUAL] = {SIGVTALRM, {.kind = CLOCK_KIND_PROCESS, .user_only = true}},
        [ITIMER_PROF] = {SIGPROF, {.kind = CLOCK_KIND_PROCESS}},
    };
    int id = PROC_TIMER_ID_ITIMER(which);

    *old = (struct proc_timer_state){0, 0};
    if (!proc_timer_set(id, false, value, interval, old))
        return 0;
    if (value == 0)
        return 0; /* never used: nothing to disarm */
    struct proc_timer_setup setup = {
        .id = id, .clock = kinds[which].clock, .notify = SIGEV_SIGNAL, .signo = kinds[which].signo};
    int result = proc_timer_create(&setup);
    if (result == -EAGAIN)
        return -ENOMEM;
    /* Or another thread has just made it: then it is as good. */
    return proc_timer_set(id, false, value, interval, old);
}

static bool timeval_to_ns(const struct linux_timeval *time, uint64_t *ns)
{
    if (time->us < 0 || time->us >= (int64_t)US_PER_S)
        return false;
    struct linux_timespec exact = {time->seconds, time->us * (int64_t)NS_PER_US};
    return timespec_to_ns(&exact, ns);
}

/* A time left never reads as 0, which would mean disarmed. */
static struct linux_timeval left_to_timeval(uint64_t ns)
{
    return ns_to_timeval(ns ? MAX(ns, NS_PER_US) : 0);
}

static int put_itimerval(uaddr_t dst, const struct proc_timer_state *state)
{
    struct linux_itimerval value = {ns_to_timeval(state->interval_ns),
                                    left_to_timeval(state->left_ns)};

    return copy_to_user(dst, &value, sizeof(value)) ? -EFAULT : 0;
}

int64_t sys_setitimer(const struct syscall_args *args)
{
    struct linux_itimerval new_value = {{0, 0}, {0, 0}};
    struct proc_timer_state old;
    uint64_t value, interval;
    int which = (int)args->arg[0];

    if (args->arg[1] && copy_from_user(&new_value, UADDR(args->arg[1]), sizeof(new_value)))
        return -EFAULT;
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    if (!timeval_to_ns(&new_value.value, &value) || !timeval_to_ns(&new_value.interval, &interval))
        return -EINVAL;
    int error = itimer_set(which, value, interval, &old);
    if (error || !args->arg[2])
        return error;
    return put_itimerval(UADDR(args->arg[2]), &old);
}

int64_t sys_getitimer(const struct syscall_args *args)
{
    struct proc_timer_state state = {0, 0};
    int which = (int)args->arg[0];

    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    proc_timer_get(PROC_TIMER_ID_ITIMER(which), &state); /* never used: zero */
    return put_itimerval(UADDR(args->arg[1]), &state);
}

int64_t sys_alarm(const struct syscall_args *args)
{
    struct proc_timer_state old;

    int error = itimer_set(ITIMER_REAL, (uint32_t)args->arg[0] * NS_PER_S, 0, &old);
    if (error)
        return error;
    /* Rounded to the nearest second, but not to 0. */
    uint64_t seconds = (old.left_ns + NS_PER_S / 2) / NS_PER_S;
    return (int64_t)(old.left_ns && !seconds ? 1 : seconds);
}
