/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bad addresses for every pointer argument of every call in the guest's table: each is
 * made in turn, all other arguments being harmless, and the error is what Linux says.
 * A call has a child of its own, so what it changes is gone afterwards.
 */
/* options: -c 4 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#include "../../guest/syscall/arg_kinds.h"

#define SIX(a, b, c, d, e, f) \
    {                         \
        a, b, c, d, e, f      \
    }

static const struct call {
    const char *name;
    long number;
    unsigned char kinds[6];
} calls[] = {
#define ROW(nr, name_, handler_, ...) {#name_, nr, {__VA_ARGS__}},
#include "../../guest/syscall/syscalls.def"
#undef ROW
};

enum { FILE_FD = 10, PIPE_READ, PIPE_WRITE, EPOLL_FD, EVENT_FD, TIMER_FD, DIR_FD, SOCKET_FD };

/* What other arguments must be for the pointer to be looked at; -1: as the kind says. */
#define ANY (-1l)
static const struct special {
    long number;
    long arg[6];
} specials[] = {
    {SYS_poll, {ANY, 1, 0}},
    {SYS_ppoll, {ANY, 1, ANY, ANY, 8}},
    {SYS_select, {4, ANY, ANY, ANY, ANY}},
    {SYS_pselect6, {4, ANY, ANY, ANY, ANY, 0}},
    {SYS_readv, {FILE_FD, ANY, 1}},
    {SYS_writev, {FILE_FD, ANY, 1}},
    {SYS_preadv, {FILE_FD, ANY, 1, 0}},
    {SYS_pwritev, {FILE_FD, ANY, 1, 0}},
    {SYS_preadv2, {FILE_FD, ANY, 1, 0, 0, 0}},
    {SYS_pwritev2, {FILE_FD, ANY, 1, 0, 0, 0}},
    {SYS_getdents, {DIR_FD, ANY, 400}},
    {SYS_getdents64, {DIR_FD, ANY, 400}},
    {SYS_sendfile, {PIPE_WRITE, FILE_FD, ANY, 16}},
    {SYS_splice, {FILE_FD, ANY, PIPE_WRITE, 0, 16, 0}},
    {SYS_copy_file_range, {FILE_FD, ANY, FILE_FD, ANY, 16, 0}},
    {SYS_epoll_ctl, {EPOLL_FD, EPOLL_CTL_ADD, PIPE_READ, ANY}},
    {SYS_epoll_wait, {EPOLL_FD, ANY, 1, 0}},
    {SYS_epoll_pwait, {EPOLL_FD, ANY, 1, 0, ANY, 8}},
    {SYS_epoll_pwait2, {EPOLL_FD, ANY, 1, ANY, ANY, 8}},
    {SYS_timerfd_settime, {TIMER_FD, 0, ANY, ANY}},
    {SYS_timerfd_gettime, {TIMER_FD, ANY}},
    {SYS_openat2, {AT_FDCWD, ANY, ANY, 24}},
    {SYS_statx, {AT_FDCWD, ANY, 0, 0x7ff, ANY}},
    {SYS_wait4, {-1, ANY, WNOHANG, ANY}},
    {SYS_waitid, {P_ALL, 0, ANY, WNOHANG | WEXITED, ANY}},
    {SYS_setrlimit, {RLIMIT_CORE, ANY}},
    {SYS_getrlimit, {RLIMIT_CORE, ANY}},
    {SYS_prlimit64, {0, RLIMIT_CORE, ANY, ANY}},
    {SYS_clone3, {ANY, 88}},
    {SYS_rt_sigaction, {SIGUSR1, ANY, ANY, 8}},
    {SYS_rt_sigprocmask, {SIG_BLOCK, ANY, ANY, 8}},
    {SYS_rt_sigpending, {ANY, 8}},
    {SYS_rt_sigsuspend, {ANY, 8}},
    {SYS_rt_sigtimedwait, {ANY, ANY, ANY, 8}},
    {SYS_signalfd, {-1, ANY, 8}},
    {SYS_signalfd4, {-1, ANY, 8, 0}},
    {SYS_getgroups, {32, ANY}},
    {SYS_setgroups, {1, ANY}},
    {SYS_sched_setaffinity, {0, 8, ANY}},
    {SYS_sched_getaffinity, {0, 128, ANY}},
    {SYS_sched_getattr, {0, ANY, 56, 0}},
    {SYS_get_mempolicy, {ANY, ANY, 64, 0, 0}},
    {SYS_set_mempolicy, {1, ANY, 64}},
    {SYS_mincore, {-2, 4096, ANY}}, /* -2: a page that is there */
    {SYS_mbind, {-2, 4096, 1, ANY, 64, 0}},
    {SYS_futex, {ANY, 128, 1, ANY, ANY, 0}}, /* FUTEX_WAIT_PRIVATE, for another value */
    {SYS_renameat, {AT_FDCWD, ANY, AT_FDCWD, ANY}},
    {SYS_renameat2, {AT_FDCWD, ANY, AT_FDCWD, ANY, 0}},
    {SYS_readlinkat, {AT_FDCWD, ANY, ANY, 16}},
    {SYS_connect, {SOCKET_FD, ANY, 16}},
    {SYS_bind, {SOCKET_FD, ANY, 16}},
    {SYS_accept, {SOCKET_FD, ANY, ANY}},
    {SYS_accept4, {SOCKET_FD, ANY, ANY, 0}},
    {SYS_getsockname, {SOCKET_FD, ANY, ANY}},
    {SYS_getpeername, {SOCKET_FD, ANY, ANY}},
    {SYS_sendto, {SOCKET_FD, ANY, 16, MSG_DONTWAIT, 0, 0}},
    {SYS_recvfrom, {SOCKET_FD, ANY, 16, MSG_DONTWAIT, 0, 0}},
    {SYS_sendmsg, {SOCKET_FD, ANY, MSG_DONTWAIT}},
    {SYS_recvmsg, {SOCKET_FD, ANY, MSG_DONTWAIT}},
    {SYS_sendmmsg, {SOCKET_FD, ANY, 1, MSG_DONTWAIT}},
    {SYS_recvmmsg, {SOCKET_FD, ANY, 1, MSG_DONTWAIT, 0}},
    {SYS_setsockopt, {SOCKET_FD, SOL_SOCKET, SO_REUSEADDR, ANY, 4}},
    {SYS_getsockopt, {SOCKET_FD, SOL_SOCKET, SO_TYPE, ANY, ANY}},
    {SYS_vmsplice, {PIPE_WRITE, ANY, 1, 0}},
    {SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, ANY}},
    {SYS_syslog, {3, ANY, 16}},
    {SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, ANY, ANY}},
    {SYS_process_vm_readv, {-3, ANY, 1, ANY, 1, 0}}, /* -3: ourselves */
    {SYS_process_vm_writev, {-3, ANY, 1, ANY, 1, 0}},
    {SYS_get_robust_list, {0, ANY, ANY}},
    {SYS_getcwd, {ANY, 100}},
};

