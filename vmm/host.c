/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this host offers: the answers behind `vmm doctor`.  Asks, changes
 * nothing.
 */
#include <errno.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/kvm/probe.h"
#include "vmm/qemu/qemu.h"

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

/* With a bad pointer: EFAULT says that the kernel would have taken a filter. */
static bool has_seccomp(void)
{
    return prctl(PR_SET_SECCOMP, 2, NULL, 0, 0) < 0 && errno == EFAULT;
}

static bool has_user_namespaces(void)
{
    return access("/proc/self/ns/user", F_OK) == 0;
}

static void copy_out(struct vmm_host *host, const struct vmm_host *all)
{
    size_t size = host->size < sizeof(*all) ? host->size : sizeof(*all);

    memcpy(host, all, size);
    host->size = size;
}

int vmm_probe_host(struct vmm_host *host)
{
    struct vmm_host all;

    if (host->size < sizeof(host->size)) {
        return -EINVAL;
    }
    memset(&all, 0, sizeof(all));
    all.kvm = kvm_probe(all.kvm_text, sizeof(all.kvm_text));
    if (qemu_find(all.qemu_path, sizeof(all.qemu_path)) == 0) {
        snprintf(all.qemu_text, sizeof(all.qemu_text), "%.150s is installed", all.qemu_path);
    } else {
        all.qemu_path[0] = '\0';
        snprintf(all.qemu_text, sizeof(all.qemu_text),
                 "qemu-system-x86_64 is not installed (Debian: qemu-system-x86)");
    }
    all.landlock = has_landlock();
    all.seccomp = has_seccomp();
    all.user_namespaces = has_user_namespaces();
    copy_out(host, &all);
    return 0;
}
