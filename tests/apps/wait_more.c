/* SPDX-License-Identifier: BSD-2-Clause */
/* wait4(2), waitid(2): groups, clones, ignored SIGCHLD, WNOWAIT, and what they refuse. */
#include "check.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef __WALL
#define __WALL 0x40000000
#endif

static pid_t child_with(int status)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(status);
    return pid;
}

static void by_group(void)
{
    int status;
    pid_t own = child_with(1), other = fork();
    if (other == 0) {
        setpgid(0, 0);
        _exit(2);
    }
    setpgid(other, other);
    NEED(waitpid(-other, &status, 0) == other);
    VALUE(WEXITSTATUS(status));
    VALUE(waitpid(-other, &status, 0));
    NEED(waitpid(0, &status, 0) == own);
    VALUE(WEXITSTATUS(status));
    VALUE(waitpid(0, &status, 0));
}

static void without_taking(void)
{
    siginfo_t info;
    pid_t pid = child_with(3);
    for (int i = 0; i < 2; i++) {
        memset(&info, 0, sizeof(info));
        VALUE(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
        CHECK(info.si_pid == pid);
    }
    VALUE(waitid(P_PID, (id_t)pid, NULL, WEXITED));
    VALUE(waitid(P_PID, (id_t)pid, NULL, WEXITED));
}

static char stack[65536] __attribute__((aligned(16)));
static int cloned(void *arg)
{
    (void)arg;
    return 6;
}

/* A child that ends without SIGCHLD is a "clone" child. */
static void clones(void)
{
    int status = 0;
    signal(SIGUSR1, SIG_IGN);
    pid_t pid = clone(cloned, stack + sizeof(stack), SIGUSR1, NULL);
    NEED(pid > 0);
    VALUE(waitpid(pid, &status, 0));
    NEED(waitpid(pid, &status, __WCLONE) == pid);
    VALUE(WEXITSTATUS(status));
    pid = clone(cloned, stack + sizeof(stack), 0, NULL);
    NEED(waitpid(pid, &status, __WALL) == pid);
    VALUE(WEXITSTATUS(status));
    pid = child_with(7);
    VALUE(waitpid(pid, &status, __WCLONE));
    NEED(waitpid(pid, &status, __WALL) == pid);
    VALUE(WEXITSTATUS(status));
}

static void ignored(const char *name, struct sigaction action)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    printf("-- %s\n", name);
    NEED(sigaction(SIGCHLD, &action, NULL) == 0);
    pid_t first = child_with(1), second = child_with(2);
    NEED(first > 0 && second > 0);
    VALUE(waitpid(first, NULL, 0));
    VALUE(wait(NULL)); /* until all have ended */
    VALUE(kill(second, 0));
    NEED(sigaction(SIGCHLD, &usual, NULL) == 0);
}

static void refusals(void)
{
    siginfo_t info;
    VALUE(waitpid(-1, NULL, 0));
    VALUE(waitid(P_ALL, 0, &info, 0));
    VALUE(waitid(P_ALL, 0, &info, WEXITED | 0x100));
    VALUE(waitid(9, 0, &info, WEXITED));
    VALUE(waitid(P_PID, 0, &info, WEXITED));
    VALUE(waitid(P_PIDFD, 0, &info, WEXITED));
    VALUE(waitid(P_PIDFD, (id_t)-1, &info, WEXITED));
    VALUE(syscall(SYS_wait4, -2147483647 - 1, NULL, 0, NULL));
    VALUE(syscall(SYS_wait4, -1, NULL, 0x80, NULL));
    pid_t pid = child_with(0);
    VALUE(syscall(SYS_wait4, pid, (void *)8, 0, NULL));
    VALUE(waitpid(pid, NULL, 0));
}

int main(void)
{
    alarm(20);
    by_group();
    without_taking();
    clones();
    ignored("SIG_IGN", (struct sigaction){.sa_handler = SIG_IGN});
    ignored("SA_NOCLDWAIT", (struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT});
    refusals();
    return 0;
}
