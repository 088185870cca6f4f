/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc that describe the machine and the kernel; proc(5). */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "fs/mount.h"
#include "fs/mounts.h"
#include "fs/procfs_internal.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/page_alloc.h"
#include "sched/thread.h"

#define NS_PER_TICK 10000000ul /* USER_HZ is 100 */
#define NS_PER_SEC 1000000000ul

/* Those that are on their way count already, with no time and no interrupts. */
static unsigned int online(void)
{
    return smp_cpu_count();
}

static void cpu_times(unsigned int cpu, uint64_t times[3])
{
    times[0] = times[1] = times[2] = 0;
    if (atomic_load(&cpus_online_mask) >> cpu & 1)
        sched_cpu_times(cpu, &times[0], &times[1], &times[2]);
}

static int meminfo(struct proc_text *text, const struct procfs_process *process)
{
    struct page_stats stats;
    uint64_t total, available;

    (void)process;
    page_get_stats(&stats);
    total = stats.total * 4;
    available = stats.free * 4;
    proc_print(text, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n",
               total, available, available);
    proc_print(text, "Buffers:        %8u kB\nCached:         %8u kB\nSwapCached:     %8u kB\n", 0,
               0, 0);
    proc_print(text, "Active:         %8lu kB\nInactive:       %8u kB\n", total - available, 0);
    proc_print(text, "SwapTotal:      %8u kB\nSwapFree:       %8u kB\n", 0, 0);
    proc_print(text, "Dirty:          %8u kB\nWriteback:      %8u kB\nShmem:          %8u kB\n", 0,
               0, 0);
    proc_print(text, "CommitLimit:    %8lu kB\nCommitted_AS:   %8lu kB\n", total,
               total - available);
    proc_print(text,
               "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n");
    return 0;
}

static const struct {
    uint32_t leaf, subleaf;
    uint8_t reg, bit; /* reg: 0 eax 1 ebx 2 ecx 3 edx */
    const char *name;
} cpu_flags[] = {
    {1, 0, 3, 0, "fpu"},
    {1, 0, 3, 4, "tsc"},
    {1, 0, 3, 5, "msr"},
    {1, 0, 3, 6, "pae"},
    {1, 0, 3, 8, "cx8"},
    {1, 0, 3, 9, "apic"},
    {1, 0, 3, 11, "sep"},
    {1, 0, 3, 15, "cmov"},
    {1, 0, 3, 19, "clflush"},
    {1, 0, 3, 23, "mmx"},
    {1, 0, 3, 24, "fxsr"},
    {1, 0, 3, 25, "sse"},
    {1, 0, 3, 26, "sse2"},
    {0x80000001, 0, 3, 11, "syscall"},
    {0x80000001, 0, 3, 20, "nx"},
    {0x80000001, 0, 3, 26, "pdpe1gb"},
    {0x80000001, 0, 3, 27, "rdtscp"},
    {0x80000001, 0, 3, 29, "lm"},
    {1, 0, 2, 0, "pni"},
    {1, 0, 2, 1, "pclmulqdq"},
    {1, 0, 2, 9, "ssse3"},
    {1, 0, 2, 12, "fma"},
    {1, 0, 2, 13, "cx16"},
    {1, 0, 2, 19, "sse4_1"},
    {1, 0, 2, 20, "sse4_2"},
    {1, 0, 2, 21, "x2apic"},
    {1, 0, 2, 22, "movbe"},
    {1, 0, 2, 23, "popcnt"},
    {1, 0, 2, 25, "aes"},
    {1, 0, 2, 26, "xsave"},
    {1, 0, 2, 28, "avx"},
    {1, 0, 2, 29, "f16c"},
    {1, 0, 2, 30, "rdrand"},
    {1, 0, 2, 31, "hypervisor"},
    {0x80000001, 0, 2, 0, "lahf_lm"},
    {0x80000001, 0, 2, 5, "abm"},
    {7, 0, 1, 0, "fsgsbase"},
    {7, 0, 1, 3, "bmi1"},
    {7, 0, 1, 5, "avx2"},
    {7, 0, 1, 7, "smep"},
    {7, 0, 1, 8, "bmi2"},
    {7, 0, 1, 9, "erms"},
    {7, 0, 1, 16, "avx512f"},
    {7, 0, 1, 18, "rdseed"},
    {7, 0, 1, 19, "adx"},
    {7, 0, 1, 20, "smap"},
    {7, 0, 1, 29, "sha_ni"},
    {7, 0, 2, 2, "umip"},
};

