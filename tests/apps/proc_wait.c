/* SPDX-License-Identifier: BSD-2-Clause */
/* Children that end, stop and go on: what wait4(2) and waitid(2) say of them. */
/* variants: dynamic static */
#include "check.h"
#include <sys/resource.h>
#include <sys/wait.h>

static int status_of(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

static void ended(void)
{
    siginfo_t info;
    struct rusage usage;
    int status;

    CALL(waitpid(-1, &status, 0));
    CALL(waitpid(12345, &status, WNOHANG));
    CALL(waitpid(-1, &status, 0xf00));
    pid_t child = fork();
    if (!child)
        _exit(33);
    memset(&info, 0, sizeof(info));
    CALL(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    CHECK(info.si_pid == child && info.si_signo == SIGCHLD);
    VALUE(info.si_code);
    VALUE(info.si_status);
    CHECK(WEXITSTATUS(status_of(child)) == 33);
    CALL(waitpid(child, &status, 0));

    child = fork();
    if (!child)
        pause();
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    memset(&info, 5, sizeof(info));
    CALL(waitid(P_PID, child, &info, WEXITED | WNOHANG));
    CHECK(info.si_pid == 0 && info.si_signo == 0);
    kill(child, SIGKILL);
    CALL(waitid(P_ALL, 0, &info, WEXITED));
    VALUE(info.si_code);
    VALUE(info.si_status);

    child = fork();
    if (!child) {
        for (volatile int i = 0; i < 30000000; i++)
            ;
        _exit(0);
    }
    CHECK(wait4(child, &status, 0, &usage) == child);
    CHECK(usage.ru_utime.tv_sec || usage.ru_utime.tv_usec > 1000);
}

static void ignored(void)
{
    int status;

    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (!child)
        _exit(0);
    CALL(waitpid(child, &status, 0));
    signal(SIGCHLD, SIG_DFL);
}

static void stopped(void)
{
    int status, gate[2];
    char byte = 0;

    if (pipe(gate) != 0)
        _exit(99);
    pid_t child = fork();
    if (!child) {
        raise(SIGSTOP);
        /* Not gone before the parent has seen it go on. */
        if (read(gate[0], &byte, 1) != 1)
            _exit(98);
        _exit(9);
    }
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    VALUE(WSTOPSIG(status));
    CHECK(waitpid(child, &status, WUNTRACED | WNOHANG) == 0);
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    CHECK(write(gate[1], &byte, 1) == 1);
    CHECK(WEXITSTATUS(status_of(child)) == 9);

    child = fork();
    if (!child) {
        raise(SIGSTOP);
        _exit(9);
    }
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGTERM); /* waits until the child goes on */
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGKILL); /* does not */
    status = status_of(child);
    CHECK(WIFSIGNALED(status));
    VALUE(WTERMSIG(status));
}

int main(void)
{
    ended();
    ignored();
    stopped();
    return 0;
}