/*
 * They would stop the machine, set its clock or name, show its log, or replace or end the child.
 */
static const long left_out[] = {
    SYS_reboot,        SYS_settimeofday,  SYS_clock_settime, SYS_sethostname, SYS_setdomainname,
    SYS_adjtimex,      SYS_clock_adjtime, SYS_mount,         SYS_umount2,     SYS_execve,
    SYS_execveat,      SYS_clone,         SYS_clone3,        SYS_pivot_root,  SYS_move_mount,
    SYS_open_tree,     SYS_fsopen,        SYS_fsconfig,      SYS_fsmount,     SYS_fspick,
    SYS_mount_setattr, SYS_rt_sigreturn,  SYS_syslog,        SYS_chroot};

static char *page, *ends;

static int is_left_out(long number)
{
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (left_out[i] == number)
            return 1;
    return 0;
}

static int is_pointer(unsigned int kind)
{
    return kind == ARG_PTR_IN || kind == ARG_PTR_OUT || kind == ARG_PTR_INOUT || kind == ARG_PATH ||
           kind == ARG_STRING;
}

static long harmless(const struct call *call, int i)
{
    for (size_t s = 0; s < sizeof(specials) / sizeof(specials[0]); s++) {
        long value = specials[s].arg[i];
        if (specials[s].number != call->number || value == ANY)
            continue;
        return value == -2 ? (long)page : value == -3 ? getpid() : value;
    }
    switch (call->kinds[i]) {
    case ARG_FD:
        return FILE_FD;
    case ARG_PATH:
        return (long)"file";
    case ARG_STRING:
        return (long)"user.a";
    case ARG_SIZE:
        return 16;
    case ARG_SIGNAL:
        return SIGUSR1;
    case ARG_PTR_IN:
    case ARG_PTR_OUT:
    case ARG_PTR_INOUT:
        memset(page, 0, 4096);
        return (long)page + 64 * i;
    default:
        return 0;
    }
}