static void cpu_flag_names(struct proc_text *text)
{
    uint32_t regs[4] = {0}, leaf = 0, max_basic, max_extended;

    cpuid(0, 0, regs);
    max_basic = regs[0];
    cpuid(0x80000000, 0, regs);
    max_extended = regs[0];
    for (size_t i = 0; i < ARRAY_SIZE(cpu_flags); i++) {
        if (cpu_flags[i].leaf != leaf) {
            leaf = cpu_flags[i].leaf;
            if (leaf > (leaf >= 0x80000000 ? max_extended : max_basic))
                regs[0] = regs[1] = regs[2] = regs[3] = 0;
            else
                cpuid(leaf, cpu_flags[i].subleaf, regs);
        }
        if (regs[cpu_flags[i].reg] >> cpu_flags[i].bit & 1)
            proc_print(text, " %s", cpu_flags[i].name);
    }
}

static int cpuinfo(struct proc_text *text, const struct procfs_process *process)
{
    const struct cpu_features *cpu = &cpu_features;
    uint64_t khz = clock_params.tsc_khz;

    (void)process;
    cpu_detect_names();
    for (unsigned int i = 0; i < online(); i++) {
        proc_print(text, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", i,
                   cpu->vendor, cpu->family, cpu->model);
        proc_print(text, "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %lu.%03lu\n",
                   cpu->model_name, cpu->stepping, khz / 1000, khz % 1000);
        proc_print(text, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
                   online(), i, online());
        proc_print(text,
                   "apicid\t\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\nflags\t\t:",
                   percpu_of[i] ? percpu_of[i]->apic_id : i);
        cpu_flag_names(text);
        proc_print(text, "\nbogomips\t: %lu.%02lu\nclflush size\t: 64\ncache_alignment\t: 64\n",
                   khz / 500, khz / 5 % 100);
        proc_print(text, "address sizes\t: %u bits physical, 48 bits virtual\n\n",
                   cpu->physical_bits);
    }
    return 0;
}

static void cpu_line(struct proc_text *text, uint64_t user, uint64_t system, uint64_t idle)
{
    proc_print(text, " %lu 0 %lu %lu 0 0 0 0 0 0\n", user / NS_PER_TICK, system / NS_PER_TICK,
               idle / NS_PER_TICK);
}

static int stat(struct proc_text *text, const struct procfs_process *process)
{
    uint64_t user = 0, system = 0, idle = 0, interrupts = 0, one[3];
    struct procfs_load load = {0};

    (void)process;
    for (unsigned int i = 0; i < online(); i++) {
        cpu_times(i, one);
        user += one[0];
        system += one[1];
        idle += one[2];
        interrupts += percpu_of[i] ? percpu_of[i]->irq_count : 0;
    }
    procfs_source->load(&load);
    proc_print(text, "cpu ");
    cpu_line(text, user, system, idle);
    for (unsigned int i = 0; i < online(); i++) {
        cpu_times(i, one);
        proc_print(text, "cpu%u", i);
        cpu_line(text, one[0], one[1], one[2]);
    }
    proc_print(text, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\n", interrupts,
               load.context_switches, (clock_wall_ns() - clock_ns()) / NS_PER_SEC, load.forks);
    proc_print(text, "procs_running %u\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
               load.running);
    return 0;
}

/* The counters of vmstat(8) that mean something without swap and without disks for programs. */
static int vmstat(struct proc_text *text, const struct procfs_process *process)
{
    struct page_stats stats;
    uint64_t faults = 0;

    (void)process;
    page_get_stats(&stats);
    for (unsigned int i = 0; i < online(); i++)
        faults += percpu_of[i] ? percpu_of[i]->page_faults : 0;
    proc_print(text, "nr_free_pages %lu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n", stats.free);
    proc_print(text, "pgfault %lu\npgmajfault 0\n", faults);
    return 0;
}

