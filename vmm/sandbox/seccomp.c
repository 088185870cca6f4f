/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Installs a filter that gen/gen_seccomp.c compiled at build time; the only
 * thing put in at run time is our own process id.
 */
#include "vmm/sandbox/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp_filters.h"
#include "vmm/sandbox/sandbox_abi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INSTRUCTIONS_MAX 256u
_Static_assert(COUNT(calls_filter) <= INSTRUCTIONS_MAX, "the largest filter fits");
_Static_assert(COUNT(kvm_large_filter) <= COUNT(calls_filter), "the largest is this");
_Static_assert(COUNT(kvm_filter) <= COUNT(calls_filter), "the largest is this");
_Static_assert(COUNT(qemu_filter) <= COUNT(calls_filter), "the largest is this");

static int install(const struct sock_filter *filter, size_t count)
{
    struct sock_filter program[INSTRUCTIONS_MAX];
    uint32_t pid = (uint32_t)getpid();
    for (size_t i = 0; i < count; i++) {
        program[i] = filter[i];
        if (program[i].k == SANDBOX_PID_MAGIC)
            program[i].k = pid;
    }
    struct sock_fprog description = {.len = (unsigned short)count, .filter = program};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &description) == 0 ? 0 : -errno;
}

int seccomp_install(enum sandbox_role role)
{
    switch (role) {
    case SANDBOX_KVM:
        return install(kvm_filter, COUNT(kvm_filter));
    case SANDBOX_KVM_LARGE:
        return install(kvm_large_filter, COUNT(kvm_large_filter));
    case SANDBOX_CALLS:
        return install(calls_filter, COUNT(calls_filter));
    case SANDBOX_QEMU:
        return install(qemu_filter, COUNT(qemu_filter));
    }
    return -EINVAL;
}
