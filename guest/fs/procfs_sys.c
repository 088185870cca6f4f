/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/sys: the settings that programs read.  Few can be changed here. */
#include "fs/pipe.h"
#include "fs/procfs_internal.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uts.h"

#define SETTING(function, ...)                                                        \
    static int function(struct proc_text *text, const struct procfs_process *process) \
    {                                                                                 \
        (void)process;                                                                \
        proc_print(text, __VA_ARGS__);                                                \
        return 0;                                                                     \
    }

SETTING(ostype, "Linux\n")
SETTING(osrelease, "%s\n", procfs_source->release())
SETTING(version, "%s\n", procfs_source->version())
SETTING(hostname, "%s\n", procfs_source->hostname())
SETTING(tainted, "0\n")
SETTING(ngroups_max, "65536\n")
SETTING(cap_last_cap, "40\n")
SETTING(randomize_va_space, "2\n")
SETTING(core_pattern, "core\n")
SETTING(yama_ptrace, "1\n")
SETTING(sched_rt_runtime, "950000\n")
SETTING(shmmax, "18446744073692774399\n")
SETTING(overcommit_memory, "0\n")
SETTING(overcommit_ratio, "50\n")
SETTING(mmap_min_addr, "65536\n")
SETTING(swappiness, "0\n")
SETTING(file_max, "9223372036854775807\n")
SETTING(pipe_size, "%lu\n", pipe_max_size())
SETTING(pipe_user_soft, "16384\n")
SETTING(pipe_user_hard, "0\n")
SETTING(protected, "0\n")
SETTING(leases_enable, "1\n")
SETTING(lease_break_time, "45\n")
/* Limits that net/ and syscall/ keep; they are not changed from here. */
SETTING(ipc_sem, "32000\t1024000000\t500\t32000\n")
SETTING(message_max, "8192\n")
SETTING(message_bytes, "16384\n")
SETTING(message_queues, "32000\n")
SETTING(shmall, "18446744073692774399\n")
SETTING(shmmni, "4096\n")
SETTING(mq_messages, "10\n")
SETTING(mq_queues, "256\n")
SETTING(inotify_watches, "65536\n")
SETTING(inotify_events, "16384\n")
SETTING(socket_buffer, "212992\n")
SETTING(socket_control, "20480\n")
SETTING(unix_backlog, "10\n")
SETTING(somaxconn, "4096\n")
SETTING(local_port_range, "32768\t60999\n")
SETTING(entropy_avail, "256\n")
SETTING(poolsize, "256\n")

static int domainname(struct proc_text *text, const struct procfs_process *process)
{
    char name[UTS_NAME_MAX + 1];

    (void)process;
    uts_domainname(name, sizeof(name));
    proc_print(text, "%s\n", name);
    return 0;
}

static int hostname_store(const struct proc_node *node, char *value)
{
    (void)node;
    uts_set_hostname(value, strlen(value));
    return 0;
}

static int domainname_store(const struct proc_node *node, char *value)
{
    (void)node;
    uts_set_domainname(value, strlen(value));
    return 0;
}

static int pipe_size_store(const struct proc_node *node, char *value)
{
    const char *end;
    uint64_t size = parse_u64(value, &end);

    (void)node;
    return *end ? -EINVAL : pipe_set_max_size(size);
}

int proc_setting_text(const struct proc_node *node, struct proc_text *text)
{
    proc_print(text, "%lu\n", setting_get(node->entry->setting));
    return 0;
}

int proc_setting_store(const struct proc_node *node, char *value)
{
    const char *end;
    uint64_t number = parse_u64(value, &end);

    return *end || end == value ? -EINVAL : setting_set(node->entry->setting, number);
}

/* console level, level of messages without one, lowest and usual console level: syslog(2) */
static int printk(struct proc_text *text, const struct procfs_process *process)
{
    (void)process;
    proc_print(text, "%d\t%d\t%d\t%d\n", (int)klog_level() + 1, LOG_WARNING, 1, LOG_WARNING + 1);
    return 0;
}

static int printk_store(const struct proc_node *node, char *value)
{
    const char *end;
    uint64_t level = parse_u64(value, &end);

    (void)node;
    if (end == value || level < 1 || level > LOG_DEBUG + 1)
        return -EINVAL;
    klog_set_level((enum log_level)(level - 1));
    return 0;
}

static int last_pid(struct proc_text *text, const struct procfs_process *process)
{
    struct procfs_load load;

    (void)process;
    procfs_source->load(&load);
    proc_print(text, "%u\n", load.last_pid);
    return 0;
}

static int last_pid_store(const struct proc_node *node, char *value)
{
    const char *end;
    uint64_t number = parse_u64(value, &end);

    (void)node;
    if (*end || end == value || number >= setting_get(&setting_pid_max))
        return -EINVAL;
    procfs_source->set_last_pid((int)number);
    return 0;
}

