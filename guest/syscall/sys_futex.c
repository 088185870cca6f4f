/* SPDX-License-Identifier: BSD-2-Clause */
/* futex(2): sorts out operation, clock and timeout for sched/futex.c. */
#include "sched/futex.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/time_util.h"

/* A wait with a timeout that a signal interrupted goes on to the same deadline. */
static int64_t restart_wait(struct task *task)
{
    const uint64_t *args = task->restart_args;

    int64_t result = futex_wait(UADDR(args[0]), args[1], (uint32_t)args[2],
                                task->restart_deadline_ns, (uint32_t)args[3]);
    return result == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : result;
}

static int64_t wait(uaddr_t address, bool shared, uint32_t expected, uint64_t deadline_ns,
                    uint32_t bitset)
{
    int64_t result = futex_wait(address, shared, expected, deadline_ns, bitset);

    if (result != -ERESTARTSYS || deadline_ns == WAIT_FOREVER)
        return result;
    struct task *task = current_task();
    task->restart = restart_wait;
    task->restart_deadline_ns = deadline_ns;
    task->restart_args[0] = address.raw;
    task->restart_args[1] = shared;
    task->restart_args[2] = expected;
    task->restart_args[3] = bitset;
    return -ERESTART_RESTARTBLOCK;
}

/* FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's absolute on the clock it names. */
static int get_deadline(uaddr_t timeout, bool absolute, bool wall, uint64_t *deadline_ns)
{
    const struct clock_ref ref = {.kind = wall ? CLOCK_KIND_WALL : CLOCK_KIND_MONOTONIC};
    uint64_t ns;

    *deadline_ns = WAIT_FOREVER;
    if (!timeout.raw)
        return 0;
    int error = get_user_timespec(&ns, timeout);
    if (!error)
        *deadline_ns = absolute ? clock_to_monotonic(&ref, ns) : time_add(clock_ns(), ns);
    return error;
}

int64_t sys_futex(const struct syscall_args *args)
{
    uaddr_t address = UADDR(args->arg[0]), second = UADDR(args->arg[4]);
    uint32_t op = (uint32_t)args->arg[1], value = (uint32_t)args->arg[2];
    uint32_t value2 = (uint32_t)args->arg[3], value3 = (uint32_t)args->arg[5];
    uint32_t command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool shared = !(op & FUTEX_PRIVATE_FLAG), wall = op & FUTEX_CLOCK_REALTIME;
    uint64_t deadline;
    int error;

    if (wall && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT)
        return -ENOSYS;
    /* Counts of waiters are signed in Linux; -1 means all. */
    bool counts_are_bad = (int32_t)value < 0 || (int32_t)value2 < 0;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        error = get_deadline(UADDR(args->arg[3]), command == FUTEX_WAIT_BITSET, wall, &deadline);
        if (error)
            return error;
        return wait(address, shared, value, deadline,
                    command == FUTEX_WAIT_BITSET ? value3 : UINT32_MAX);
    case FUTEX_WAKE:
        return futex_wake(address, shared, MAX(value, 1u), UINT32_MAX);
    case FUTEX_WAKE_BITSET:
        return futex_wake(address, shared, MAX(value, 1u), value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        if (counts_are_bad)
            return -EINVAL;
        return futex_requeue(address, second, shared, value, value2, command == FUTEX_CMP_REQUEUE,
                             value3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(address, second, shared, MAX(value, 1u), MAX(value2, 1u), value3);
    default:
        return -ENOSYS;
    }
}
