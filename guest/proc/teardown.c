/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run in a debug build: every process ends, caches are emptied, and
 * whatever programs allocated must be back (mm/leaks.h).  A kernel thread does it,
 * since the first process must be gone too.
 */
#include "lib/types.h"
#include "proc/internal.h"

#if DEBUG_LOCKS

#include "arch/clock.h"
#include "fs/dentry.h"
#include "fs/mount.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "mm/leaks.h"
#include "syscall/linux_abi.h"

#define TURN_NS 2000000ul
#define TURNS_TO_END 5000u /* 10 s until every task must have ended */
#define TURNS_TO_FREE 100u /* for what is given back a little later: stacks of dead threads */

static atomic_bool begun;
static int status;
static void (*end_machine)(int wait_status), (*forget)(void);

static void wait_a_turn(void)
{
    wait_prepare();
    wait_sleep_uninterruptible(clock_ns() + TURN_NS);
}

static void kill_all(void)
{
    spin_lock(&process_table_lock);
    for (struct pid_node *node = pid_find_next(1); node; node = pid_find_next(node->number + 1))
        if (node->process && !node->process->zombie)
            signal_send_locked(node->process, NULL, SIGKILL, NULL);
    spin_unlock(&process_table_lock);
}

static void name_task(const struct pid_node *node)
{
    const struct task *task = node->task;

    klog(LOG_EMERG, "task %d (%s) of process %d, state %d", node->number, task->thread->name,
         task->process->pid, (int)atomic_load(&task->thread->state));
    if (!task->thread->on_cpu)
        backtrace_switched_out(task->thread->context.rsp);
}

static void end_all_tasks(void)
{
    for (unsigned int turn = 0; atomic_load(&task_count_all); turn++) {
        kill_all();
        wait_a_turn();
        if (turn < TURNS_TO_END)
            continue;
        spin_lock(&process_table_lock);
        for (struct pid_node *node = pid_find_next(1); node; node = pid_find_next(node->number + 1))
            if (node->task)
                name_task(node);
        spin_unlock(&process_table_lock);
        panic("%u tasks did not end by SIGKILL", atomic_load(&task_count_all));
    }
}

static void print_line(void *arg, const char *text)
{
    (void)arg;
    klog(LOG_EMERG, "%s", text);
}

static void teardown(void *arg)
{
    struct leak_totals left = {0};

    (void)arg;
    end_all_tasks();
    forget();
    mount_remove_all();
    for (unsigned int turn = 0; turn < TURNS_TO_FREE; turn++) {
        dentry_shrink(0);
        leaks_count(&left);
        if (left.objects == 0 && left.pages == 0)
            end_machine(status);
        wait_a_turn();
    }
    leaks_list(false, print_line, NULL);
    panic("leak check: %lu objects and %lu pages were not given back", left.objects, left.pages);
}

bool process_teardown(int wait_status, void (*remove_objects)(void), void (*end)(int wait_status))
{
    if (atomic_exchange(&begun, true))
        return true;
    status = wait_status;
    end_machine = end;
    forget = remove_objects;
    struct thread *thread = thread_start_kernel("teardown", teardown, NULL);
    leaks_keep(thread);
    return thread != NULL; /* without memory for it the machine ends unchecked */
}

#else

bool process_teardown(int wait_status, void (*remove_objects)(void), void (*end)(int wait_status))
{
    (void)wait_status;
    (void)remove_objects;
    (void)end;
    return false;
}

#endif
