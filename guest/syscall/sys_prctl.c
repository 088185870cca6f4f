/* SPDX-License-Identifier: BSD-2-Clause */
/* prctl(2), arch_prctl(2), reboot(2). */
#include "arch/context.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/unsupported.h"
#include "mm/paging.h"
#include "mm/uaccess.h"
#include "proc/process.h"
#include "syscall/dispatch.h"
#include "syscall/linux_abi.h"

#define NAME_SIZE 16u
#define DUMPABLE_MAX 1u
#define TIMING_STATISTICAL 0u
#define TSC_ENABLE 1u
#define CAP_SYS_BOOT 22

static int64_t set_name(uint64_t address)
{
    struct thread *thread = current_thread();
    char name[NAME_SIZE];
    ssize_t length = copy_string_from_user(name, UADDR(address), NAME_SIZE);

    if (length < 0 && length != -ENAMETOOLONG)
        return length;
    if (length < 0)
        name[NAME_SIZE - 1] = 0;
    strlcpy(thread->name, name, sizeof(thread->name));
    return 0;
}

static int64_t get_name(uint64_t address)
{
    char name[NAME_SIZE] = {0};

    strlcpy(name, current_thread()->name, sizeof(name));
    return copy_to_user(UADDR(address), name, sizeof(name));
}

static int64_t drop_bounding(uint64_t capability)
{
    if (!task_capable(CAP_SETPCAP))
        return -EPERM;
    if (capability > CAP_LAST)
        return -EINVAL;
    current_task()->cred.cap_bounding &= ~(1ul << capability);
    return 0;
}

