/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When memory runs out, the process that holds most of it (proc(5), oom_score_adj) ends; whoever
 * needs a page meanwhile waits for that.  The kernel itself never fails over memory.
 */
#include "arch/clock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define RETRY_NS 5000000ul /* how long to wait for the victim's pages */
#define OOM_SCORE_ADJ_NEVER (-1000)
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

/* Its pages, moved by oom_score_adj thousandths of all memory; INT64_MIN: never to be ended. */
static int64_t badness(const struct process *process, int64_t total_pages)
{
    const struct mm *mm = mm_of(process);

    if (!mm || process->oom_score_adj == OOM_SCORE_ADJ_NEVER)
        return INT64_MIN;
    return atomic_load(&mm->rss_pages) + process->oom_score_adj * total_pages / 1000;
}

static int64_t total_pages(void)
{
    struct page_stats stats;

    page_get_stats(&stats);
    return (int64_t)MAX(stats.total, 1ul);
}

/* Scaled as Linux does since 5.9: 666 is a process without memory worth naming. */
int oom_score_locked(const struct process *process)
{
    int64_t total = total_pages(), points = badness(process, total);

    return points == INT64_MIN ? 0 : (int)((1000 + points * 1000 / total) * 2 / 3);
}

static struct process *worst_locked(uint64_t *pages)
{
    int64_t total = total_pages(), worst_points = INT64_MIN;
    struct process *worst = NULL;

    *pages = 0;
    for (struct pid_node *node = pid_find_next(1); node; node = pid_find_next(node->number + 1)) {
        if (!node->process || is_ending(node->process))
            continue;
        int64_t points = badness(node->process, total);
        if (points > worst_points) {
            worst_points = points;
            worst = node->process;
            *pages = (uint64_t)atomic_load(&mm_of(worst)->rss_pages);
        }
    }
    return worst;
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
        struct process *victim = worst_locked(&pages);
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
