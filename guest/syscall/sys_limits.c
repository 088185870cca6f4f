/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on limits and usage: getrlimit(2), prlimit(2), getrusage(2). */
#include "lib/errno.h"
#include "lib/settings.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "mm/vma.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

#define CAP_SYS_RESOURCE 24

/* The limits that others enforce learn of a change. */
static void apply_locked(struct process *process, uint32_t resource)
{
    LIST_FOR_EACH(it, &process->tasks)
    {
        struct mm *mm = LIST_ENTRY(it, struct task, group_link)->thread->mm;

        if (!mm)
            continue;
        if (resource == RLIMIT_AS)
            mm->limit_as = process->rlimits[resource].soft;
        else if (resource == RLIMIT_DATA)
            mm->limit_data = process->rlimits[resource].soft;
        else if (resource == RLIMIT_STACK)
            mm->limit_stack = process->rlimits[resource].soft;
    }
}

/* old and fresh may be NULL. */
static int change(int pid, uint32_t resource, const struct rlimit64 *fresh, struct rlimit64 *old)
{
    int error = 0;

    if (resource >= RLIMIT_COUNT)
        return -EINVAL;
    if (fresh && fresh->soft > fresh->hard)
        return -EINVAL;
    spin_lock(&process_table_lock);
    struct task *task = pid ? task_find_locked(pid) : current_task();
    if (!task) {
        spin_unlock(&process_table_lock);
        return -ESRCH;
    }
    struct process *process = task->process;
    struct rlimit64 *limit = &process->rlimits[resource];
    const struct credentials *own = &current_task()->cred;
    if (process != current_process() && !task_capable(CAP_SYS_RESOURCE) &&
        (own->uid != task->cred.euid || own->uid != task->cred.suid || own->uid != task->cred.uid))
        error = -EPERM;
    else if (fresh && fresh->hard > limit->hard && !task_capable(CAP_SYS_RESOURCE))
        error = -EPERM;
    else if (fresh && resource == RLIMIT_NOFILE && fresh->hard > setting_get(&setting_nr_open))
        error = -EPERM;
    if (!error && old)
        *old = *limit;
    if (!error && fresh) {
        *limit = *fresh;
        apply_locked(process, resource);
    }
    if (!error && fresh && resource == RLIMIT_CPU)
        process_get(process);
    spin_unlock(&process_table_lock);
    if (!error && fresh && resource == RLIMIT_CPU) {
        process_cpu_limit_changed(process);
        process_put(process);
    }
    return error;
}

int64_t sys_getrlimit(const struct syscall_args *args)
{
    struct rlimit64 old;
    int error = change(0, (uint32_t)args->arg[0], NULL, &old);

    return error ? error : copy_to_user(UADDR(args->arg[1]), &old, sizeof(old));
}

int64_t sys_setrlimit(const struct syscall_args *args)
{
    struct rlimit64 fresh;

    if (copy_from_user(&fresh, UADDR(args->arg[1]), sizeof(fresh)))
        return -EFAULT;
    return change(0, (uint32_t)args->arg[0], &fresh, NULL);
}

int64_t sys_prlimit64(const struct syscall_args *args)
{
    struct rlimit64 fresh, old;

    if (args->arg[2] && copy_from_user(&fresh, UADDR(args->arg[2]), sizeof(fresh)))
        return -EFAULT;
    int error =
        change((int)args->arg[0], (uint32_t)args->arg[1], args->arg[2] ? &fresh : NULL, &old);
    if (error || !args->arg[3])
        return error;
    return copy_to_user(UADDR(args->arg[3]), &old, sizeof(old));
}

static void set_times(struct linux_rusage *usage, uint64_t user_ns, uint64_t system_ns)
{
    usage->utime_sec = (int64_t)(user_ns / 1000000000u);
    usage->utime_usec = (int64_t)(user_ns % 1000000000u / 1000u);
    usage->stime_sec = (int64_t)(system_ns / 1000000000u);
    usage->stime_usec = (int64_t)(system_ns % 1000000000u / 1000u);
}

int64_t sys_getrusage(const struct syscall_args *args)
{
    struct process *process = current_process();
    struct thread *thread = current_thread();
    struct linux_rusage usage = {0};
    uint64_t user_ns, system_ns;
    uint64_t rss_pages = MAX(process->rss_max_pages, thread->mm->rss_max_pages);

    process_split_times();
    switch ((int)args->arg[0]) {
    case RUSAGE_SELF:
        process_cpu_times(process, &user_ns, &system_ns);
        usage.minflt = (int64_t)process->min_faults;
        usage.nvcsw = (int64_t)(process->voluntary_switches + thread->voluntary_switches);
        usage.nivcsw = (int64_t)(process->involuntary_switches + thread->involuntary_switches);
        break;
    case RUSAGE_THREAD:
        thread_cpu_times(thread, &user_ns, &system_ns);
        usage.minflt = (int64_t)process->min_faults;
        usage.nvcsw = (int64_t)thread->voluntary_switches;
        usage.nivcsw = (int64_t)thread->involuntary_switches;
        break;
    case RUSAGE_CHILDREN:
        user_ns = process->child_user_ns;
        system_ns = process->child_system_ns;
        usage.minflt = (int64_t)process->child_min_faults;
        usage.nvcsw = (int64_t)process->child_voluntary_switches;
        usage.nivcsw = (int64_t)process->child_involuntary_switches;
        rss_pages = process->child_rss_max_pages;
        break;
    default:
        return -EINVAL;
    }
    set_times(&usage, user_ns, system_ns);
    usage.maxrss = (int64_t)(rss_pages * (PAGE_SIZE / 1024));
    return copy_to_user(UADDR(args->arg[1]), &usage, sizeof(usage));
}
