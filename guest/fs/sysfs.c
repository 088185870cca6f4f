/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of sysfs(5) that programs ask for the machine's shape: processors, their
 * topology, memory nodes, huge pages.  The tables are of procfs's kind.
 */
#include "fs/sysfs.h"
#include "arch/smp.h"
#include "fs/procfs_internal.h"
#include "iface/open_flags.h"
#include "mm/page_alloc.h"

#define KERNEL_MAX 63u /* highest CPU number the kernel can have */

static void print_list(struct proc_text *text, unsigned int first, unsigned int count)
{
    if (count > 1)
        proc_print(text, "%u-%u\n", first, first + count - 1);
    else
        proc_print(text, "%u\n", first);
}

/* As many digits as the machine's CPUs need, 32 bits between commas. */
static void print_mask(struct proc_text *text, uint64_t mask)
{
    unsigned int bits = smp_cpu_count(), high = bits > 32 ? bits - 32 : 0;

    if (high)
        proc_print(text, "%0*x,", (int)(high + 3) / 4, (unsigned int)(mask >> 32));
    proc_print(text, "%0*x\n", high ? 8 : (int)(bits + 3) / 4, (unsigned int)mask);
}

static uint64_t all_cpus(void)
{
    return UINT64_MAX >> (64 - smp_cpu_count());
}

#define TEXT(function, ...)                                                           \
    static int function(struct proc_text *text, const struct procfs_process *process) \
    {                                                                                 \
        (void)process;                                                                \
        __VA_ARGS__;                                                                  \
        return 0;                                                                     \
    }

TEXT(empty_line, proc_print(text, "\n"))
TEXT(zero, proc_print(text, "0\n"))
TEXT(one, proc_print(text, "1\n"))
TEXT(cpu_list, print_list(text, 0, smp_cpu_count()))
TEXT(cpu_mask, print_mask(text, all_cpus()))
TEXT(kernel_max, proc_print(text, "%u\n", KERNEL_MAX))
TEXT(huge_enabled, proc_print(text, "always [madvise] never\n"))
TEXT(huge_size, proc_print(text, "2097152\n"))
TEXT(distance, proc_print(text, "10\n"))

static int node_meminfo(struct proc_text *text, const struct procfs_process *process)
{
    struct page_stats stats;

    (void)process;
    page_get_stats(&stats);
    proc_print(text,
               "Node 0 MemTotal:       %8lu kB\nNode 0 MemFree:        %8lu kB\n"
               "Node 0 MemUsed:        %8lu kB\n",
               stats.total * 4, stats.free * 4, (stats.total - stats.free) * 4);
    return 0;
}

/* ---- what differs between CPUs: each is a core of its own in one package -------------- */

static int core_id(const struct proc_node *node, struct proc_text *text)
{
    proc_print(text, "%d\n", node->number);
    return 0;
}

static int own_list(const struct proc_node *node, struct proc_text *text)
{
    proc_print(text, "%d\n", node->number);
    return 0;
}

static int own_mask(const struct proc_node *node, struct proc_text *text)
{
    print_mask(text, 1ul << node->number);
    return 0;
}

static int next_cpu(const struct proc_node *node, int from)
{
    (void)node;
    return from >= 0 && (unsigned int)from < smp_cpu_count() ? from : -1;
}

static int next_memory_node(const struct proc_node *node, int from)
{
    (void)node;
    return from == 0 ? 0 : -1;
}

#define FILE_ROW(name_, function)                                   \
    {                                                               \
        .name = (name_), .mode = S_IFREG | 0444, .text = (function) \
    }
#define FILE_ROW_OF(name_, function)                                   \
    {                                                                  \
        .name = (name_), .mode = S_IFREG | 0444, .text_of = (function) \
    }
#define DIR_ROW(name_, children_)                                        \
    {                                                                    \
        .name = (name_), .mode = S_IFDIR | 0755, .children = (children_) \
    }

static const struct proc_entry nothing[] = {{0}};

