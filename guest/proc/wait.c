/* SPDX-License-Identifier: BSD-2-Clause */
/* wait4(2) and waitid(2): which child has news, and taking the news. */
#include "lib/errno.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define CONTINUED_STATUS 0xffff

struct wait_query {
    int which, id;
    uint32_t options;
};

static bool matches(const struct process *child, const struct wait_query *query)
{
    if (query->which == P_PID && child->pid != query->id)
        return false;
    if (query->which == P_PGID && child->pgid != query->id)
        return false;
    if (query->options & WALL)
        return true;
    return (child->exit_signal != SIGCHLD) == !!(query->options & WCLONE);
}

static void fill_usage(const struct process *child, struct wait_result *result)
{
    result->pid = child->pid;
    result->uid = list_empty(&child->tasks)
                      ? child->last_uid
                      : LIST_FIRST(&child->tasks, struct task, group_link)->cred.uid;
    result->user_ns = child->user_ns + child->child_user_ns;
    result->system_ns = child->system_ns + child->child_system_ns;
    result->min_faults = child->min_faults + child->child_min_faults;
    result->rss_max_pages = MAX(child->rss_max_pages, child->child_rss_max_pages);
    result->voluntary = child->voluntary_switches + child->child_voluntary_switches;
    result->involuntary = child->involuntary_switches + child->child_involuntary_switches;
}

/* Has the child news that the query asks for?  Takes it unless WNOWAIT. */
static bool take_news(struct process *child, uint32_t options, struct wait_result *result)
{
    bool keep = options & WNOWAIT;

    if (child->zombie) {
        if (!(options & WEXITED))
            return false;
        int status = child->exit_status, signo = status & 0x7f;
        fill_usage(child, result);
        result->status = status;
        result->code = !signo ? CLD_EXITED : (status & 0x80) ? CLD_DUMPED : CLD_KILLED;
        result->code_status = signo ? signo : (status >> 8) & 0xff;
        if (!keep)
            process_reap_locked(child);
        return true;
    }
    if ((options & WUNTRACED) && child->stopped && !child->stop_reported) {
        fill_usage(child, result);
        result->status = child->stop_signal << 8 | 0x7f;
        result->code = CLD_STOPPED;
        result->code_status = child->stop_signal;
        child->stop_reported |= !keep;
        return true;
    }
    if ((options & WCONTINUED) && child->continued) {
        fill_usage(child, result);
        result->status = CONTINUED_STATUS;
        result->code = CLD_CONTINUED;
        result->code_status = SIGCONT;
        child->continued &= keep;
        return true;
    }
    return false;
}

/* 1: found, 0: children but no news, -ECHILD. */
static int scan(struct process *self, struct wait_query *query, struct wait_result *result)
{
    int found = -ECHILD;

    spin_lock(&process_table_lock);
    if (query->which == P_PGID && query->id == 0)
        query->id = self->pgid;
    LIST_FOR_EACH_SAFE(it, next, &self->children)
    {
        struct process *child = LIST_ENTRY(it, struct process, sibling);

        if (!matches(child, query) || (child->zombie && !(query->options & WEXITED)))
            continue; /* of a zombie there is no other news to come */
        found = 0;
        if (take_news(child, query->options, result)) {
            found = 1;
            break;
        }
    }
    spin_unlock(&process_table_lock);
    return found;
}

int process_wait(int which, int id, uint32_t options, struct wait_result *result)
{
    struct process *self = current_process();
    struct wait_query query = {.which = which, .id = id, .options = options};
    struct wait_entry entry;
    int found, error = 0;

    *result = (struct wait_result){0};
    found = scan(self, &query, result);
    if (found || (options & WNOHANG))
        return found < 0 ? found : 0;
    wait_begin(&self->child_wait, &entry);
    while ((found = scan(self, &query, result)) == 0 && (error = wait_sleep(WAIT_FOREVER)) == 0)
        wait_again(&self->child_wait, &entry);
    wait_end(&self->child_wait, &entry);
    return found < 0 ? found : error;
}
