/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs at build time: writes the seccomp filters of vmm/sandbox as C arrays of
 * BPF.  The lists below are the whole of what a VM's process may ask of the
 * host's kernel once the guest runs; each line says why.  Everything else kills
 * the process.
 *
 * SANDBOX_PID_MAGIC stands for our own process id; sandbox.c puts it in.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/filter.h>

#include "vmm/sandbox/sandbox_abi.h"

/*
 * Exactly what pthread_create() asks for: a thread, never a process or namespace.
 * (musl also sets CLONE_DETACHED, which Linux ignores.)
 */
#define THREAD_FLAGS                                                                    \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "gen_seccomp: %s: error %d\n", what, -result);
    exit(1);
}

#define ALLOW(name) check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(name), 0), #name)
#define ALLOW_IF(name, ...) \
    check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(name), 1, __VA_ARGS__), #name)
#define ALLOW_REQUEST(request) ALLOW_IF(ioctl, SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_HALF, request))
/* The kernel looks at no more of an int; half the instructions. */
#define LOW_HALF 0xffffffffull

/* What any of our processes needs to go on and to end. */
static void allow_common(scmp_filter_ctx filter)
{
    /* Descriptors that were opened before; nothing opens new files. */
    ALLOW(read); /* eventfds, standard input, channels */
    ALLOW(write); /* eventfds, standard output, messages */
    ALLOW(close);
    ALLOW(fstat); /* has a mapped file changed? */
    ALLOW(poll); /* wait for a slow reader */
    /* Memory for malloc and thread stacks; never executable. */
    ALLOW(brk);
    ALLOW(munmap);
    ALLOW(madvise);
    ALLOW_IF(mmap, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ALLOW_IF(mprotect, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ALLOW(mremap); /* keeps the protection; realloc() of large blocks */
    /* Locks and signals between our own threads. */
    ALLOW(futex);
    ALLOW(rt_sigreturn);
    ALLOW(rt_sigprocmask);
    ALLOW(rt_sigaction); /* pthread_create(), abort() */
    ALLOW(restart_syscall);
    ALLOW_IF(tgkill, SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF, SANDBOX_PID_MAGIC)); /* kicks, raise() */
    ALLOW(getpid);
    ALLOW(gettid);
    /* Time, where the vDSO cannot tell it. */
    ALLOW(clock_gettime);
    /* The user's terminal gets its mode back, and its size is asked for. */
    ALLOW_REQUEST(TCGETS);
    ALLOW_REQUEST(TCSETSW);
    ALLOW_REQUEST(TIOCGWINSZ);
    ALLOW(exit);
    ALLOW(exit_group);
    /* vmm_abandon(): a helper that shares everything, and dies with us. */
    ALLOW_IF(clone, SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF, CLONE_VM | CLONE_FILES));
    ALLOW_IF(prctl, SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF, PR_SET_PDEATHSIG));
}

/* A VM with one CPU. */
static void allow_kvm(scmp_filter_ctx filter)
{
    /* The VM. */
    ALLOW_REQUEST(KVM_RUN);
    ALLOW_REQUEST(KVM_SIGNAL_MSI); /* interrupts of devices */
    ALLOW_REQUEST(KVM_IOEVENTFD); /* a queue turned out to be busy */
    /* Devices: standard streams and disk images. */
    ALLOW(readv);
    ALLOW(writev);
    ALLOW(preadv);
    ALLOW(pwritev);
    ALLOW(preadv2); /* without waiting (RWF_NOWAIT) */
    ALLOW(pwritev2);
    ALLOW(fdatasync); /* the guest flushes its disk */
    ALLOW(getrandom); /* virtio-rng */
    /* The I/O thread. */
    ALLOW(eventfd2);
    ALLOW(epoll_create1);
    ALLOW(epoll_ctl);
    ALLOW(epoll_wait);
    ALLOW(epoll_pwait); /* what musl calls for epoll_wait() */
    ALLOW(timer_settime); /* --timeout, made before */
    ALLOW(timer_delete);
    ALLOW(sched_yield);
    ALLOW(rt_sigtimedwait); /* takes back a kick, or SIGPIPE */
    ALLOW_IF(fcntl, SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_HALF, F_DUPFD_CLOEXEC)); /* in = out */
    /* Threads for I/O and CPUs.  The flags of clone3 cannot be seen by a filter:
     * it is said to be missing, and the C library takes clone. */
    ALLOW_IF(clone, SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF & ~CLONE_DETACHED, THREAD_FLAGS));
    check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
    ALLOW(set_robust_list);
    ALLOW(rseq);
}

