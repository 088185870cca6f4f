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

/* A VM with one CPU and no disk. */
static void allow_kvm(scmp_filter_ctx filter)
{
    /* The VM. */
    ALLOW_REQUEST(KVM_RUN);
    ALLOW_REQUEST(KVM_SIGNAL_MSI); /* interrupts of devices */
    ALLOW_REQUEST(KVM_IOEVENTFD); /* a queue turned out to be busy */
    /* Devices: standard streams. */
    ALLOW(readv);
    ALLOW(writev);
    ALLOW(preadv2); /* without waiting (RWF_NOWAIT) */
    ALLOW(pwritev2);
    ALLOW(getrandom); /* virtio-rng */
    /* The I/O thread. */
    ALLOW(eventfd2);
    ALLOW(epoll_create1);
    ALLOW(epoll_ctl);
    ALLOW(epoll_wait);
    ALLOW(epoll_pwait); /* what musl calls for epoll_wait() */
    ALLOW(timer_delete); /* --timeout, armed before */
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

static void allow_kvm_large(scmp_filter_ctx filter)
{
    allow_kvm(filter);
    ALLOW(timer_create); /* the look at mapped files, on CPUs 1 and on */
    ALLOW(timer_settime);
    /* Disk images. */
    ALLOW(preadv);
    ALLOW(pwritev);
    ALLOW(fdatasync); /* the guest flushes its disk */
    /* CPUs 1 and on come up beside the running guest. */
    ALLOW_REQUEST(KVM_CREATE_VCPU);
    ALLOW_REQUEST(KVM_GET_SUPPORTED_CPUID);
    ALLOW_REQUEST(KVM_SET_CPUID2);
    ALLOW_REQUEST(KVM_SET_XCRS);
    ALLOW_REQUEST(KVM_GET_LAPIC); /* enters its APIC into KVM's map */
    ALLOW_REQUEST(KVM_SET_LAPIC);
    ALLOW_REQUEST(KVM_SET_SIGNAL_MASK);
    ALLOW_REQUEST(KVM_SET_REGS);
    ALLOW_REQUEST(KVM_SET_SREGS);
}

static void allow_qemu(scmp_filter_ctx filter)
{
    ALLOW(pidfd_send_signal); /* the QEMU process is ended */
    ALLOW(waitid); /* and waited for */
}

/*
 * vmm_enclose(): a process that makes calls, clones and resets, and perhaps serves sockets that
 * it has.  Which files it may open or make is left to Landlock.
 */
static void allow_calls(scmp_filter_ctx filter)
{
    static const unsigned long requests[] = {
        /* Clones. */
        KVM_CHECK_EXTENSION,
        KVM_CREATE_VM,
        KVM_ENABLE_CAP,
        KVM_SET_TSS_ADDR,
        KVM_SET_USER_MEMORY_REGION,
        KVM_GET_VCPU_MMAP_SIZE,
        KVM_GET_MSR_INDEX_LIST,
        KVM_GET_TSC_KHZ,
        KVM_SET_TSC_KHZ,
        /* What a CPU has: taken and given back. */
        KVM_GET_REGS,
        KVM_GET_SREGS,
        KVM_GET_XSAVE,
        KVM_SET_XSAVE,
        KVM_GET_XCRS,
        KVM_GET_FPU,
        KVM_SET_FPU,
        KVM_GET_MSRS,
        KVM_SET_MSRS,
        KVM_GET_DEBUGREGS,
        KVM_SET_DEBUGREGS,
        KVM_GET_VCPU_EVENTS,
        KVM_SET_VCPU_EVENTS,
        KVM_GET_MP_STATE,
        KVM_SET_MP_STATE,
        /* What was written since. */
        KVM_GET_DIRTY_LOG,
        KVM_CLEAR_DIRTY_LOG,
    };
    allow_kvm_large(filter);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        ALLOW_REQUEST(requests[i]);
    /* /dev/kvm, files that were named. */
    ALLOW(openat);
    ALLOW(open); /* what musl calls for openat() */
    ALLOW(newfstatat);
    ALLOW(lseek);
    ALLOW(pread64);
    /* Snapshots: memory files, saving. */
    ALLOW(memfd_create);
    ALLOW(fcntl); /* seals */
    ALLOW(pwrite64);
    ALLOW(ftruncate);
    ALLOW(fallocate);
    ALLOW(fsync);
    ALLOW(rename);
    ALLOW(unlink);
    /* Sockets that are there already, and connections to them. */
    ALLOW(accept4);
    ALLOW(recvfrom);
    ALLOW(sendto);
    ALLOW(sendmsg);
    ALLOW(shutdown);
    ALLOW(setsockopt);
    ALLOW(getsockname);
    ALLOW(getsockopt);
    ALLOW_IF(prctl, SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF, PR_SET_NAME)); /* of threads */
    ALLOW(sched_getaffinity); /* malloc() */
    ALLOW(clock_nanosleep);
}

/* ---- from libseccomp's program to a cheaper one ------------------------- */

/*
 * Installing a filter costs the host's kernel more than a thousand instructions
 * per BPF instruction, so the program is made shorter; what it allows stays the
 * same.  Jumps are kept as node numbers until the end, `order` is the program.
 */
#define NODES_MAX 512u

struct node {
    struct sock_filter op;
    size_t on_true, on_false; /* of a jump */
    bool dropped; /* a jump to it goes to what follows it */
};

static struct node nodes[NODES_MAX];
static size_t order[NODES_MAX], node_count, order_count;

static bool is_jump(const struct node *node)
{
    return BPF_CLASS(node->op.code) == BPF_JMP;
}

