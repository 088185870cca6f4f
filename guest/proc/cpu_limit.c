/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RLIMIT_CPU: SIGXCPU each second from the soft limit on, SIGKILL at the hard one.
 * A timer looks at the consumed time when it could have reached the limit, so a
 * process without a limit pays nothing.
 */
#include "arch/clock.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define NS_PER_SECOND 1000000000ul
#define CHECK_MIN_NS 4000000ul /* between two looks */
#define LIMIT_SECONDS_MAX (UINT64_MAX / NS_PER_SECOND / 4)

/* Consumed time at which something happens next; UINT64_MAX: never. */
static uint64_t next_limit_ns(const struct process *process, uint64_t used_ns)
{
    const struct rlimit64 *limit = &process->rlimits[RLIMIT_CPU];
    uint64_t soft = limit->soft, used = used_ns / NS_PER_SECOND;

    if (soft <= used) /* over it: each full second */
        soft = used + 1;
    uint64_t seconds = MIN(soft, limit->hard);
    return limit->soft == RLIM_INFINITY || seconds > LIMIT_SECONDS_MAX ? UINT64_MAX
                                                                       : seconds * NS_PER_SECOND;
}

/*
 * Limits change in several threads at once, of other processes too, while the timer looks
 * and the process ends: arm_lock makes them one after the other.
 */
static struct spinlock arm_lock = SPINLOCK_INIT(LOCK_RANK_ANY);

static void arm(struct process *process, uint64_t used_ns)
{
    spin_lock(&arm_lock);
    uint64_t limit = next_limit_ns(process, used_ns);
    if (limit == UINT64_MAX || process->cpu_limit_ended) {
        timer_try_cancel(&process->cpu_timer);
    } else {
        /* All CPUs may run its threads. */
        uint64_t wait = limit > used_ns ? (limit - used_ns) / atomic_load(&cpus_online) : 0;
        timer_arm(&process->cpu_timer, clock_ns() + MAX(wait, CHECK_MIN_NS));
    }
    spin_unlock(&arm_lock);
}

static void look(struct timer *timer)
{
    struct process *process = CONTAINER_OF(timer, struct process, cpu_timer);
    const struct rlimit64 *limit = &process->rlimits[RLIMIT_CPU];
    uint64_t user_ns, system_ns;

    process_cpu_times(process, &user_ns, &system_ns);
    uint64_t used_ns = user_ns + system_ns, used = used_ns / NS_PER_SECOND;
    if (used >= limit->hard) {
        signal_send_process(process, SIGKILL, NULL);
        return;
    }
    if (used >= limit->soft && used > process->cpu_signalled) {
        process->cpu_signalled = used;
        signal_send_process(process, SIGXCPU, NULL);
    }
    arm(process, used_ns);
}

void cpu_limit_init(struct process *process)
{
    timer_init(&process->cpu_timer, look);
}

void process_cpu_limit_changed(struct process *process)
{
    uint64_t user_ns, system_ns;

    process_cpu_times(process, &user_ns, &system_ns);
    arm(process, user_ns + system_ns);
}

void cpu_limit_end(struct process *process)
{
    spin_lock(&arm_lock);
    process->cpu_limit_ended = true; /* a zombie's limit may still be changed */
    spin_unlock(&arm_lock);
    timer_cancel(&process->cpu_timer);
}
