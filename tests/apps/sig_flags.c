/* SPDX-License-Identifier: BSD-2-Clause */
/* sigaction(2): flags, masks and siginfo of handlers; what changing a handler does to pending
 * signals. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/wait.h>

static int depth, deepest, calls, last_code, last_value, blocked_usr2;
static pid_t last_pid;

static void nested(int signo)
{
    depth++;
    calls++;
    deepest = depth > deepest ? depth : deepest;
    if (calls < 3)
        raise(signo);
    depth--;
}

static void detailed(int signo, siginfo_t *info, void *context)
{
    sigset_t now;
    (void)signo;
    (void)context;
    calls++;
    last_code = info->si_code;
    last_pid = info->si_pid;
    last_value = info->si_value.sival_int;
    sigprocmask(SIG_BLOCK, NULL, &now);
    blocked_usr2 = sigismember(&now, SIGUSR2);
}

static void nesting(int flags)
{
    struct sigaction action = {.sa_handler = nested, .sa_flags = flags}, old;
    calls = depth = deepest = 0;
    NEED(sigaction(SIGUSR1, &action, NULL) == 0);
    raise(SIGUSR1);
    NEED(sigaction(SIGUSR1, NULL, &old) == 0);
    printf("flags %x: %d calls, depth %d, handler %s\n", flags, calls, deepest,
           old.sa_handler == SIG_DFL ? "reset" : "kept");
}

static void pending_are_discarded(void)
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGRTMIN);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    signal(SIGUSR1, SIG_DFL);
    raise(SIGUSR1);
    raise(SIGRTMIN);
    raise(SIGCHLD);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGRTMIN, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigpending(&pending);
    printf("pending: %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN),
           sigismember(&pending, SIGCHLD));
    raise(SIGUSR1); /* blocked and ignored: kept */
    sigpending(&pending);
    printf("pending: %d\n", sigismember(&pending, SIGUSR1));
    NEED(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = detailed, .sa_flags = SA_SIGINFO}, old;
    union sigval value = {.sival_int = 77};
    pid_t self = getpid();

    nesting(0);
    signal(SIGUSR1, SIG_DFL);
    nesting(SA_NODEFER);
    struct sigaction once = {.sa_handler = nested, .sa_flags = SA_RESETHAND};
    calls = 10;
    NEED(sigaction(SIGUSR1, &once, NULL) == 0);
    raise(SIGUSR1);
    NEED(sigaction(SIGUSR1, NULL, &old) == 0);
    CHECK(old.sa_handler == SIG_DFL);

    sigaddset(&action.sa_mask, SIGUSR2);
    sigaddset(&action.sa_mask, SIGKILL);
    NEED(sigaction(SIGUSR1, &action, NULL) == 0);
    NEED(sigaction(SIGUSR1, NULL, &old) == 0);
    printf("%d %d %d\n", sigismember(&old.sa_mask, SIGUSR2), sigismember(&old.sa_mask, SIGKILL),
           old.sa_flags & SA_SIGINFO ? 1 : 0);
    kill(self, SIGUSR1);
    CHECK(last_code == SI_USER && last_pid == self && blocked_usr2);
    sigqueue(self, SIGUSR1, value);
    CHECK(last_code == SI_QUEUE && last_pid == self);
    VALUE(last_value);
    syscall(SYS_tgkill, self, self, SIGUSR1);
    CHECK(last_code == SI_TKILL && last_pid == self);
    VALUE(sigaction(SIGKILL, &action, NULL));
    VALUE(sigaction(SIGSTOP, &action, NULL));
    VALUE(sigaction(SIGKILL, NULL, &old));
    VALUE(sigaction(65, &action, NULL));
    VALUE(sigaction(0, &action, NULL));
    VALUE(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    VALUE(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 16));
    VALUE(syscall(SYS_rt_sigprocmask, 77, &old.sa_mask, NULL, 8));
    VALUE(syscall(SYS_rt_sigprocmask, 77, NULL, NULL, 8));
    pending_are_discarded();
    return 0;
}
