/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getpriority(2), setpriority(2), ioprio_get(2), ioprio_set(2): numbers that
 * programs read back.  Everybody is scheduled alike.
 */
#include "lib/errno.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

enum { PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2 };
#define NICE_MIN (-20)
#define NICE_MAX 19
#define RESULT_BASE 20 /* getpriority returns 20 - nice: 1..40 */

enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP = 2, IOPRIO_WHO_USER = 3 };
#define IOPRIO_CLASS_SHIFT 13
enum { IOPRIO_CLASS_NONE = 0, IOPRIO_CLASS_RT = 1, IOPRIO_CLASS_BE = 2, IOPRIO_CLASS_IDLE = 3 };
#define IOPRIO_LEVEL_MAX 7u

/* One walk over the tasks that (which, who) names; process_table_lock held. */
struct priority_walk {
    bool set;
    void (*visit)(struct task *task, struct priority_walk *walk);
    int nice; /* to set, or the best found */
    int error; /* -ESRCH until a task was found */
};

static void visit_nice(struct task *task, struct priority_walk *walk)
{
    const struct credentials *mine = &current_task()->cred;
    int *nice = &task->thread->nice;

    if (!walk->set) {
        if (walk->error || *nice < walk->nice)
            walk->nice = *nice;
        walk->error = 0;
        return;
    }
    bool capable = task_capable(CAP_SYS_NICE);
    uint64_t limit = task->process->rlimits[RLIMIT_NICE].soft;
    if (!capable && mine->euid != task->cred.uid && mine->euid != task->cred.euid) {
        walk->error = -EPERM;
    } else if (!capable && walk->nice < *nice && (uint64_t)(RESULT_BASE - walk->nice) > limit) {
        walk->error = -EACCES;
    } else {
        *nice = walk->nice;
        if (walk->error == -ESRCH)
            walk->error = 0;
    }
}

static void visit_process(struct process *process, struct priority_walk *walk)
{
    LIST_FOR_EACH(it, &process->tasks)
    walk->visit(LIST_ENTRY(it, struct task, group_link), walk);
}

static void walk_group(int pgid, struct priority_walk *walk)
{
    struct pid_node *group = pid_find(pgid ? pgid : current_process()->pgid);

    if (group)
        LIST_FOR_EACH(it, &group->members)
    visit_process(LIST_ENTRY(it, struct process, group_member), walk);
}

static void walk_user(uint32_t uid, struct priority_walk *walk)
{
    for (struct pid_node *node = pid_find_next(1); node; node = pid_find_next(node->number + 1))
        if (node->task && node->task->cred.uid == uid)
            walk->visit(node->task, walk);
}

static int walk_all(int which, int who, struct priority_walk *walk)
{
    walk->error = -ESRCH;
    spin_lock(&process_table_lock);
    if (which == PRIO_PROCESS) {
        struct task *task = who ? task_find_locked(who) : current_task();
        if (task)
            walk->visit(task, walk);
    } else if (which == PRIO_PGRP) {
        walk_group(who, walk);
    } else if (which == PRIO_USER) {
        walk_user(who ? (uint32_t)who : current_task()->cred.uid, walk);
    } else {
        walk->error = -EINVAL;
    }
    spin_unlock(&process_table_lock);
    return walk->error;
}

int64_t sys_getpriority(const struct syscall_args *args)
{
    struct priority_walk walk = {.visit = visit_nice};
    int error = walk_all((int)args->arg[0], (int)args->arg[1], &walk);

    return error ? error : RESULT_BASE - walk.nice;
}

int64_t sys_setpriority(const struct syscall_args *args)
{
    int nice = (int)args->arg[2];
    struct priority_walk walk = {
        .set = true, .visit = visit_nice, .nice = MAX(MIN(nice, NICE_MAX), NICE_MIN)};

    return walk_all((int)args->arg[0], (int)args->arg[1], &walk);
}

/* Numbers that stand higher are worse: realtime, best effort, idle; a class comes first. */
static void visit_ioprio(struct task *task, struct priority_walk *walk)
{
    const struct credentials *mine = &current_task()->cred;

    if (!walk->set) {
        if (walk->error || task->ioprio < walk->nice)
            walk->nice = task->ioprio;
        walk->error = 0;
    } else if (mine->euid != task->cred.uid && mine->uid != task->cred.uid &&
               !task_capable(CAP_SYS_NICE)) {
        walk->error = -EPERM;
    } else {
        task->ioprio = walk->nice;
        if (walk->error == -ESRCH)
            walk->error = 0;
    }
}

int64_t sys_ioprio_get(const struct syscall_args *args)
{
    struct priority_walk walk = {.visit = visit_ioprio};
    int which = (int)args->arg[0];

    if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
        return -EINVAL;
    int error = walk_all(which - IOPRIO_WHO_PROCESS, (int)args->arg[1], &walk);
    return error ? error : walk.nice;
}

static int check_ioprio(uint32_t value)
{
    uint32_t class = value >> IOPRIO_CLASS_SHIFT, level = value & ((1u << IOPRIO_CLASS_SHIFT) - 1);

    switch (class) {
    case IOPRIO_CLASS_NONE:
        return level ? -EINVAL : 0;
    case IOPRIO_CLASS_RT:
        if (!task_capable(CAP_SYS_NICE) && !task_capable(CAP_SYS_ADMIN))
            return -EPERM;
        return level > IOPRIO_LEVEL_MAX ? -EINVAL : 0;
    case IOPRIO_CLASS_BE:
        return level > IOPRIO_LEVEL_MAX ? -EINVAL : 0;
    case IOPRIO_CLASS_IDLE:
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_ioprio_set(const struct syscall_args *args)
{
    struct priority_walk walk = {
        .set = true, .visit = visit_ioprio, .nice = (int)(uint32_t)args->arg[2]};
    int which = (int)args->arg[0];
    int error = check_ioprio((uint32_t)args->arg[2]);

    if (error)
        return error;
    if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
        return -EINVAL;
    return walk_all(which - IOPRIO_WHO_PROCESS, (int)args->arg[1], &walk);
}
