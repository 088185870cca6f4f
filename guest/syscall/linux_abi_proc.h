/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux ABI: processes, signals, limits.  Sources: the manual pages clone(2),
 * wait(2), sigaction(2), sigaltstack(2), prctl(2), getauxval(3), getrlimit(2),
 * and the System V ABI's x86-64 supplement.
 */
#ifndef SYSCALL_LINUX_ABI_PROC_H
#define SYSCALL_LINUX_ABI_PROC_H

#include "lib/types.h"

/* ---- signals: signal(7) ---- */
enum {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGSTKFLT = 16,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGIO = 29,
    SIGPWR = 30,
    SIGSYS = 31,
    SIGRTMIN = 32,
};

#define SIG_DFL 0ul
#define SIG_IGN 1ul

#define SA_NOCLDSTOP 0x1ul
#define SA_NOCLDWAIT 0x2ul
#define SA_SIGINFO 0x4ul
#define SA_UNSUPPORTED 0x400ul
#define SA_EXPOSE_TAGBITS 0x800ul
#define SA_RESTORER 0x04000000ul
#define SA_ONSTACK 0x08000000ul
#define SA_RESTART 0x10000000ul
#define SA_NODEFER 0x40000000ul
#define SA_RESETHAND 0x80000000ul
#define SA_SUPPORTED                                                                           \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS | SA_RESTORER | SA_ONSTACK | \
     SA_RESTART | SA_NODEFER | SA_RESETHAND)

enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };

#define SS_ONSTACK 1u
#define SS_DISABLE 2u
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ 2048u

/* si_code: sigaction(2) */
enum {
    SI_USER = 0,
    SI_KERNEL = 0x80,
    SI_QUEUE = -1,
    SI_TIMER = -2,
    SI_MESGQ = -3,
    SI_ASYNCIO = -4,
    SI_SIGIO = -5,
    SI_TKILL = -6,
    SI_POLL_IN = 1, /* of files: POLL_IN and so on */
    SI_POLL_OUT = 2,
    SI_POLL_ERR = 4,
    SI_POLL_PRI = 5,
    SI_POLL_HUP = 6,
    ILL_ILLOPN = 2,
    FPE_INTDIV = 1,
    FPE_INTOVF = 2,
    FPE_FLTDIV = 3,
    FPE_FLTOVF = 4,
    FPE_FLTUND = 5,
    FPE_FLTRES = 6,
    FPE_FLTINV = 7,
    SEGV_MAPERR = 1,
    SEGV_ACCERR = 2,
    BUS_ADRALN = 1,
    BUS_ADRERR = 2,
    TRAP_BRKPT = 1,
    TRAP_TRACE = 2,
    CLD_EXITED = 1,
    CLD_KILLED = 2,
    CLD_DUMPED = 3,
    CLD_TRAPPED = 4,
    CLD_STOPPED = 5,
    CLD_CONTINUED = 6,
};

struct linux_stack { /* stack_t */
    uint64_t sp;
    uint32_t flags, pad;
    uint64_t size;
};
_Static_assert(sizeof(struct linux_stack) == 24, "stack_t");

struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};

/* struct sigcontext, asm/sigcontext.h */
struct linux_sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
        rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate; /* user address */
    uint64_t reserved[8];
};
_Static_assert(sizeof(struct linux_sigcontext) == 256, "sigcontext");

#define UC_FP_XSTATE 1ul
#define UC_SIGCONTEXT_SS 2ul
#define UC_STRICT_RESTORE_SS 4ul
struct linux_ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    struct linux_sigcontext mcontext;
    uint64_t sigmask;
};
_Static_assert(sizeof(struct linux_ucontext) == 304, "ucontext");

/* The last 48 bytes of the legacy FXSAVE area of a signal frame (struct _fpx_sw_bytes). */
#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u
#define FXSAVE_SIZE 512u
#define FXSAVE_SW_OFFSET 464u
struct linux_fpx_sw_bytes {
    uint32_t magic1, extended_size;
    uint64_t xfeatures;
    uint32_t xstate_size, padding[7];
};
_Static_assert(sizeof(struct linux_fpx_sw_bytes) == 48, "_fpx_sw_bytes");