/* CPUs 1 and on come up beside the running guest. */
static void allow_kvm_smp(scmp_filter_ctx filter)
{
    allow_kvm(filter);
    ALLOW_REQUEST(KVM_CREATE_VCPU);
    ALLOW_REQUEST(KVM_GET_SUPPORTED_CPUID);
    ALLOW_REQUEST(KVM_SET_CPUID2);
    ALLOW_REQUEST(KVM_SET_SIGNAL_MASK);
    ALLOW_REQUEST(KVM_SET_REGS);
    ALLOW_REQUEST(KVM_SET_SREGS);
}

static void allow_qemu(scmp_filter_ctx filter)
{
    ALLOW(pidfd_send_signal); /* the QEMU process is ended */
    ALLOW(waitid); /* and waited for */
}

/* ---- from libseccomp's program to a cheaper one ------------------------- */

#define INSTRUCTIONS_MAX 512u
#define TARGET_NONE SIZE_MAX

/*
 * Installing a filter costs the host's kernel about a thousand instructions per
 * BPF instruction, so what does nothing goes: "load; and 0; equals 0?", which
 * stands for the ignored half of an argument.
 */
static size_t drop_no_ops(struct sock_filter *program, size_t count)
{
    static size_t on_true[INSTRUCTIONS_MAX], on_false[INSTRUCTIONS_MAX], moved[INSTRUCTIONS_MAX];
    static bool dropped[INSTRUCTIONS_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool jump = BPF_CLASS(program[i].code) == BPF_JMP;
        on_true[i] = jump ? i + 1 + program[i].jt : TARGET_NONE;
        on_false[i] = jump ? i + 1 + program[i].jf : TARGET_NONE;
        dropped[i] = false;
    }
    for (size_t i = 0; i + 2 < count; i++) {
        bool no_op = program[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
                     program[i + 1].code == (BPF_ALU | BPF_AND | BPF_K) && program[i + 1].k == 0 &&
                     program[i + 2].code == (BPF_JMP | BPF_JEQ | BPF_K) && program[i + 2].k == 0 &&
                     on_true[i + 2] == i + 3;
        if (no_op)
            dropped[i] = dropped[i + 1] = dropped[i + 2] = true;
    }
    for (size_t i = 0; i < count; i++) {
        moved[i] = kept; /* a jump to what was dropped goes to what follows it */
        kept += !dropped[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (dropped[i])
            continue;
        if (on_true[i] != TARGET_NONE) {
            program[i].jt = (uint8_t)(moved[on_true[i]] - moved[i] - 1);
            program[i].jf = (uint8_t)(moved[on_false[i]] - moved[i] - 1);
        }
        program[moved[i]] = program[i];
    }
    return kept;
}

/*
 * The kernel tries each of its system calls on a new filter, to know those that
 * are always allowed: 270,000 instructions here, for a saving that a VM, which
 * makes few calls, never sees.  It gives up at once at an instruction it does
 * not interpret, such as this copy to the unused index register.
 */
static const struct sock_filter no_cache = {BPF_MISC | BPF_TAX, 0, 0, 0};

static void print_instruction(const struct sock_filter *instruction)
{
    printf("    {0x%02x, %u, %u, 0x%08x},\n", instruction->code, instruction->jt, instruction->jf,
           instruction->k);
}

static void write_filter(const char *name, void (*allow)(scmp_filter_ctx))
{
    static struct sock_filter program[INSTRUCTIONS_MAX];
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    FILE *file = tmpfile();
    if (!filter || !file)
        check(-ENOMEM, "seccomp_init");
    allow_common(filter);
    allow(filter);
    /* What a running VM calls most comes first. */
    check(seccomp_syscall_priority(filter, SCMP_SYS(ioctl), 255), "priority");
    check(seccomp_export_bpf(filter, fileno(file)), "seccomp_export_bpf");
    rewind(file);
    size_t count = fread(program, sizeof(program[0]), INSTRUCTIONS_MAX, file);
    if (count == 0 || count == INSTRUCTIONS_MAX)
        check(-E2BIG, "filter length");
    count = drop_no_ops(program, count);
    printf("static const struct sock_filter %s_filter[] = {\n", name);
    print_instruction(&no_cache);
    for (size_t i = 0; i < count; i++)
        print_instruction(&program[i]);
    printf("};\n\n");
    fclose(file);
    seccomp_release(filter);
}

int main(void)
{
    printf("/* Written by vmm/sandbox/gen/gen_seccomp.c. */\n");
    write_filter("kvm", allow_kvm);
    write_filter("kvm_smp", allow_kvm_smp);
    write_filter("qemu", allow_qemu);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