static int64_t ambient(const struct syscall_args *args)
{
    struct credentials *cred = &current_task()->cred;
    uint64_t capability = args->arg[2], bit = 1ul << (capability & 63);

    if (args->arg[1] == PR_CAP_AMBIENT_CLEAR_ALL) {
        if (args->arg[2] | args->arg[3] | args->arg[4])
            return -EINVAL;
        cred->cap_ambient = 0;
        return 0;
    }
    if (capability > CAP_LAST || (args->arg[3] | args->arg[4]))
        return -EINVAL;
    switch (args->arg[1]) {
    case PR_CAP_AMBIENT_IS_SET:
        return !!(cred->cap_ambient & bit);
    case PR_CAP_AMBIENT_RAISE:
        if (!(cred->cap_permitted & cred->cap_inheritable & bit) ||
            (cred->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
            return -EPERM;
        cred->cap_ambient |= bit;
        return 0;
    case PR_CAP_AMBIENT_LOWER:
        cred->cap_ambient &= ~bit;
        return 0;
    default:
        return -EINVAL;
    }
}

/* Locked bits stay as they are, locks stay locked. */
static int64_t set_securebits(struct credentials *cred, uint64_t value)
{
    uint32_t locked = (cred->securebits & SECBITS_LOCKS) >> 1;

    if (!task_capable(CAP_SETPCAP) || (value & ~(uint64_t)SECBITS_ALL) ||
        ((cred->securebits ^ value) & locked) ||
        (cred->securebits & SECBITS_LOCKS & ~(uint32_t)value))
        return -EPERM;
    cred->securebits = (uint32_t)value;
    return 0;
}

static int64_t set_keep_caps(struct credentials *cred, uint64_t value)
{
    if (value > 1)
        return -EINVAL;
    if (cred->securebits & SECBIT_KEEP_CAPS << 1)
        return -EPERM;
    cred->securebits &= ~SECBIT_KEEP_CAPS;
    if (value)
        cred->securebits |= SECBIT_KEEP_CAPS;
    return 0;
}

/* Nothing is mitigated for single programs. */
static int64_t speculation(bool set, uint64_t which, uint64_t rest)
{
    if (rest)
        return -EINVAL;
    if (which > PR_SPEC_L1D_FLUSH)
        return -ENODEV;
    return set ? -ENXIO : (int64_t)PR_SPEC_ENABLE;
}

/* Options that read or write a flag of the process or its credentials. */
static int64_t flag_option(int option, uint64_t value, uint64_t rest)
{
    struct process *process = current_process();
    struct credentials *cred = &current_task()->cred;

    switch (option) {
    case PR_GET_DUMPABLE:
        return process->dumpable;
    case PR_SET_DUMPABLE:
        if (value > DUMPABLE_MAX)
            return -EINVAL;
        process->dumpable = value;
        return 0;
    case PR_GET_KEEPCAPS:
        return !!(cred->securebits & SECBIT_KEEP_CAPS);
    case PR_SET_KEEPCAPS:
        return set_keep_caps(cred, value);
    case PR_SET_CHILD_SUBREAPER:
        process->subreaper = value != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return put_user_u32(UADDR(value), process->subreaper);
    case PR_SET_NO_NEW_PRIVS:
        if (value != 1 || rest)
            return -EINVAL;
        cred->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return value || rest ? -EINVAL : cred->no_new_privs;
    case PR_GET_SECUREBITS:
        return cred->securebits;
    case PR_SET_SECUREBITS:
        return set_securebits(cred, value);
    default:
        UNSUPPORTED("prctl: option %d is not available: EINVAL", option);
        return -EINVAL;
    }
}

int64_t sys_prctl(const struct syscall_args *args)
{
    struct task *task = current_task();
    int option = (int)args->arg[0];
    uint64_t value = args->arg[1];

    switch (option) {
    case PR_SET_PDEATHSIG:
        if (value > NSIG)
            return -EINVAL;
        task->pdeath_signal = (int)value;
        return 0;
    case PR_GET_PDEATHSIG:
        return put_user_u32(UADDR(value), (uint32_t)task->pdeath_signal);
    case PR_SET_NAME:
        return set_name(value);
    case PR_GET_NAME:
        return get_name(value);
    case PR_CAPBSET_READ:
        return value > CAP_LAST ? -EINVAL : (int64_t)(task->cred.cap_bounding >> value & 1);
    case PR_CAPBSET_DROP:
        return drop_bounding(value);
    case PR_CAP_AMBIENT:
        return ambient(args);
    case PR_GET_TIMING:
        return TIMING_STATISTICAL;
    case PR_SET_TIMING:
        return value == TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_TSC:
        return put_user_u32(UADDR(value), TSC_ENABLE);
    case PR_SET_TSC:
        return value == TSC_ENABLE ? 0 : -EINVAL;
    case PR_SET_TIMERSLACK:
        task->timer_slack_ns = value ? value : task->timer_slack_default_ns;
        return 0;
    case PR_GET_TIMERSLACK:
        return (int64_t)MIN(task->timer_slack_ns, (uint64_t)INT_MAX);
    case PR_GET_TID_ADDRESS:
        return put_user_u64(UADDR(value), task->clear_child_tid.raw);
    case PR_GET_SECCOMP:
        return 0;
    case PR_SET_PTRACER: /* nobody traces: as with Yama switched off */
    case PR_SET_VMA:
    case PR_SET_SECCOMP:
    case PR_SET_MM:
        return -EINVAL;
    case PR_SET_THP_DISABLE:
        if (args->arg[2] | args->arg[3] | args->arg[4])
            return -EINVAL;
        atomic_store(&current_mm()->no_huge_pages, value != 0);
        return 0;
    case PR_GET_THP_DISABLE:
        if (value | args->arg[2] | args->arg[3] | args->arg[4])
            return -EINVAL;
        return atomic_load(&current_mm()->no_huge_pages);
    case PR_GET_SPECULATION_CTRL:
        return speculation(false, value, args->arg[2] | args->arg[3] | args->arg[4]);
    case PR_SET_SPECULATION_CTRL:
        return speculation(true, value, args->arg[3] | args->arg[4]);
    default:
        return flag_option(option, value, args->arg[2] | args->arg[3] | args->arg[4]);
    }
}

int64_t sys_arch_prctl(const struct syscall_args *args)
{
    struct thread *thread = current_thread();
    uint64_t address = args->arg[1];

    switch ((int)args->arg[0]) {
    case ARCH_SET_FS:
        if (address >= USER_END)
            return -EPERM;
        thread->fs_base = address;
        user_fs_base_set(address);
        return 0;
    case ARCH_SET_GS:
        if (address >= USER_END)
            return -EPERM;
        thread->gs_base = address;
        user_gs_base_set(address);
        return 0;
    case ARCH_GET_FS:
        return put_user_u64(UADDR(address), user_fs_base_get());
    case ARCH_GET_GS:
        return put_user_u64(UADDR(address), user_gs_base_get());
    case ARCH_GET_CPUID:
        return 1;
    case ARCH_SET_CPUID:
        return -ENODEV; /* CPUID cannot be made to fault here */
    default:
        return -EINVAL;
    }
}

int64_t sys_reboot(const struct syscall_args *args)
{
    uint32_t magic2 = (uint32_t)args->arg[1], command = (uint32_t)args->arg[2];

    if (!task_capable(CAP_SYS_BOOT))
        return -EPERM;
    if ((uint32_t)args->arg[0] != REBOOT_MAGIC1 ||
        (magic2 != REBOOT_MAGIC2 && magic2 != REBOOT_MAGIC2A && magic2 != REBOOT_MAGIC2B &&
         magic2 != REBOOT_MAGIC2C))
        return -EINVAL;
    switch (command) {
    case REBOOT_CMD_CAD_ON:
    case REBOOT_CMD_CAD_OFF:
        return 0;
    case REBOOT_CMD_RESTART:
    case REBOOT_CMD_RESTART2:
    case REBOOT_CMD_HALT:
    case REBOOT_CMD_POWER_OFF:
        process_reboot();
        return 0;
    default:
        return -EINVAL;
    }
}