static void uuid_text(struct proc_text *text, const uint8_t bytes[16])
{
    for (int i = 0; i < 16; i++)
        proc_print(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
    proc_print(text, "\n");
}

static void uuid_make(uint8_t bytes[16])
{
    random_bytes(bytes, 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4, RFC 9562 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
}

static int uuid(struct proc_text *text, const struct procfs_process *process)
{
    uint8_t bytes[16];

    (void)process;
    uuid_make(bytes);
    uuid_text(text, bytes);
    return 0;
}

static int boot_id(struct proc_text *text, const struct procfs_process *process)
{
    static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_ANY);
    static uint8_t bytes[16];
    uint8_t fresh[16], copy[16];

    (void)process;
    uuid_make(fresh);
    spin_lock(&lock);
    for (int i = 0; i < 16; i++) {
        if (!(bytes[6] & 0x40)) /* not made yet */
            break;
        fresh[i] = bytes[i];
    }
    for (int i = 0; i < 16; i++)
        copy[i] = bytes[i] = fresh[i];
    spin_unlock(&lock);
    uuid_text(text, copy);
    return 0;
}

#define SYS_FILE(name_, text_)                                   \
    {                                                            \
        .name = (name_), .mode = S_IFREG | 0444, .text = (text_) \
    }
#define SYS_NAME(name_, text_, store_)                                              \
    {                                                                               \
        .name = (name_), .mode = S_IFREG | 0644, .text = (text_), .store = (store_) \
    }
#define SYS_NUMBER(name_, setting_)                                            \
    {                                                                          \
        .name = (name_), .mode = S_IFREG | 0644, .text_of = proc_setting_text, \
        .store = proc_setting_store, .setting = (setting_)                     \
    }
#define SYS_DIR(name_, children_)                                        \
    {                                                                    \
        .name = (name_), .mode = S_IFDIR | 0555, .children = (children_) \
    }

static const struct proc_entry random_entries[] = {
    SYS_FILE("boot_id", boot_id),
    SYS_FILE("uuid", uuid),
    SYS_FILE("entropy_avail", entropy_avail),
    SYS_FILE("poolsize", poolsize),
    {0},
};

static const struct proc_entry yama_entries[] = {SYS_FILE("ptrace_scope", yama_ptrace), {0}};

static const struct proc_entry kernel_entries[] = {
    SYS_FILE("ostype", ostype),
    SYS_FILE("osrelease", osrelease),
    SYS_FILE("version", version),
    SYS_NAME("hostname", hostname, hostname_store),
    SYS_NAME("domainname", domainname, domainname_store),
    SYS_NAME("ns_last_pid", last_pid, last_pid_store),
    SYS_NUMBER("pid_max", &setting_pid_max),
    SYS_NAME("printk", printk, printk_store),
    SYS_NUMBER("threads-max", &setting_threads_max),
    SYS_FILE("ngroups_max", ngroups_max),
    SYS_FILE("cap_last_cap", cap_last_cap),
    SYS_FILE("randomize_va_space", randomize_va_space),
    SYS_FILE("core_pattern", core_pattern),
    SYS_FILE("sched_rt_runtime_us", sched_rt_runtime),
    SYS_FILE("shmall", shmall),
    SYS_FILE("shmmax", shmmax),
    SYS_FILE("shmmni", shmmni),
    SYS_FILE("sem", ipc_sem),
    SYS_FILE("msgmax", message_max),
    SYS_FILE("msgmnb", message_bytes),
    SYS_FILE("msgmni", message_queues),
    SYS_FILE("tainted", tainted),
    SYS_DIR("random", random_entries),
    SYS_DIR("yama", yama_entries),
    {0},
};

static const struct proc_entry vm_entries[] = {
    SYS_FILE("overcommit_memory", overcommit_memory),
    SYS_FILE("overcommit_ratio", overcommit_ratio),
    SYS_NUMBER("max_map_count", &setting_max_map_count),
    SYS_FILE("mmap_min_addr", mmap_min_addr),
    SYS_FILE("swappiness", swappiness),
    {0},
};

static const struct proc_entry inotify_entries[] = {
    SYS_FILE("max_queued_events", inotify_events),
    SYS_FILE("max_user_watches", inotify_watches),
    {0},
};

static const struct proc_entry mqueue_entries[] = {
    SYS_FILE("msg_default", mq_messages),     SYS_FILE("msg_max", mq_messages),
    SYS_FILE("msgsize_default", message_max), SYS_FILE("msgsize_max", message_max),
    SYS_FILE("queues_max", mq_queues),        {0},
};

static const struct proc_entry fs_entries[] = {
    SYS_FILE("file-max", file_max),
    SYS_NUMBER("nr_open", &setting_nr_open),
    SYS_NAME("pipe-max-size", pipe_size, pipe_size_store),
    SYS_FILE("pipe-user-pages-hard", pipe_user_hard),
    SYS_FILE("pipe-user-pages-soft", pipe_user_soft),
    SYS_FILE("lease-break-time", lease_break_time),
    SYS_FILE("leases-enable", leases_enable),
    SYS_FILE("protected_fifos", protected),
    SYS_FILE("protected_hardlinks", protected),
    SYS_FILE("protected_regular", protected),
    SYS_FILE("protected_symlinks", protected),
    SYS_DIR("inotify", inotify_entries),
    SYS_DIR("mqueue", mqueue_entries),
    {0},
};

static const struct proc_entry core_entries[] = {
    SYS_FILE("optmem_max", socket_control),
    SYS_FILE("rmem_default", socket_buffer),
    SYS_FILE("rmem_max", socket_buffer),
    SYS_FILE("somaxconn", somaxconn),
    SYS_FILE("wmem_default", socket_buffer),
    SYS_FILE("wmem_max", socket_buffer),
    {0},
};
static const struct proc_entry ipv4_entries[] = {SYS_FILE("ip_local_port_range", local_port_range),
                                                 {0}};
static const struct proc_entry unix_entries[] = {SYS_FILE("max_dgram_qlen", unix_backlog), {0}};
static const struct proc_entry net_entries[] = {SYS_DIR("core", core_entries),
                                                SYS_DIR("ipv4", ipv4_entries),
                                                SYS_DIR("unix", unix_entries),
                                                {0}};

const struct proc_entry proc_sys_entries[] = {
    SYS_DIR("kernel", kernel_entries),
    SYS_DIR("vm", vm_entries),
    SYS_DIR("fs", fs_entries),
    SYS_DIR("net", net_entries),
    {0},
};