/* ---- clone(2) ---- */
#define CSIGNAL 0xfful
#define CLONE_VM 0x100ul
#define CLONE_FS 0x200ul
#define CLONE_FILES 0x400ul
#define CLONE_SIGHAND 0x800ul
#define CLONE_PIDFD 0x1000ul
#define CLONE_PTRACE 0x2000ul
#define CLONE_VFORK 0x4000ul
#define CLONE_PARENT 0x8000ul
#define CLONE_THREAD 0x10000ul
#define CLONE_NEWNS 0x20000ul
#define CLONE_SYSVSEM 0x40000ul
#define CLONE_SETTLS 0x80000ul
#define CLONE_PARENT_SETTID 0x100000ul
#define CLONE_CHILD_CLEARTID 0x200000ul
#define CLONE_DETACHED 0x400000ul
#define CLONE_UNTRACED 0x800000ul
#define CLONE_CHILD_SETTID 0x1000000ul
#define CLONE_NEWCGROUP 0x2000000ul
#define CLONE_NEWUTS 0x4000000ul
#define CLONE_NEWIPC 0x8000000ul
#define CLONE_NEWUSER 0x10000000ul
#define CLONE_NEWPID 0x20000000ul
#define CLONE_NEWNET 0x40000000ul
#define CLONE_IO 0x80000000ul
#define CLONE_CLEAR_SIGHAND 0x100000000ul
#define CLONE_INTO_CGROUP 0x200000000ul
#define CLONE_NEW_ANY                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
     CLONE_NEWNET)

struct linux_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};
_Static_assert(sizeof(struct linux_clone_args) == 88, "clone_args, version 2");
#define CLONE_ARGS_SIZE_VER0 64u

/* ---- wait(2) ---- */
#define WNOHANG 1u
#define WUNTRACED 2u /* also WSTOPPED */
#define WEXITED 4u
#define WCONTINUED 8u
#define WNOWAIT 0x01000000u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u
enum { P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3 };

/* ---- execveat(2) ---- */
#define EXEC_AT_EMPTY_PATH 0x1000u
#define EXEC_AT_SYMLINK_NOFOLLOW 0x100u
#define EXEC_AT_FDCWD (-100)

/* ---- getauxval(3) ---- */
enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_PLATFORM = 15,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_RSEQ_FEATURE_SIZE = 27,
    AT_RSEQ_ALIGN = 28,
    AT_EXECFN = 31,
    AT_SYSINFO_EHDR = 33,
    AT_MINSIGSTKSZ = 51,
};
#define USER_HZ 100u

/* ---- getrlimit(2), getrusage(2) ---- */
enum {
    RLIMIT_CPU = 0,
    RLIMIT_FSIZE = 1,
    RLIMIT_DATA = 2,
    RLIMIT_STACK = 3,
    RLIMIT_CORE = 4,
    RLIMIT_RSS = 5,
    RLIMIT_NPROC = 6,
    RLIMIT_NOFILE = 7,
    RLIMIT_MEMLOCK = 8,
    RLIMIT_AS = 9,
    RLIMIT_LOCKS = 10,
    RLIMIT_SIGPENDING = 11,
    RLIMIT_MSGQUEUE = 12,
    RLIMIT_NICE = 13,
    RLIMIT_RTPRIO = 14,
    RLIMIT_RTTIME = 15,
};
#define RLIM_INFINITY UINT64_MAX
#define NR_OPEN_MAX 1048576u
enum { RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1 };

struct linux_rusage {
    int64_t utime_sec, utime_usec, stime_sec, stime_usec;
    int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv,
        nsignals, nvcsw, nivcsw;
};
_Static_assert(sizeof(struct linux_rusage) == 144, "rusage");

