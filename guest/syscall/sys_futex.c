/* SPDX-License-Identifier: BSD-2-Clause */
/* futex(2), futex_waitv(2): operation, clock and timeout for sched/futex.h and proc/futex_pi.h. */
#include "sched/futex.h"

#include "arch/clock.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/futex_pi.h"
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

/* FUTEX_WAIT's timeout is relative, all others' absolute on the clock they name. */
static int get_deadline(uaddr_t timeout, bool absolute, bool wall, uint64_t *deadline_ns)
{
    uint64_t ns;

    *deadline_ns = WAIT_FOREVER;
    if (!timeout.raw)
        return 0;
    int error = get_user_timespec(&ns, timeout);
    if (!error)
        *deadline_ns = !absolute ? time_add(clock_ns(), ns) : wall ? ns | WAIT_WALL : ns;
    return error;
}

static bool takes_clock(uint32_t command)
{
    return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI ||
           command == FUTEX_LOCK_PI2;
}

/* The operations that wait: value3 is the set of bits. */
static int64_t waiting(const struct syscall_args *args, uint32_t command, bool shared, bool wall)
{
    uaddr_t address = UADDR(args->arg[0]);
    uint32_t value = (uint32_t)args->arg[2], value3 = (uint32_t)args->arg[5];
    uint64_t deadline;

    wall |= command == FUTEX_LOCK_PI;
    int error = get_deadline(UADDR(args->arg[3]), command != FUTEX_WAIT, wall, &deadline);
    if (error)
        return error;
    switch (command) {
    case FUTEX_WAIT:
        return wait(address, shared, value, deadline, UINT32_MAX);
    case FUTEX_WAIT_BITSET:
        return wait(address, shared, value, deadline, value3);
    case FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(address, UADDR(args->arg[4]), shared, value, deadline);
    default:
        return futex_lock_pi(address, shared, deadline, false);
    }
}

static int64_t requeueing(const struct syscall_args *args, uint32_t command, bool shared)
{
    uaddr_t from = UADDR(args->arg[0]), to = UADDR(args->arg[4]);
    uint32_t wake = (uint32_t)args->arg[2], count = (uint32_t)args->arg[3];
    uint32_t expected = (uint32_t)args->arg[5];

    /* Counts of waiters are signed in Linux. */
    if ((int32_t)wake < 0 || (int32_t)count < 0)
        return -EINVAL;
    if (command != FUTEX_CMP_REQUEUE_PI)
        return futex_requeue(from, to, shared, wake, count, command == FUTEX_CMP_REQUEUE, expected);
    return wake == 1 ? futex_requeue_pi(from, to, shared, count, expected) : -EINVAL;
}

int64_t sys_futex(const struct syscall_args *args)
{
    uaddr_t address = UADDR(args->arg[0]), second = UADDR(args->arg[4]);
    uint32_t op = (uint32_t)args->arg[1], value = (uint32_t)args->arg[2];
    uint32_t value2 = (uint32_t)args->arg[3], value3 = (uint32_t)args->arg[5];
    uint32_t command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool shared = !(op & FUTEX_PRIVATE_FLAG), wall = op & FUTEX_CLOCK_REALTIME;

    if (wall && !takes_clock(command))
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return waiting(args, command, shared, wall);
    case FUTEX_WAKE:
        return futex_wake(address, shared, MAX(value, 1u), UINT32_MAX);
    case FUTEX_WAKE_BITSET:
        return futex_wake(address, shared, MAX(value, 1u), value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
        return requeueing(args, command, shared);
    case FUTEX_WAKE_OP:
        return futex_wake_op(address, second, shared, MAX(value, 1u), MAX(value2, 1u), value3);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(address, shared);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(address, shared, WAIT_FOREVER, true);
    default:
        return -ENOSYS;
    }
}

static int get_words(uaddr_t user, unsigned int count, struct futex_word *words)
{
    for (unsigned int i = 0; i < count; i++) {
        struct linux_futex_waitv one;

        if (copy_from_user(&one, UADDR(user.raw + i * sizeof(one)), sizeof(one)))
            return -EFAULT;
        if ((one.flags & ~FUTEX_PRIVATE_FLAG) != FUTEX2_SIZE_U32 || one.reserved)
            return -EINVAL;
        words[i] = (struct futex_word){UADDR(one.address), (uint32_t)one.value,
                                       !(one.flags & FUTEX_PRIVATE_FLAG)};
    }
    return 0;
}

int64_t sys_futex_waitv(const struct syscall_args *args)
{
    uint32_t count = (uint32_t)args->arg[1];
    int clock = (int)args->arg[4];
    uint64_t deadline;

    if (args->arg[2] || count == 0 || count > FUTEX_WAITV_MAX || !args->arg[0])
        return -EINVAL;
    if (args->arg[3] && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return -EINVAL;
    int64_t result = get_deadline(UADDR(args->arg[3]), true, clock == CLOCK_REALTIME, &deadline);
    if (result)
        return result;
    struct futex_word *words = kmalloc(count * sizeof(*words));
    if (!words)
        return -ENOMEM;
    result = get_words(UADDR(args->arg[0]), count, words);
    if (!result)
        result = futex_wait_any(words, count, deadline);
    kfree(words);
    return result;
}
