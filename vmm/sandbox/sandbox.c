/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Closes the process, step by step; each step narrows what the next ones could
 * still be used for.  All of it concerns the calling thread and what it starts
 * (PR_SET_DUMPABLE: the process).
 */
#include "vmm/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/sandbox/seccomp.h"

/* Rights on files that each version of Landlock can take away: bits 0 to N. */
#define LANDLOCK_FS_V1 ((1ull << 13) - 1)
#define LANDLOCK_FS_V2 ((1ull << 14) - 1)
#define LANDLOCK_FS_V3 ((1ull << 15) - 1)
#define LANDLOCK_FS_V5 ((1ull << 16) - 1)
#define LANDLOCK_FS_TRUNCATE (1ull << 14) /* version 3 */
#define LANDLOCK_FS_IOCTL_DEV (1ull << 15) /* version 5 */
#define LANDLOCK_NET_V4 3ull /* bind and connect TCP */
#define LANDLOCK_SCOPED_V6 1ull /* abstract sockets; signals are seccomp's */

/* The kernel's structure, whatever age the system's header has. */
struct landlock_rights {
    uint64_t files, net, scoped;
};

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    memset(none, 0, sizeof(none));
    return syscall(SYS_capset, &header, none) == 0 ? 0 : -errno;
}

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The version of Landlock that this kernel has, as a rule set takes it; below 1: none. */
static int create_ruleset(struct landlock_rights *rights)
{
    long version = landlock_version();
    if (version < 1)
        return -ENOSYS;
    *rights = (struct landlock_rights){
        .files = version >= 5   ? LANDLOCK_FS_V5
                 : version >= 3 ? LANDLOCK_FS_V3
                 : version == 2 ? LANDLOCK_FS_V2
                                : LANDLOCK_FS_V1,
        .net = version >= 4 ? LANDLOCK_NET_V4 : 0,
        .scoped = version >= 6 ? LANDLOCK_SCOPED_V6 : 0,
    };
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int fd = (int)syscall(SYS_landlock_create_ruleset, rights, size, 0);
    return fd < 0 ? -errno : fd;
}

/* A rule set without rules: every right it names is gone. */
static int deny_files(void)
{
    struct landlock_rights rights;
    int fd = create_ruleset(&rights);
    if (fd == -ENOSYS)
        return 0; /* this host has none: seccomp alone denies opening */
    if (fd < 0)
        return fd;
    int result = syscall(SYS_landlock_restrict_self, fd, 0) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

static int fail(struct vmm_error *error, int result, const char *step)
{
    return vmm_fail(error, result, VMM_FAULT_USAGE,
                    "the sandbox cannot be closed (%s: %s); --no-sandbox does without", step,
                    strerror(-result));
}

/* Steps before anything that could fail for lack of rights. */
static int give_up_privileges(struct vmm_error *error)
{
    /* Nothing that is executed later could gain rights; what follows needs it. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(error, -errno, "no_new_privs");
    /* No core dump with the guest's memory, no ptrace by the same user. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail(error, -errno, "dumpable");
    return 0;
}

int sandbox_enter(enum sandbox_role role, struct vmm_error *error)
{
    int result = give_up_privileges(error);
    if (result)
        return result;
    result = deny_files();
    if (result)
        return fail(error, result, "Landlock");
    result = drop_capabilities();
    if (result)
        return fail(error, result, "capabilities");
    result = seccomp_install(role);
    return result ? fail(error, result, "seccomp") : 0;
}

/* ---- Processes that make calls ------------------------------------------- */

/* As far as the path is there: what is missing cannot be opened anyway. */
static int allow_path(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return 0;
    long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int error = errno;
    close(rule.parent_fd);
    return result == 0 ? 0 : -error;
}

static int restrict_files(const char *const *readable, const char *const *writable)
{
    struct landlock_rights rights;
    int ruleset = create_ruleset(&rights), result;
    if (ruleset < 0)
        return ruleset == -ENOSYS ? 0 : ruleset;
    result = allow_path(ruleset, "/dev/kvm",
                        rights.files & (LANDLOCK_ACCESS_FS_READ_FILE |
                                        LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_FS_IOCTL_DEV));
    for (; readable && *readable && !result; readable++)
        result = allow_path(ruleset, *readable, LANDLOCK_ACCESS_FS_READ_FILE);
    for (; writable && *writable && !result; writable++)
        result =
            allow_path(ruleset, *writable,
                       rights.files & (LANDLOCK_ACCESS_FS_READ_FILE |
                                       LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                       LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_FS_TRUNCATE));
    if (!result && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        result = -errno;
    close(ruleset);
    return result;
}

int vmm_enclose(const char *const *readable, const char *const *writable, struct vmm_error *error)
{
    int result = give_up_privileges(error);
    if (result)
        return result;
    result = restrict_files(readable, writable);
    if (result)
        return fail(error, result, "Landlock");
    result = drop_capabilities();
    if (result)
        return fail(error, result, "capabilities");
    result = seccomp_install(SANDBOX_CALLS);
    return result ? fail(error, result, "seccomp") : 0;
}
