/* SPDX-License-Identifier: BSD-2-Clause */
/* clone(2), clone3(2): combinations that are refused, numbers that are written, sizes of arguments.
 */
#include "check.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int parent_tid, child_tid;

static long make(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags, 0, &parent_tid, &child_tid, 0);
    if (pid == 0)
        _exit(child_tid == (int)syscall(SYS_gettid) ? 1 : 2);
    return pid;
}

static struct {
    struct clone_args args;
    char beyond[64];
} big;

static long make3(size_t size)
{
    long pid = syscall(SYS_clone3, &big, size);
    if (pid == 0)
        _exit(9);
    if (pid > 0)
        waitpid((pid_t)pid, NULL, __WALL);
    return pid > 0 ? 0 : pid;
}

int main(void)
{
    int status;

    VALUE(make(CLONE_SIGHAND | SIGCHLD));
    VALUE(make(CLONE_THREAD | SIGCHLD));
    VALUE(make(CLONE_THREAD | CLONE_SIGHAND | SIGCHLD));
    VALUE(make(CLONE_FS | CLONE_NEWNS | SIGCHLD));
    VALUE(make(CLONE_VM | CLONE_THREAD));
    VALUE(make(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD));
    long pid = make(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD);
    CHECK(pid == parent_tid && child_tid == 0);
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    VALUE(WEXITSTATUS(status));
    pid = make(SIGCHLD);
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    VALUE(WEXITSTATUS(status));
    /* CLONE_PARENT: a brother, whom we cannot wait for. */
    fflush(stdout);
    pid_t middle = fork();
    if (middle == 0) {
        long brother = make(CLONE_PARENT | SIGCHLD);
        VALUE(waitpid((pid_t)brother, NULL, 0));
        fflush(stdout);
        _exit(0);
    }
    int ended = 0;
    while (wait(NULL) > 0)
        ended++;
    VALUE(ended);

    big.args.exit_signal = SIGCHLD;
    VALUE(make3(sizeof(struct clone_args)));
    VALUE(make3(64));
    VALUE(make3(63));
    VALUE(make3(sizeof(struct clone_args) + 16));
    big.beyond[8] = 1;
    VALUE(make3(sizeof(struct clone_args) + 16));
    VALUE(make3(5000));
    big.args.exit_signal = 65;
    VALUE(make3(sizeof(struct clone_args)));
    big.args.exit_signal = 0;
    big.args.flags = SIGCHLD;
    VALUE(make3(sizeof(struct clone_args)));
    big.args.flags = CLONE_DETACHED;
    VALUE(make3(sizeof(struct clone_args)));
    big.args = (struct clone_args){.exit_signal = SIGCHLD, .stack = 4096};
    VALUE(make3(sizeof(struct clone_args)));
    big.args = (struct clone_args){.exit_signal = SIGCHLD, .stack_size = 4096};
    VALUE(make3(sizeof(struct clone_args)));
    big.args = (struct clone_args){.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM,
                                   .exit_signal = SIGCHLD};
    VALUE(make3(sizeof(struct clone_args)));
    big.args = (struct clone_args){.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND,
                                   .exit_signal = SIGCHLD};
    VALUE(make3(sizeof(struct clone_args)));
    VALUE(syscall(SYS_clone3, (void *)8, sizeof(struct clone_args)));
    return 0;
}