static int uptime(struct proc_text *text, const struct procfs_process *process)
{
    uint64_t now = clock_ns(), idle = 0, one[3];

    (void)process;
    for (unsigned int i = 0; i < online(); i++) {
        cpu_times(i, one);
        idle += one[2];
    }
    proc_print(text, "%lu.%02lu %lu.%02lu\n", now / NS_PER_SEC, now / NS_PER_TICK % 100,
               idle / NS_PER_SEC, idle / NS_PER_TICK % 100);
    return 0;
}

static int loadavg(struct proc_text *text, const struct procfs_process *process)
{
    struct procfs_load load = {0};

    (void)process;
    procfs_source->load(&load);
    for (int i = 0; i < 3; i++)
        proc_print(text, "%lu.%02lu ", load.load_milli[i] / 1000, load.load_milli[i] / 10 % 100);
    proc_print(text, "%u/%u %u\n", load.running, load.threads, load.last_pid);
    return 0;
}

static int version(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    proc_print(text, "Linux version %s %s\n", procfs_source->release(), procfs_source->version());
    return 0;
}

static int filesystems(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    for (size_t i = 0; mount_type_name(i); i++)
        proc_print(text, "nodev\t%s\n", mount_type_name(i));
    return 0;
}

static int cmdline(struct proc_text *text, const struct procfs_process *process)
{
    (void)process; /* the monitor's words are not the program's business */
    proc_print(text, "\n");
    return 0;
}

static int devices(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    proc_print(text, "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\n"
                     "Block devices:\n254 virtblk\n");
    return 0;
}

static ssize_t link_to(char *buf, size_t size, const char *format, int pid, int tid)
{
    int length = snprintf(buf, size, format, pid, tid);

    return MIN((ssize_t)length, (ssize_t)size);
}

static ssize_t link_self(const struct proc_node *node, char *buf, size_t size)
{
    int pid = procfs_source->current_pid();

    (void)node;
    return pid > 0 ? link_to(buf, size, "%d", pid, 0) : -ENOENT;
}

static ssize_t link_thread_self(const struct proc_node *node, char *buf, size_t size)
{
    int pid = procfs_source->current_pid();

    (void)node;
    return pid > 0 ? link_to(buf, size, "%d/task/%d", pid, procfs_source->current_tid()) : -ENOENT;
}

static ssize_t link_mounts(const struct proc_node *node, char *buf, size_t size)
{
    (void)node;
    return link_to(buf, size, "self/mounts", 0, 0);
}

static ssize_t link_net(const struct proc_node *node, char *buf, size_t size)
{
    (void)node;
    return link_to(buf, size, "self/net", 0, 0);
}

#define TEXT_FILE(name_, text_)                                  \
    {                                                            \
        .name = (name_), .mode = S_IFREG | 0444, .text = (text_) \
    }
#define LINK_FILE(name_, link_)                                  \
    {                                                            \
        .name = (name_), .mode = S_IFLNK | 0777, .link = (link_) \
    }

const struct proc_entry proc_system_entries[] = {
    LINK_FILE("self", link_self),
    LINK_FILE("thread-self", link_thread_self),
    LINK_FILE("mounts", link_mounts),
    LINK_FILE("net", link_net),
    TEXT_FILE("cmdline", cmdline),
    TEXT_FILE("cpuinfo", cpuinfo),
    TEXT_FILE("devices", devices),
    TEXT_FILE("filesystems", filesystems),
    TEXT_FILE("interrupts", proc_interrupts),
    TEXT_FILE("loadavg", loadavg),
    TEXT_FILE("locks", proc_locks),
    TEXT_FILE("meminfo", meminfo),
    TEXT_FILE("stat", stat),
    TEXT_FILE("uptime", uptime),
    TEXT_FILE("version", version),
    TEXT_FILE("vmstat", vmstat),
    {.name = "sys", .mode = S_IFDIR | 0555, .children = proc_sys_entries},
    {.name = "sysvipc", .mode = S_IFDIR | 0555, .children = proc_sysvipc_entries},
    PROC_VMM_ROW{0},
};
