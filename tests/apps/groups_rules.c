/* SPDX-License-Identifier: BSD-2-Clause */
/* setpgid(2), setsid(2), getsid(2), getpgid(2): the rules of credentials(7). */
#include "check.h"
#include <sys/wait.h>

static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Not after it has executed something. */
static void after_exec(char *name, const int pipes[2])
{
    char byte;
    pid_t executed = fork();
    if (executed == 0) {
        char *again[] = {name, (char *)(uintptr_t) "wait", NULL};
        dup2(pipes[1], 1);
        execv("/proc/self/exe", again);
        _exit(1);
    }
    NEED(read(pipes[0], &byte, 1) == 1);
    VALUE(setpgid(executed, 0));
    end(executed);
}

int main(int argc, char **argv)
{
    char byte;
    int pipes[2];

    if (argc > 1 && !strcmp(argv[1], "wait")) { /* the one that has been executed */
        NEED(write(1, "e", 1) == 1);
        pause();
        return 0;
    }
    NEED(pipe(pipes) == 0);
    fflush(stdout);
    pid_t leader = fork();
    if (leader > 0) {
        waitpid(leader, NULL, 0);
        return 0;
    }
    VALUE(setsid() == getpid());
    VALUE(setsid());
    VALUE(setpgid(0, 0));
    CHECK(getsid(0) == getpid() && getpgrp() == getpid() && getpgid(0) == getpid());
    pid_t a = sleeper(), b = sleeper();
    CHECK(getpgid(a) == getpid() && getsid(a) == getpid());
    VALUE(setpgid(a, a));
    CHECK(getpgid(a) == a);
    VALUE(setpgid(b, a));
    CHECK(getpgid(b) == a);
    VALUE(setpgid(b, 0));
    CHECK(getpgid(b) == b);
    VALUE(setpgid(a, 1 << 22));
    VALUE(setpgid(1 << 22, 0));
    VALUE(setpgid(a, -1));
    VALUE(setpgid(-1, 0));
    VALUE(getpgid(1 << 22));
    VALUE(getsid(1 << 22));
    VALUE(getpgid(-1));
    /* Not one's own child's child. */
    pid_t middle = fork();
    if (middle == 0) {
        pid_t grandchild = sleeper();
        NEED(write(pipes[1], &grandchild, sizeof(grandchild)) == sizeof(grandchild));
        pause();
        _exit(0);
    }
    pid_t grandchild;
    NEED(read(pipes[0], &grandchild, sizeof(grandchild)) == sizeof(grandchild));
    VALUE(setpgid(grandchild, 0));
    end(middle);
    kill(grandchild, SIGKILL);
    /* Not into another session, nor a child that has one of its own. */
    pid_t apart = fork();
    if (apart == 0) {
        setsid();
        NEED(write(pipes[1], "s", 1) == 1);
        pause();
        _exit(0);
    }
    NEED(read(pipes[0], &byte, 1) == 1);
    VALUE(setpgid(apart, 0));
    VALUE(setpgid(a, apart));
    CHECK(getsid(apart) == apart);
    end(apart);
    after_exec(argv[0], pipes);
    end(a);
    end(b);
    fflush(stdout);
    _exit(0);
}
