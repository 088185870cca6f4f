/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filters as the kernel will run them, on an interpreter of classic BPF:
 * what each allows of all system calls, and which arguments it looks at.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "seccomp_filters.h"
#include "vmm/sandbox/sandbox_abi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define THREAD_FLAGS 0x3d0f00u /* what the C library's pthread_create() passes */

struct filter {
    const struct sock_filter *program;
    size_t length;
};

static const struct filter kvm = {kvm_filter, COUNT(kvm_filter)};
static const struct filter large = {kvm_large_filter, COUNT(kvm_large_filter)};
static const struct filter qemu = {qemu_filter, COUNT(qemu_filter)};

/* Linux, Documentation/networking/filter.rst; what the filters use of it. */
static uint32_t run(const struct filter *filter, const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0;
    for (size_t pc = 0; pc < filter->length; pc++) {
        const struct sock_filter *op = &filter->program[pc];
        bool taken = false;
        switch (op->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(op->k % 4 == 0 && op->k < sizeof(*data));
            memcpy(&a, (const char *)data + op->k, 4);
            continue;
        case BPF_LD | BPF_IMM:
            a = op->k;
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= op->k;
            continue;
        case BPF_ALU | BPF_LSH | BPF_X:
            assert_true(x < 32); /* else undefined */
            a <<= x;
            continue;
        case BPF_MISC | BPF_TAX:
            x = a;
            continue;
        case BPF_MISC | BPF_TXA:
            a = x;
            continue;
        case BPF_RET | BPF_K:
            return op->k;
        case BPF_JMP | BPF_JA:
            pc += op->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            taken = a == op->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            taken = a >= op->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            taken = a > op->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            taken = a & op->k;
            break;
        default:
            fail_msg("instruction %zu is unknown: %#x", pc, op->code);
        }
        pc += taken ? op->jt : op->jf;
    }
    fail_msg("the filter runs off its end");
    return 0;
}

static bool allows(const struct filter *filter, int number, uint64_t arg0, uint64_t arg1,
                   uint64_t arg2)
{
    struct seccomp_data data = {
        .nr = number,
        .arch = AUDIT_ARCH_X86_64,
        .args = {arg0, arg1, arg2},
    };
    return run(filter, &data) == SECCOMP_RET_ALLOW;
}

static void test_nothing_opens_or_executes(void **state)
{
    (void)state;
    static const int calls[] = {
        SYS_open,
        SYS_openat,
        SYS_openat2,
        SYS_creat,
        SYS_execve,
        SYS_execveat,
        SYS_fork,
        SYS_vfork,
        SYS_socket,
        SYS_connect,
        SYS_bind,
        SYS_sendto,
        SYS_sendmsg,
        SYS_ptrace,
        SYS_kill,
        SYS_tkill,
        SYS_unlink,
        SYS_rename,
        SYS_chmod,
        SYS_mount,
        SYS_setuid,
        SYS_capset,
        SYS_bpf,
        SYS_io_uring_setup,
        SYS_userfaultfd,
        SYS_memfd_create,
        SYS_unshare,
        SYS_setns,
        SYS_keyctl,
        SYS_perf_event_open,
        SYS_init_module,
        SYS_process_vm_writev,
        SYS_name_to_handle_at,
        SYS_pidfd_open,
        SYS_readlink,
        SYS_stat,
        SYS_newfstatat,
        SYS_statx,
        SYS_getdents64,
    };
    for (size_t i = 0; i < COUNT(calls); i++) {
        assert_false(allows(&kvm, calls[i], 0, 0, 0));
        assert_false(allows(&large, calls[i], 0, 0, 0));
        assert_false(allows(&qemu, calls[i], 0, 0, 0));
    }
}

static void test_few_calls_are_allowed(void **state)
{
    (void)state;
    unsigned int in_kvm = 0, in_qemu = 0;
    for (int number = 0; number < 1024; number++) {
        in_kvm += allows(&kvm, number, 0, 0, 0);
        in_qemu += allows(&qemu, number, 0, 0, 0);
        assert_true(!allows(&kvm, number, 0, 0, 0) || allows(&large, number, 0, 0, 0));
    }
    assert_in_range(in_kvm, 25, 45);
    assert_in_range(in_qemu, 20, 32);
    assert_true(allows(&kvm, SYS_read, 0, 0, 0) && allows(&kvm, SYS_exit_group, 0, 0, 0));
    assert_true(allows(&kvm, SYS_futex, 0, 0, 0) && allows(&kvm, SYS_rt_sigreturn, 0, 0, 0));
    assert_true(allows(&qemu, SYS_poll, 0, 0, 0) && allows(&qemu, SYS_waitid, 0, 0, 0));
    assert_false(allows(&qemu, SYS_ioctl, 3, KVM_RUN, 0));
    assert_false(allows(&kvm, -1, 0, 0, 0));
    assert_false(allows(&kvm, 0x40000000, 0, 0, 0)); /* x32's read() */
}

static void test_other_abis_are_refused(void **state)
{
    (void)state;
    const struct seccomp_data data = {.nr = SYS_read, .arch = AUDIT_ARCH_I386};
    assert_int_equal(run(&kvm, &data), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(run(&large, &data), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(run(&qemu, &data), SECCOMP_RET_KILL_PROCESS);
}

static void test_arguments_are_checked(void **state)
{
    (void)state;
    assert_true(allows(&kvm, SYS_ioctl, 9, KVM_RUN, 0));
    assert_false(allows(&kvm, SYS_ioctl, 9, KVM_CREATE_VM, 0));
    assert_false(allows(&kvm, SYS_ioctl, 9, KVM_SET_USER_MEMORY_REGION, 0));
    assert_false(allows(&kvm, SYS_ioctl, 9, KVM_CREATE_VCPU, 0));
    assert_true(allows(&large, SYS_ioctl, 9, KVM_CREATE_VCPU, 0));
    assert_false(allows(&large, SYS_ioctl, 9, KVM_CREATE_DEVICE, 0));
    assert_false(allows(&kvm, SYS_ioctl, 0, TIOCSTI, 0));
    assert_true(allows(&kvm, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE));
    assert_false(allows(&kvm, SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC));
    assert_false(allows(&qemu, SYS_mprotect, 0, 4096, PROT_EXEC));
    assert_true(allows(&kvm, SYS_clone, THREAD_FLAGS, 0, 0));
    assert_false(allows(&kvm, SYS_clone, SIGCHLD, 0, 0));
    assert_false(allows(&kvm, SYS_clone, THREAD_FLAGS | CLONE_NEWUSER, 0, 0));
    assert_true(allows(&kvm, SYS_tgkill, SANDBOX_PID_MAGIC, 1, 9));
    assert_false(allows(&kvm, SYS_tgkill, 1, 1, 9));
    /* pthread_create() must find clone3 missing and take clone. */
    const struct seccomp_data data = {.nr = SYS_clone3, .arch = AUDIT_ARCH_X86_64};
    assert_int_equal(run(&kvm, &data), SECCOMP_RET_ERRNO | ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_opens_or_executes),
        cmocka_unit_test(test_few_calls_are_allowed),
        cmocka_unit_test(test_other_abis_are_refused),
        cmocka_unit_test(test_arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