/* ---- prctl(2), arch_prctl(2) ---- */
enum {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8,
    PR_GET_TIMING = 13,
    PR_SET_TIMING = 14,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_SET_SECCOMP = 22,
    PR_CAPBSET_READ = 23,
    PR_CAPBSET_DROP = 24,
    PR_GET_TSC = 25,
    PR_SET_TSC = 26,
    PR_GET_SECUREBITS = 27,
    PR_SET_SECUREBITS = 28,
    PR_SET_TIMERSLACK = 29,
    PR_GET_TIMERSLACK = 30,
    PR_MCE_KILL = 33,
    PR_SET_MM = 35,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER = 37,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_GET_TID_ADDRESS = 40,
    PR_SET_THP_DISABLE = 41,
    PR_GET_THP_DISABLE = 42,
    PR_CAP_AMBIENT = 47,
    PR_GET_SPECULATION_CTRL = 52,
    PR_SET_SPECULATION_CTRL = 53,
    PR_SET_VMA = 0x53564d41,
    PR_SET_PTRACER = 0x59616d61,
    ARCH_SET_GS = 0x1001,
    ARCH_SET_FS = 0x1002,
    ARCH_GET_FS = 0x1003,
    ARCH_GET_GS = 0x1004,
    ARCH_GET_CPUID = 0x1011,
    ARCH_SET_CPUID = 0x1012,
};
enum {
    PR_CAP_AMBIENT_IS_SET = 1,
    PR_CAP_AMBIENT_RAISE = 2,
    PR_CAP_AMBIENT_LOWER = 3,
    PR_CAP_AMBIENT_CLEAR_ALL = 4,
};

enum { PR_SPEC_STORE_BYPASS = 0, PR_SPEC_INDIRECT_BRANCH = 1, PR_SPEC_L1D_FLUSH = 2 };
#define PR_SPEC_ENABLE 2u /* not mitigated, and not to be changed */

/* ---- capabilities(7), capget(2) ---- */
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_SYS_PTRACE 19
#define CAP_LAST 40
/* capabilities(7), "The securebits flags"; each is followed by its lock. */
#define SECBIT_NOROOT 0x01u
#define SECBIT_NO_SETUID_FIXUP 0x04u
#define SECBIT_KEEP_CAPS 0x10u
#define SECBIT_NO_CAP_AMBIENT_RAISE 0x40u
#define SECBITS_ALL 0xffu
#define SECBITS_LOCKS 0xaau
#define CAP_FULL_SET ((1ul << (CAP_LAST + 1)) - 1)
#define LINUX_CAPABILITY_VERSION_1 0x19980330u
#define LINUX_CAPABILITY_VERSION_2 0x20071026u
#define LINUX_CAPABILITY_VERSION_3 0x20080522u

/* ---- rseq(2) ---- */
struct linux_rseq {
    uint32_t cpu_id_start, cpu_id;
    uint64_t critical_section;
    uint32_t flags, node_id, mm_cid, pad;
};
_Static_assert(sizeof(struct linux_rseq) == 32, "rseq");
#define RSEQ_FEATURE_SIZE 28u
#define RSEQ_FLAG_UNREGISTER 1u
#define RSEQ_CPU_ID_UNINITIALIZED 0xffffffffu
struct linux_rseq_cs {
    uint32_t version, flags;
    uint64_t start_ip, post_commit_offset, abort_ip;
};

/* ---- futex robust lists: get_robust_list(2) ---- */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
struct linux_robust_list_head {
    uint64_t next;
    int64_t futex_offset;
    uint64_t pending;
};

/* ---- kcmp(2) ---- */
enum {
    KCMP_FILE = 0,
    KCMP_VM = 1,
    KCMP_FILES = 2,
    KCMP_FS = 3,
    KCMP_SIGHAND = 4,
    KCMP_IO = 5,
    KCMP_SYSVSEM = 6,
};

/* ---- reboot(2) ---- */
#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_MAGIC2 672274793u
#define REBOOT_MAGIC2A 85072278u
#define REBOOT_MAGIC2B 369367448u
#define REBOOT_MAGIC2C 537993216u
#define REBOOT_CMD_RESTART 0x01234567u
#define REBOOT_CMD_HALT 0xcdef0123u
#define REBOOT_CMD_CAD_ON 0x89abcdefu
#define REBOOT_CMD_CAD_OFF 0u
#define REBOOT_CMD_POWER_OFF 0x4321fedcu
#define REBOOT_CMD_RESTART2 0xa1b2c3d4u

#endif
