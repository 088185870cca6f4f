/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched(7): policies and priorities are kept as numbers that programs read back;
 * everybody is scheduled round robin.  Affinity is real.
 */
#include "arch/smp.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/vma.h"
#include "proc/process.h"
#include "sched/cpus.h"
#include "syscall/dispatch.h"
#include "syscall/time_util.h"

#define ROUND_ROBIN_NS 100000000ul /* what Linux says of SCHED_RR */
#define SLICE_OTHER_NS 3000000ul

int64_t sys_sched_yield(const struct syscall_args *args)
{
    (void)args;
    sched_yield_current();
    return 0;
}

/* The task (0: the caller) with process_table_lock held, or NULL and nothing held. */
static struct task *lock_task(int tid)
{
    spin_lock(&process_table_lock);
    struct task *task = tid == 0 ? current_task() : task_find_locked(tid);
    if (!task)
        spin_unlock(&process_table_lock);
    return task;
}

/* process_table_lock held */
static bool may_change(const struct task *task)
{
    const struct credentials *mine = &current_task()->cred;

    return task_capable(CAP_SYS_NICE) || mine->euid == task->cred.euid ||
           mine->euid == task->cred.uid;
}

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_is_valid(int policy)
{
    return policy == SCHED_OTHER || is_realtime(policy) || policy == SCHED_BATCH ||
           policy == SCHED_IDLE;
}

/* sched(7): the unprivileged stay within RLIMIT_RTPRIO, below what they have, and do not
 * drop reset-on-fork. */
static bool needs_privilege(const struct task *task, int policy, int flags, int priority)
{
    const struct thread *thread = task->thread;
    int limit = (int)MIN(task->process->rlimits[RLIMIT_RTPRIO].soft, (uint64_t)SCHED_PRIORITY_MAX);

    if (policy == SCHED_DEADLINE || ((thread->policy & SCHED_RESET_ON_FORK) && !flags))
        return true;
    if (!is_realtime(policy))
        return false;
    return (policy != (thread->policy & ~SCHED_RESET_ON_FORK) && limit == 0) ||
           (priority > thread->rt_priority && priority > limit);
}

/* What sched_setattr(2) wants of SCHED_DEADLINE; a period of 0 is the deadline. */
static bool deadline_is_valid(const struct linux_sched_attr *attr)
{
    const uint64_t runtime_min = 1024, period_min = 100000, period_max = 1ul << 42;
    uint64_t period = attr->period ? attr->period : attr->deadline;

    return attr->deadline && attr->runtime >= runtime_min && attr->runtime <= attr->deadline &&
           attr->deadline <= period && period >= period_min && period <= period_max;
}

/* policy may have SCHED_RESET_ON_FORK.  attr: for SCHED_DEADLINE, and its nice; or NULL. */
static int set_policy(int tid, int policy, int priority, const struct linux_sched_attr *attr)
{
    int flags = policy & SCHED_RESET_ON_FORK, wanted = policy & ~SCHED_RESET_ON_FORK, error = 0;
    bool deadline = wanted == SCHED_DEADLINE;

    if (tid < 0)
        return -EINVAL;
    struct task *task = lock_task(tid);
    if (!task)
        return -ESRCH;
    struct thread *thread = task->thread;
    if (deadline ? !attr || !deadline_is_valid(attr) || priority : !policy_is_valid(wanted)) {
        error = -EINVAL;
    } else if (is_realtime(wanted) ? priority < 1 || priority > SCHED_PRIORITY_MAX
                                   : priority != 0) {
        error = -EINVAL;
    } else if (!may_change(task) ||
               (needs_privilege(task, wanted, flags, priority) && !task_capable(CAP_SYS_NICE))) {
        error = -EPERM;
    } else {
        thread->policy = policy;
        thread->rt_priority = priority;
        if (attr && !deadline && !is_realtime(wanted))
            thread->nice = MIN(MAX(attr->nice, -20), 19);
        if (deadline) {
            task->sched_deadline.runtime_ns = attr->runtime;
            task->sched_deadline.deadline_ns = attr->deadline;
            task->sched_deadline.period_ns = attr->period ? attr->period : attr->deadline;
        }
    }
    spin_unlock(&process_table_lock);
    return error;
}

