/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine and its names, random numbers, the kernel's log. */
#include "arch/clock.h"
#include "fs/procfs.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uts.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

int64_t sys_uname(const struct syscall_args *args)
{
    struct linux_utsname name = {.sysname = UTS_SYSNAME,
                                 .release = UTS_RELEASE,
                                 .version = UTS_VERSION,
                                 .machine = UTS_MACHINE};

    uts_hostname(name.nodename, sizeof(name.nodename));
    uts_domainname(name.domainname, sizeof(name.domainname));
    return copy_to_user(UADDR(args->arg[0]), &name, sizeof(name)) ? -EFAULT : 0;
}

static int64_t set_name(const struct syscall_args *args, void (*set)(const char *, size_t))
{
    char name[UTS_NAME_MAX];

    if (!task_capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (args->arg[1] > sizeof(name))
        return -EINVAL;
    if (copy_from_user(name, UADDR(args->arg[0]), args->arg[1]))
        return -EFAULT;
    set(name, strnlen(name, args->arg[1]));
    return 0;
}

int64_t sys_sethostname(const struct syscall_args *args)
{
    return set_name(args, uts_set_hostname);
}

int64_t sys_setdomainname(const struct syscall_args *args)
{
    return set_name(args, uts_set_domainname);
}

static uint16_t count_processes(void)
{
    unsigned int count = 0;

    for (int pid = process_next_pid(1); pid > 0 && count < UINT16_MAX;
         pid = process_next_pid(pid + 1))
        count++;
    return (uint16_t)count;
}

int64_t sys_sysinfo(const struct syscall_args *args)
{
    const uint64_t load_one = 1ul << 16; /* SI_LOAD_SHIFT */
    struct page_stats pages;

    page_get_stats(&pages);
    struct procfs_load load;
    process_load(&load);
    struct linux_sysinfo info = {
        .uptime = (int64_t)(clock_ns() / NS_PER_S),
        .loads = {load.load_milli[0] * load_one / 1000, load.load_milli[1] * load_one / 1000,
                  load.load_milli[2] * load_one / 1000},
        .totalram = pages.total * PAGE_SIZE,
        .freeram = pages.free * PAGE_SIZE,
        .procs = count_processes(),
        .mem_unit = 1,
    };
    return copy_to_user(UADDR(args->arg[0]), &info, sizeof(info)) ? -EFAULT : 0;
}

int64_t sys_getcpu(const struct syscall_args *args)
{
    if (args->arg[0] && put_user_u32(UADDR(args->arg[0]), this_cpu()->cpu))
        return -EFAULT;
    if (args->arg[1] && put_user_u32(UADDR(args->arg[1]), 0))
        return -EFAULT;
    return 0;
}

int64_t sys_getrandom(const struct syscall_args *args)
{
    uint64_t flags = args->arg[2], size = MIN(args->arg[1], (uint64_t)INT_MAX), done = 0;
    uint8_t chunk[256];

    if (flags & ~(uint64_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if (!(flags & (GRND_NONBLOCK | GRND_INSECURE)))
        random_wait_seeded();
    while (done < size) {
        size_t part = MIN(size - done, sizeof(chunk));
        uint32_t generation;
        size_t missed;
        do {
            generation = random_generation();
            random_bytes(chunk, part);
            missed = copy_to_user_partial(UADDR(args->arg[0] + done), chunk, part);
        } while (UNLIKELY(generation != random_generation()));
        done += part - missed;
        if (missed || sched_checkpoint())
            break;
    }
    memzero_explicit(chunk, sizeof(chunk));
    if (done == 0 && size > 0)
        return user_range_ok(UADDR(args->arg[0]), size) && signal_is_pending() ? -EINTR : -EFAULT;
    return (int64_t)done;
}

/* PER_LINUX with flags; ADDR_NO_RANDOMIZE is honoured by exec. */
int64_t sys_personality(const struct syscall_args *args)
{
    struct process *process = current_process();
    uint32_t old = process->personality;

    if ((uint32_t)args->arg[0] != PERSONALITY_QUERY)
        process->personality = (uint32_t)args->arg[0];
    return old;
}

static int64_t read_log(uaddr_t dst, int64_t size, bool clear)
{
    if (!dst.raw || size < 0)
        return -EINVAL;
    size = MIN(size, (int64_t)SYSLOG_BUFFER_SIZE);
    if (size == 0)
        return 0;
    char *text = kmalloc((size_t)size);
    if (!text)
        return -ENOMEM;
    size_t length = klog_read_since_clear(text, (size_t)size);
    int64_t result = copy_to_user(dst, text, length) ? -EFAULT : (int64_t)length;
    kfree(text);
    if (clear)
        klog_clear();
    return result;
}

/* SYSLOG_ACTION_READ takes lines that nobody has read; here there never are any. */
static int64_t wait_for_lines(void)
{
    wait_prepare();
    while (wait_sleep(WAIT_FOREVER) == 0)
        ;
    return -ERESTARTSYS;
}

/* Console levels: what SYSLOG_ACTION_CONSOLE_ON brings back. */
static int64_t set_console(int action, int64_t level)
{
    static atomic_int saved = -1;

    if (action == SYSLOG_CONSOLE_LEVEL) {
        if (level < 1 || level > LOG_DEBUG + 1)
            return -EINVAL;
        klog_set_level((enum log_level)(level - 1));
        atomic_store(&saved, -1);
        return 0;
    }
    if (action == SYSLOG_CONSOLE_OFF) {
        int none = -1;
        atomic_compare_exchange_strong(&saved, &none, (int)klog_level());
        klog_set_level(LOG_EMERG);
        return 0;
    }
    int before = atomic_exchange(&saved, -1);
    if (before >= 0)
        klog_set_level((enum log_level)before);
    return 0;
}

int64_t sys_syslog(const struct syscall_args *args)
{
    int action = (int)args->arg[0], size = (int)args->arg[2];
    bool harmless = action == SYSLOG_READ_ALL || action == SYSLOG_SIZE_BUFFER;

    if (!harmless && !task_capable(CAP_SYSLOG) && !task_capable(CAP_SYS_ADMIN))
        return -EPERM;
    switch (action) {
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        return read_log(UADDR(args->arg[1]), size, action == SYSLOG_READ_CLEAR);
    case SYSLOG_CLEAR:
        klog_clear();
        return 0;
    case SYSLOG_SIZE_BUFFER:
        return SYSLOG_BUFFER_SIZE;
    case SYSLOG_CONSOLE_OFF:
    case SYSLOG_CONSOLE_ON:
    case SYSLOG_CONSOLE_LEVEL:
        return set_console(action, size);
    case SYSLOG_SIZE_UNREAD: /* nobody here waits for lines: all count as read */
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ:
        if (!args->arg[1] || size < 0)
            return -EINVAL;
        return size == 0 ? 0 : wait_for_lines();
    default:
        return -EINVAL;
    }
}