static const struct proc_entry topology[] = {FILE_ROW_OF("core_id", core_id),
                                             FILE_ROW("die_id", zero),
                                             FILE_ROW("physical_package_id", zero),
                                             FILE_ROW_OF("core_cpus", own_mask),
                                             FILE_ROW_OF("core_cpus_list", own_list),
                                             FILE_ROW_OF("thread_siblings", own_mask),
                                             FILE_ROW_OF("thread_siblings_list", own_list),
                                             FILE_ROW("core_siblings", cpu_mask),
                                             FILE_ROW("core_siblings_list", cpu_list),
                                             FILE_ROW("package_cpus", cpu_mask),
                                             FILE_ROW("package_cpus_list", cpu_list),
                                             {0}};

static const struct proc_entry one_cpu[] = {
    FILE_ROW("online", one), DIR_ROW("topology", topology), {0}};
static const struct proc_entry cpu_template = {.mode = S_IFDIR | 0755, .children = one_cpu};

static const struct proc_entry cpus[] = {FILE_ROW("online", cpu_list),
                                         FILE_ROW("possible", cpu_list),
                                         FILE_ROW("present", cpu_list),
                                         FILE_ROW("offline", empty_line),
                                         FILE_ROW("isolated", empty_line),
                                         FILE_ROW("kernel_max", kernel_max),
                                         {0}};

static const struct proc_entry one_node[] = {
    FILE_ROW("cpulist", cpu_list),
    FILE_ROW("cpumap", cpu_mask),
    FILE_ROW("distance", distance),
    FILE_ROW("meminfo", node_meminfo),
    {0},
};
static const struct proc_entry node_template = {.mode = S_IFDIR | 0755, .children = one_node};

static const struct proc_entry nodes[] = {
    FILE_ROW("online", zero),     FILE_ROW("possible", zero),          FILE_ROW("has_cpu", zero),
    FILE_ROW("has_memory", zero), FILE_ROW("has_normal_memory", zero), {0}};

static const struct proc_entry system_entries[] = {{.name = "cpu",
                                                    .mode = S_IFDIR | 0755,
                                                    .children = cpus,
                                                    .number_prefix = "cpu",
                                                    .next_number = next_cpu,
                                                    .number_entry = &cpu_template,
                                                    .needs = PROC_NUMBER_IS_KEPT},
                                                   {.name = "node",
                                                    .mode = S_IFDIR | 0755,
                                                    .children = nodes,
                                                    .number_prefix = "node",
                                                    .next_number = next_memory_node,
                                                    .number_entry = &node_template,
                                                    .needs = PROC_NUMBER_IS_KEPT},
                                                   {0}};
static const struct proc_entry devices[] = {
    DIR_ROW("system", system_entries), DIR_ROW("virtual", nothing), {0}};

static const struct proc_entry huge_pages[] = {
    FILE_ROW("enabled", huge_enabled), FILE_ROW("hpage_pmd_size", huge_size), {0}};
static const struct proc_entry kernel_mm[] = {DIR_ROW("transparent_hugepage", huge_pages), {0}};
static const struct proc_entry kernel[] = {DIR_ROW("mm", kernel_mm), {0}};
static const struct proc_entry file_systems[] = {DIR_ROW("cgroup", nothing), {0}};

static const struct proc_entry root_entries[] = {
    DIR_ROW("block", nothing),   DIR_ROW("bus", nothing),
    DIR_ROW("class", nothing),   DIR_ROW("dev", nothing),
    DIR_ROW("devices", devices), DIR_ROW("firmware", nothing),
    DIR_ROW("fs", file_systems), DIR_ROW("kernel", kernel),
    DIR_ROW("module", nothing),  {0}};
static const struct proc_entry root = {.mode = S_IFDIR | 0555, .children = root_entries};

static void sys_statfs(struct super_block *sb, struct fs_stats *stats)
{
    (void)sb;
    *stats = (struct fs_stats){.magic = 0x62656572, .block_size = PAGE_SIZE, .name_max = NAME_MAX};
}

static struct super_block sys_super = {
    .type = "sysfs", .device = MAKE_DEVICE(0, 21), .uncached = true, .statfs = sys_statfs};

struct inode *sysfs_mount(void)
{
    return proc_mount_table(&sys_super, &root);
}
