/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When memory runs out, the process that holds most of it ends; whoever needs a
 * page meanwhile waits for that.  The kernel itself never fails over memory.
 */
#include "arch/clock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define RETRY_NS 5000000ul /* how long to wait for the victim's pages */
#define VICTIM_PATIENCE 2000u /* retries before another one is chosen: 10 s */

static atomic_int victim_pid; /* 0: nobody is being ended */
static atomic_uint retries;

static bool is_ending(const struct process *process)
{
    return process->group_exit || (process->signals.pending & SIGMASK(SIGKILL));
}

static struct mm *mm_of(const struct process *process)
{
    return list_empty(&process->tasks)
               ? NULL
               : LIST_FIRST(&process->tasks, struct task, group_link)->thread->mm;
}

static struct process *largest_locked(uint64_t *pages)
{
    struct process *largest = NULL;

    *pages = 0;
    for (struct pid_node *node = pid_find_next(1); node; node = pid_find_next(node->number + 1)) {
        struct mm *mm = node->process ? mm_of(node->process) : NULL;
        uint64_t here = mm ? (uint64_t)atomic_load(&mm->rss_pages) : 0;

        if (here > *pages && !is_ending(node->process)) {
            *pages = here;
            largest = node->process;
        }
    }
    return largest;
}

/* Is the one chosen before still giving its memory back? */
static bool victim_alive_locked(void)
{
    struct pid_node *node = pid_find(atomic_load(&victim_pid));

    return node && node->process && !list_empty(&node->process->tasks) &&
           atomic_fetch_add(&retries, 1) < VICTIM_PATIENCE;
}

bool oom_wait_for_memory(void)
{
    struct process *self = current_process();
    char name[16];
    uint64_t pages;
    int pid = 0;

    spin_lock(&process_table_lock);
    if (!victim_alive_locked()) {
        struct process *victim = largest_locked(&pages);
        if (victim) {
            pid = victim->pid;
            atomic_store(&victim_pid, pid);
            atomic_store(&retries, 0);
            strlcpy(name, LIST_FIRST(&victim->tasks, struct task, group_link)->thread->name,
                    sizeof(name));
            signal_send_locked(victim, NULL, SIGKILL, NULL);
        }
    }
    bool ending = is_ending(self);
    spin_unlock(&process_table_lock);
    if (pid)
        klog(LOG_ERR, "out of memory: ended process %d (%s), which held %lu KiB", pid, name,
             pages * (PAGE_SIZE / 1024));
    if (ending)
        return false;
    wait_prepare();
    wait_sleep_uninterruptible(clock_ns() + RETRY_NS);
    return true;
}