static bool is_op(const struct node *node, unsigned int code, uint32_t k)
{
    return node->op.code == code && node->op.k == k;
}

static void load_program(const struct sock_filter *program, size_t count)
{
    node_count = order_count = count;
    for (size_t i = 0; i < count; i++) {
        nodes[i] = (struct node){program[i], i + 1 + program[i].jt, i + 1 + program[i].jf, false};
        order[i] = i;
    }
}

/* "load; and 0; equals 0?" stands for the ignored half of an argument; numbers of
 * the x32 ABI are in no list, so they need no test of their own. */
static void drop_no_ops(void)
{
    for (size_t i = 0; i + 2 < node_count; i++) {
        struct node *node = &nodes[i];
        bool ignored_half = node[0].op.code == (BPF_LD | BPF_W | BPF_ABS) &&
                            is_op(&node[1], BPF_ALU | BPF_AND | BPF_K, 0) &&
                            is_op(&node[2], BPF_JMP | BPF_JEQ | BPF_K, 0) &&
                            node[2].on_true == i + 3;
        bool x32 = is_op(&node[0], BPF_JMP | BPF_JGE | BPF_K, 0x40000000) &&
                   is_op(&node[1], BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX);
        if (ignored_half)
            node[0].dropped = node[1].dropped = node[2].dropped = true;
        if (x32)
            node[0].dropped = node[1].dropped = true;
    }
}

static void insert(size_t at, unsigned int code, uint32_t k, size_t on_true, size_t on_false)
{
    if (node_count == NODES_MAX || order_count == NODES_MAX)
        check(-E2BIG, "filter length");
    nodes[node_count] = (struct node){{(uint16_t)code, 0, 0, k}, on_true, on_false, false};
    for (size_t i = order_count++; i > at; i--)
        order[i] = order[i - 1];
    order[at] = node_count++;
}

/*
 * A row of "is it call N? allow" with N below 32 becomes one test of a bit:
 * six instructions instead of one per call.
 */
static void use_bits(void)
{
    size_t first = 0, end;
    uint32_t bits = 0;
    for (; first < order_count; first++)
        if (is_op(&nodes[order[first]], BPF_JMP | BPF_JEQ | BPF_K, __NR_read) &&
            !nodes[order[first]].dropped)
            break;
    if (first == order_count)
        check(-EINVAL, "no row of calls that begins with read()");
    size_t allow = nodes[order[first]].on_true;
    for (end = first; end < order_count; end++) {
        struct node *node = &nodes[order[end]];
        if (node->op.code != (BPF_JMP | BPF_JEQ | BPF_K) || node->on_true != allow ||
            node->on_false != order[end] + 1 || node->op.k >= 32)
            break;
        bits |= 1u << node->op.k;
        node->dropped = true;
    }
    size_t after = order[end], below = node_count + 1;
    insert(end, BPF_JMP | BPF_JGE | BPF_K, 32, after, below);
    insert(end + 1, BPF_MISC | BPF_TAX, 0, 0, 0);
    insert(end + 2, BPF_LD | BPF_IMM, 1, 0, 0);
    insert(end + 3, BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0);
    insert(end + 4, BPF_JMP | BPF_JSET | BPF_K, bits, allow, node_count + 1);
    insert(end + 5, BPF_MISC | BPF_TXA, 0, 0, 0);
}

/* Back to relative jumps; returns the length. */
static size_t store_program(struct sock_filter *program)
{
    static size_t place[NODES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < order_count; i++) {
        place[order[i]] = count;
        count += !nodes[order[i]].dropped;
    }
    for (size_t i = 0; i < order_count; i++) {
        const struct node *node = &nodes[order[i]];
        size_t at = place[order[i]];
        if (node->dropped)
            continue;
        program[at] = node->op;
        if (!is_jump(node))
            continue;
        size_t on_true = place[node->on_true] - at - 1, on_false = place[node->on_false] - at - 1;
        if (on_true > UINT8_MAX || on_false > UINT8_MAX)
            check(-E2BIG, "jump");
        program[at].jt = (uint8_t)on_true;
        program[at].jf = (uint8_t)on_false;
    }
    return count;
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

/* otherwise: what happens at any other call. */
static void write_filter(const char *name, void (*allow)(scmp_filter_ctx), uint32_t otherwise)
{
    static struct sock_filter program[NODES_MAX];
    scmp_filter_ctx filter = seccomp_init(otherwise);
    FILE *file = tmpfile();
    if (!filter || !file)
        check(-ENOMEM, "seccomp_init");
    check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "other ABIs");
    allow_common(filter);
    allow(filter);
    /* What a running VM calls most comes first. */
    check(seccomp_syscall_priority(filter, SCMP_SYS(ioctl), 255), "priority");
    check(seccomp_export_bpf(filter, fileno(file)), "seccomp_export_bpf");
    rewind(file);
    size_t count = fread(program, sizeof(program[0]), NODES_MAX, file);
    if (count == 0 || count == NODES_MAX)
        check(-E2BIG, "filter length");
    load_program(program, count);
    drop_no_ops();
    use_bits();
    count = store_program(program);
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
    write_filter("kvm", allow_kvm, SCMP_ACT_KILL_PROCESS);
    write_filter("kvm_large", allow_kvm_large, SCMP_ACT_KILL_PROCESS);
    write_filter("qemu", allow_qemu, SCMP_ACT_KILL_PROCESS);
    /* The process is an embedder's, whose libraries may try this and that. */
    write_filter("calls", allow_calls, SCMP_ACT_ERRNO(EPERM));
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