struct policy_numbers {
    int policy, priority, nice;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

static int policy_of_zombie(int pid, struct policy_numbers *numbers)
{
    struct process *process = process_find(pid);

    if (!process)
        return -ESRCH;
    *numbers = (struct policy_numbers){.policy = process->last_policy,
                                       .priority = process->last_rt_priority,
                                       .nice = process->last_nice};
    process_put(process);
    return 0;
}

static int get_policy(int tid, struct policy_numbers *numbers)
{
    if (tid < 0)
        return -EINVAL;
    const struct task *task = lock_task(tid);
    if (!task)
        return policy_of_zombie(tid, numbers);
    *numbers = (struct policy_numbers){task->thread->policy,
                                       task->thread->rt_priority,
                                       task->thread->nice,
                                       task->sched_deadline.runtime_ns,
                                       task->sched_deadline.deadline_ns,
                                       task->sched_deadline.period_ns};
    spin_unlock(&process_table_lock);
    return 0;
}

int64_t sys_sched_setparam(const struct syscall_args *args)
{
    uint32_t priority;
    struct policy_numbers now = {0};

    if (!args->arg[1] || (int)args->arg[0] < 0)
        return -EINVAL;
    if (get_user_u32(&priority, UADDR(args->arg[1])))
        return -EFAULT;
    int error = get_policy((int)args->arg[0], &now);
    return error ? error : set_policy((int)args->arg[0], now.policy, (int)priority, NULL);
}

int64_t sys_sched_getparam(const struct syscall_args *args)
{
    struct policy_numbers numbers;

    if (!args->arg[1])
        return -EINVAL;
    int error = get_policy((int)args->arg[0], &numbers);
    if (error)
        return error;
    return put_user_u32(UADDR(args->arg[1]), (uint32_t)numbers.priority) ? -EFAULT : 0;
}

int64_t sys_sched_setscheduler(const struct syscall_args *args)
{
    uint32_t priority;

    if (!args->arg[2] || (int)args->arg[0] < 0 || (int)args->arg[1] < 0)
        return -EINVAL;
    if (get_user_u32(&priority, UADDR(args->arg[2])))
        return -EFAULT;
    return set_policy((int)args->arg[0], (int)args->arg[1], (int)priority, NULL);
}

int64_t sys_sched_getscheduler(const struct syscall_args *args)
{
    struct policy_numbers numbers;

    int error = get_policy((int)args->arg[0], &numbers);
    return error ? error : numbers.policy;
}

int64_t sys_sched_get_priority_max(const struct syscall_args *args)
{
    int policy = (int)args->arg[0];

    if (is_realtime(policy))
        return SCHED_PRIORITY_MAX;
    return policy_is_valid(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t sys_sched_get_priority_min(const struct syscall_args *args)
{
    int policy = (int)args->arg[0];

    if (is_realtime(policy))
        return 1;
    return policy_is_valid(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t sys_sched_rr_get_interval(const struct syscall_args *args)
{
    struct policy_numbers numbers;

    int error = get_policy((int)args->arg[0], &numbers);
    if (error)
        return error;
    int policy = numbers.policy & ~SCHED_RESET_ON_FORK;
    uint64_t ns = policy == SCHED_RR ? ROUND_ROBIN_NS : policy == SCHED_FIFO ? 0 : SLICE_OTHER_NS;
    return put_user_timespec(UADDR(args->arg[1]), ns);
}

/* Fills in what the flags say is to stay. */
static int keep_present(int tid, struct linux_sched_attr *attr)
{
    struct policy_numbers now = {0};
    int error = 0;

    if (attr->flags & (SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS))
        error = get_policy(tid, &now);
    if (!error && (attr->flags & SCHED_FLAG_KEEP_POLICY))
        attr->policy = (uint32_t)(now.policy & ~SCHED_RESET_ON_FORK);
    if (!error && (attr->flags & SCHED_FLAG_KEEP_PARAMS)) {
        attr->priority = (uint32_t)now.priority;
        attr->nice = now.nice;
        attr->runtime = now.runtime_ns;
        attr->deadline = now.deadline_ns;
        attr->period = now.period_ns;
    }
    return error;
}

int64_t sys_sched_setattr(const struct syscall_args *args)
{
    struct linux_sched_attr attr = {0};
    uint32_t size;

    if (!args->arg[1] || (int)args->arg[0] < 0 || args->arg[2])
        return -EINVAL;
    if (get_user_u32(&size, UADDR(args->arg[1])))
        return -EFAULT;
    if (size == 0)
        size = SCHED_ATTR_SIZE_VER0;
    if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(&attr, UADDR(args->arg[1]), MIN((size_t)size, sizeof(attr))))
        return -EFAULT;
    if ((int)attr.policy < 0 && !(attr.flags & SCHED_FLAG_KEEP_POLICY))
        return -EINVAL;
    if (attr.flags & ~(uint64_t)(SCHED_FLAGS_KNOWN | SCHED_FLAGS_UTIL))
        return -EINVAL;
    if (attr.flags & SCHED_FLAGS_UTIL)
        return -EOPNOTSUPP;
    int error = keep_present((int)args->arg[0], &attr);
    if (error)
        return error;
    int policy =
        (int)attr.policy | (attr.flags & SCHED_FLAG_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0);
    return set_policy((int)args->arg[0], policy, (int)attr.priority, &attr);
}

int64_t sys_sched_getattr(const struct syscall_args *args)
{
    struct policy_numbers numbers;
    uint64_t size = (uint32_t)args->arg[2];

    if (!args->arg[1] || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE || args->arg[3])
        return -EINVAL;
    int error = get_policy((int)args->arg[0], &numbers);
    if (error)
        return error;
    bool deadline = (numbers.policy & ~SCHED_RESET_ON_FORK) == SCHED_DEADLINE;
    struct linux_sched_attr attr = {
        .runtime = deadline ? numbers.runtime_ns : 0,
        .deadline = deadline ? numbers.deadline_ns : 0,
        .period = deadline ? numbers.period_ns : 0,
        .size = (uint32_t)MIN(size, sizeof(attr)),
        .policy = (uint32_t)(numbers.policy & ~SCHED_RESET_ON_FORK),
        .flags = numbers.policy & SCHED_RESET_ON_FORK ? SCHED_FLAG_RESET_ON_FORK : 0,
        .nice = numbers.nice,
        .priority = (uint32_t)numbers.priority,
        .util_max = 1024,
    };
    return copy_to_user(UADDR(args->arg[1]), &attr, attr.size) ? -EFAULT : 0;
}

/* ---- CPUs ---- */

static uint64_t present_cpus(void)
{
    return UINT64_MAX >> (64 - smp_cpu_count());
}

int64_t sys_sched_setaffinity(const struct syscall_args *args)
{
    size_t size = MIN(args->arg[1], sizeof(uint64_t));
    uint64_t mask = 0;
    int error;

    if (copy_from_user(&mask, UADDR(args->arg[2]), size))
        return -EFAULT;
    if ((int)args->arg[0] < 0)
        return -ESRCH;
    if (smp_cpu_count() > 1)
        cpus_wait_all(); /* on which CPUs may it run? */
    struct task *task = lock_task((int)args->arg[0]);
    if (!task)
        return -ESRCH;
    struct thread *thread = task->thread;
    error = may_change(task) ? 0 : -EPERM;
    thread_get(thread);
    spin_unlock(&process_table_lock);
    if (!error)
        error = thread_set_affinity(thread, mask & present_cpus());
    thread_put(thread);
    return error;
}

int64_t sys_sched_getaffinity(const struct syscall_args *args)
{
    uint64_t mask;

    if (args->arg[1] * 8 < smp_cpu_count() || args->arg[1] % sizeof(mask))
        return -EINVAL;
    if ((int)args->arg[0] < 0)
        return -ESRCH;
    const struct task *task = lock_task((int)args->arg[0]);
    if (!task)
        return -ESRCH;
    mask = task->thread->affinity & present_cpus();
    spin_unlock(&process_table_lock);
    if (copy_to_user(UADDR(args->arg[2]), &mask, sizeof(mask)))
        return -EFAULT;
    return sizeof(mask);
}

/* ---- membarrier(2) ---- */

/*
 * Every CPU that runs a thread of ours has passed a full barrier and a serializing
 * instruction (the IRET of the interrupt) when the shootdown has been acknowledged.
 */
static void barrier_everywhere(void)
{
    struct mm *mm = current_mm();

    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&cpus_online) > 1)
        tlb_flush_range(mm, 0, PAGE_SIZE);
}

int64_t sys_membarrier(const struct syscall_args *args)
{
    const uint32_t supported =
        MEMBARRIER_GLOBAL | MEMBARRIER_GLOBAL_EXPEDITED | MEMBARRIER_REGISTER_GLOBAL_EXPEDITED |
        MEMBARRIER_PRIVATE_EXPEDITED | MEMBARRIER_REGISTER_PRIVATE_EXPEDITED |
        MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    atomic_uint *registered = &current_process()->membarrier;
    uint32_t command = (uint32_t)args->arg[0];

    if (args->arg[1])
        return -EINVAL;
    switch (command) {
    case 0:
        return supported;
    case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
    case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        atomic_fetch_or(registered, command);
        return 0;
    case MEMBARRIER_PRIVATE_EXPEDITED:
    case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
        if (!(atomic_load(registered) & command << 1))
            return -EPERM;
        barrier_everywhere();
        return 0;
    case MEMBARRIER_GLOBAL:
    case MEMBARRIER_GLOBAL_EXPEDITED:
        barrier_everywhere();
        return 0;
    default:
        return -EINVAL;
    }
}