static void try_argument(const struct call *call, int i)
{
    const struct {
        const char *name;
        long value;
    } bad[] = {
        {"null", 0},
        {"first page", 8},
        {"unmapped", (long)ends},
        {"read-only", (long)page + 4096},
        {"no access", (long)page + 8192},
        {"end of a page", (long)ends - 1},
        {"end of user space", 0x7fffffffeffc},
        {"beyond it", 0x7ffffffff000},
        {"non-canonical", 1l << 47},
        {"kernel", (long)0xffff888000001000},
        {"kernel text", (long)0xffffffff81000000},
        {"last bytes", -4},
    };

    for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
        long arg[6];

        for (int k = 0; k < 6; k++)
            arg[k] = k == i ? bad[b].value : harmless(call, k);
        errno = 0;
        long result = syscall(call->number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
        printf("%s argument %d, %s: %s %d\n", call->name, i, bad[b].name,
               result < 0 ? "errno" : "ok", errno);
        fflush(stdout);
    }
}

static void on_alarm(int signo)
{
    (void)signo; /* a call that waits has taken the pointer */
}

static void open_files(void)
{
    struct epoll_event event = {.events = EPOLLOUT};
    int fds[2];

    NEED(dup2(open("file", O_RDWR | O_CREAT | O_TRUNC, 0666), FILE_FD) == FILE_FD);
    NEED(write(FILE_FD, page, 4096) == 4096 && lseek(FILE_FD, 0, SEEK_SET) == 0);
    NEED(dup2((int)syscall(SYS_epoll_create1, 0), EPOLL_FD) >= 0);
    NEED(dup2((int)syscall(SYS_eventfd2, 0, 0), EVENT_FD) >= 0);
    NEED(pipe(fds) == 0 && dup2(fds[0], PIPE_READ) >= 0 && dup2(fds[1], PIPE_WRITE) >= 0);
    NEED(dup2(PIPE_READ, 0) == 0); /* quiet, whatever standard input is */
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && dup2(fds[0], SOCKET_FD) >= 0);
    NEED(epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, PIPE_WRITE, &event) == 0);
    NEED(dup2((int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0), TIMER_FD) >= 0);
    NEED(dup2(open(".", O_RDONLY | O_DIRECTORY), DIR_FD) >= 0);
}

static void child(const struct call *call)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval every = {{0, 20000}, {0, 20000}};

    open_files();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 6; i++)
        if (is_pointer(call->kinds[i]))
            try_argument(call, i);
    _exit(0);
}

static void map_pages(void)
{
    page = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(page != MAP_FAILED);
    NEED(mprotect(page + 4096, 4096, PROT_READ) == 0 &&
         mprotect(page + 8192, 4096, PROT_NONE) == 0);
    ends = page + 4 * 4096; /* the page after the fourth is not there */
    memset(ends - 4096, 'x', 4096);
    NEED(munmap(ends, 4096) == 0);
}

int main(void)
{
    stack_t none = {.ss_flags = SS_DISABLE}; /* what it is at the start depends on who forked */

    sigaltstack(&none, NULL);
    map_pages();
    enter_scratch();
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int status;

        if (is_left_out(calls[i].number))
            continue;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            child(&calls[i]);
        NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
        if (status)
            printf("%s: status %#x\n", calls[i].name, (unsigned int)status);
    }
    return 0;
}
