/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/PID and /proc/PID/task/TID; proc(5).  Memory maps are in procfs_maps.c. */
#include "arch/percpu.h"
#include "arch/smp.h"
#include "fs/dentry.h"
#include "fs/procfs_internal.h"
#include "fs/procfs_maps.h"
#include "fs/tty.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"

#define NS_PER_TICK 10000000ul
#define OOM_SCORE_ADJ_MAX 1000 /* and its negative: proc(5) */

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'D':
        return "D (disk sleep)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    default:
        return "S (sleeping)";
    }
}

static void cpu_list(struct proc_text *text, uint64_t mask)
{
    const char *comma = "";

    for (unsigned int i = 0; i < 64; i++) {
        unsigned int end = i;

        if (!(mask >> i & 1))
            continue;
        while (end < 63 && (mask >> (end + 1) & 1))
            end++;
        proc_print(text, end > i ? "%s%u-%u" : "%s%u", comma, i, end);
        comma = ",";
        i = end;
    }
}

static int status(struct proc_text *text, const struct procfs_process *p)
{
    uint64_t allowed = p->affinity & UINT64_MAX >> (64 - smp_cpu_count());
    unsigned int fds = 0;

    for (int fd = p->files ? fd_next(p->files, 0) : -1; fd >= 0; fd = fd_next(p->files, fd + 1))
        fds = (unsigned int)fd + 1;
    proc_print(text, "Name:\t%.15s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n",
               p->comm, p->umask, state_name(p->state), p->pid, p->tid);
    proc_print(text, "PPid:\t%d\nTracerPid:\t0\n", p->parent_pid);
    proc_print(text, "Uid:\t%u\t%u\t%u\t%u\n", p->uid[0], p->uid[1], p->uid[2], p->uid[3]);
    proc_print(text, "Gid:\t%u\t%u\t%u\t%u\n", p->gid[0], p->gid[1], p->gid[2], p->gid[3]);
    proc_print(text, "FDSize:\t%u\nGroups:\t", ALIGN_UP(MAX(fds, 1u), 64u));
    for (uint32_t i = 0; i < p->group_count; i++)
        proc_print(text, "%u ", p->groups[i]);
    proc_print(text, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", p->pid, p->tid,
               p->pgid, p->sid);
    proc_maps_status(text, p->mm);
    proc_print(text, "Threads:\t%u\nSigQ:\t0/%lu\n", p->thread_count, p->limits[11][0]);
    proc_print(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n", p->signals_pending,
               p->signals_shared_pending, p->signals_blocked);
    proc_print(text, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", p->signals_ignored, p->signals_caught);
    proc_print(text, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n", p->cap_inheritable,
               p->cap_permitted, p->cap_effective);
    proc_print(text, "CapBnd:\t%016lx\nCapAmb:\t%016lx\n", p->cap_bounding, p->cap_ambient);
    proc_print(text, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", p->no_new_privs);
    proc_print(text, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", allowed);
    cpu_list(text, allowed);
    proc_print(text, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
    proc_print(text, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
               p->voluntary_switches, p->involuntary_switches);
    return 0;
}

static int stat(struct proc_text *text, const struct procfs_process *p)
{
    struct proc_maps_numbers maps;
    int foreground;
    uint64_t terminal = tty_device_of_session(p->sid, &foreground);

    procfs_source->split_times();
    proc_maps_numbers(p->mm, &maps);
    proc_print(text, "%d (%.15s) %c %d %d %d %lu %d 4194304 %lu %lu 0 0 ", p->tid, p->comm,
               p->state, p->parent_pid, p->pgid, p->sid, terminal, foreground, p->min_faults,
               p->child_min_faults);
    proc_print(text, "%lu %lu %lu %lu %d %d %u 0 %lu ", p->user_ns / NS_PER_TICK,
               p->system_ns / NS_PER_TICK, p->child_user_ns / NS_PER_TICK,
               p->child_system_ns / NS_PER_TICK, 20 + p->nice, p->nice, p->thread_count,
               p->start_ns / NS_PER_TICK);
    proc_print(text, "%lu %lu %lu %lu %lu %lu 0 0 ", maps.total_pages * PAGE_SIZE, maps.rss_pages,
               p->limits[5][0], maps.code_start, maps.code_end, maps.stack_top);
    proc_print(text, "%lu %lu %lu %lu 0 0 0 %d %u 0 0 0 0 0 ", p->signals_pending,
               p->signals_blocked, p->signals_ignored, p->signals_caught, p->exit_signal, p->cpu);
    proc_print(text, "%lu %lu %lu %lu %lu %lu %lu 0\n", maps.data_start, maps.data_end,
               maps.brk_start, maps.arg_start, maps.arg_end, maps.env_start, maps.env_end);
    return 0;
}

static int statm(struct proc_text *text, const struct procfs_process *p)
{
    struct proc_maps_numbers maps;

    proc_maps_numbers(p->mm, &maps);
    proc_print(text, "%lu %lu %lu %lu 0 %lu 0\n", maps.total_pages, maps.rss_pages, 0ul,
               (maps.code_end - maps.code_start + PAGE_SIZE - 1) / PAGE_SIZE, maps.total_pages);
    return 0;
}

static int comm(struct proc_text *text, const struct procfs_process *p)
{
    proc_print(text, "%.15s\n", p->comm);
    return 0;
}

static int comm_store(const struct proc_node *node, char *value)
{
    return procfs_source->set_comm(node->pid, node->tid, value);
}

static int limits(struct proc_text *text, const struct procfs_process *p)
{
    static const struct {
        const char *name, *unit;
    } rows[PROCFS_LIMITS] = {
        {"cpu time", "seconds"},    {"file size", "bytes"},      {"data size", "bytes"},
        {"stack size", "bytes"},    {"core file size", "bytes"}, {"resident set", "bytes"},
        {"processes", "processes"}, {"open files", "files"},     {"locked memory", "bytes"},
        {"address space", "bytes"}, {"file locks", "locks"},     {"pending signals", "signals"},
        {"msgqueue size", "bytes"}, {"nice priority", ""},       {"realtime priority", ""},
        {"realtime timeout", "us"},
    };

    proc_print(text, "%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < PROCFS_LIMITS; i++) {
        char value[2][24];

        for (int j = 0; j < 2; j++) {
            if (p->limits[i][j] == UINT64_MAX)
                strlcpy(value[j], "unlimited", sizeof(value[j]));
            else
                snprintf(value[j], sizeof(value[j]), "%lu", p->limits[i][j]);
        }
        proc_print(text, "Max %-22s%-21s%-21s%-10s\n", rows[i].name, value[0], value[1],
                   rows[i].unit);
    }
    return 0;
}

static int cgroup(struct proc_text *text, const struct procfs_process *p)
{
    (void)p;
    proc_print(text, "0::/\n");
    return 0;
}

static int oom_score(struct proc_text *text, const struct procfs_process *p)
{
    proc_print(text, "%d\n", p->oom_score);
    return 0;
}

static int oom_score_adj(struct proc_text *text, const struct procfs_process *p)
{
    proc_print(text, "%d\n", p->oom_score_adj);
    return 0;
}

static int oom_score_adj_store(const struct proc_node *node, char *value)
{
    bool negative = *value == '-';
    int number = 0;

    value += negative;
    for (; *value >= '0' && *value <= '9' && number <= OOM_SCORE_ADJ_MAX; value++)
        number = number * 10 + (*value - '0');
    if (*value || number > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    return procfs_source->set_oom_score_adj(node->pid, negative ? -number : number);
}

/* ---- links to places ---- */

enum place { PLACE_EXE, PLACE_CWD, PLACE_ROOT };

static int find_place(const struct proc_node *node, enum place place, struct dentry **found)
{
    struct procfs_process p;

    if (!procfs_source->get(node->pid, node->tid, &p))
        return -ENOENT;
    *found = place == PLACE_EXE ? p.exe : place == PLACE_CWD ? p.cwd : p.root;
    if (*found)
        dentry_get(*found);
    procfs_source->put(&p);
    return *found ? 0 : -ENOENT;
}

ssize_t proc_path_of(struct dentry *dentry, char *buf, size_t size)
{
    char *path = kmalloc(PATH_MAX);
    ssize_t length = path ? dentry_path(dentry, fs_current()->root, path, PATH_MAX) : -ENOMEM;

    if (length > 0) {
        length = MIN(length, (ssize_t)size);
        memcpy(buf, path, (size_t)length);
    }
    kfree(path);
    return length;
}

static ssize_t link_place(const struct proc_node *node, enum place place, char *buf, size_t size)
{
    struct dentry *dentry;
    ssize_t length = find_place(node, place, &dentry);

    if (length == 0) {
        length = proc_path_of(dentry, buf, size);
        dentry_put(dentry);
    }
    return length;
}

static ssize_t link_exe(const struct proc_node *node, char *buf, size_t size)
{
    return link_place(node, PLACE_EXE, buf, size);
}
static int follow_exe(const struct proc_node *node, struct dentry **target)
{
    return find_place(node, PLACE_EXE, target);
}
static ssize_t link_cwd(const struct proc_node *node, char *buf, size_t size)
{
    return link_place(node, PLACE_CWD, buf, size);
}
static int follow_cwd(const struct proc_node *node, struct dentry **target)
{
    return find_place(node, PLACE_CWD, target);
}
static ssize_t link_root(const struct proc_node *node, char *buf, size_t size)
{
    return link_place(node, PLACE_ROOT, buf, size);
}
static int follow_root(const struct proc_node *node, struct dentry **target)
{
    return find_place(node, PLACE_ROOT, target);
}

/* Where in the kernel it sleeps is not told. */
static int wchan(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    proc_print(text, "0");
    return 0;
}

static int next_task(const struct proc_node *node, int from)
{
    return procfs_source->next_tid(node->pid, MAX(from, 1));
}

#define TEXT_FILE(name_, text_)                                  \
    {                                                            \
        .name = (name_), .mode = S_IFREG | 0444, .text = (text_) \
    }
#define MOUNTS_FILE(name_, text_)                                                       \
    {                                                                                   \
        .name = (name_), .mode = S_IFREG | 0444, .text = (text_), .tells_changes = true \
    }
#define PLACE_LINK(name_, which)                                                                \
    {                                                                                           \
        .name = (name_), .mode = S_IFLNK | 0777, .link = link_##which, .follow = follow_##which \
    }
#define COMMON_ENTRIES                                                                    \
    PLACE_LINK("exe", exe), PLACE_LINK("cwd", cwd), PLACE_LINK("root", root),             \
        TEXT_FILE("auxv", proc_maps_auxv), TEXT_FILE("cgroup", cgroup),                   \
        TEXT_FILE("cmdline", proc_maps_cmdline),                                          \
        {.name = "comm", .mode = S_IFREG | 0644, .text = comm, .store = comm_store},      \
        {.name = "environ", .mode = S_IFREG | 0400, .text = proc_maps_environ},           \
        {.name = "fd",                                                                    \
         .mode = S_IFDIR | 0500,                                                          \
         .next_number = proc_next_fd,                                                     \
         .number_entry = &proc_fd_template,                                               \
         .needs = PROC_NUMBER_IS_FD},                                                     \
        {.name = "fdinfo",                                                                \
         .mode = S_IFDIR | 0500,                                                          \
         .next_number = proc_next_fd,                                                     \
         .number_entry = &proc_fdinfo_template,                                           \
         .needs = PROC_NUMBER_IS_FD},                                                     \
        TEXT_FILE("limits", limits), TEXT_FILE("maps", proc_maps_text),                   \
        MOUNTS_FILE("mountinfo", proc_mountinfo), MOUNTS_FILE("mounts", proc_mounts),     \
        TEXT_FILE("oom_score", oom_score),                                                \
        {.name = "oom_score_adj",                                                         \
         .mode = S_IFREG | 0644,                                                          \
         .text = oom_score_adj,                                                           \
         .store = oom_score_adj_store},                                                   \
        TEXT_FILE("smaps", proc_maps_smaps), TEXT_FILE("smaps_rollup", proc_maps_rollup), \
        {.name = "pagemap", .mode = S_IFREG | 0400, .read = proc_maps_pagemap},           \
        TEXT_FILE("stat", stat), TEXT_FILE("statm", statm), TEXT_FILE("status", status),  \
        TEXT_FILE("wchan", wchan)

static const struct proc_entry task_entries[] = {COMMON_ENTRIES, {0}};
static const struct proc_entry task_template = {.mode = S_IFDIR | 0555, .children = task_entries};
static const struct proc_entry process_entries[] = {
    COMMON_ENTRIES,
    {.name = "net", .mode = S_IFDIR | 0555, .children = proc_net_entries},
    {.name = "task",
     .mode = S_IFDIR | 0555,
     .next_number = next_task,
     .number_entry = &task_template,
     .needs = PROC_NUMBER_IS_TID},
    {0},
};
const struct proc_entry proc_process_template = {.mode = S_IFDIR | 0555,
                                                 .children = process_entries};
