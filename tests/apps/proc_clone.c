/* SPDX-License-Identifier: BSD-2-Clause */
/* clone(2) and clone3(2): what is shared, what is refused. */
/* variants: dynamic static */
#include "check.h"
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char stack[65536] __attribute__((aligned(16)));

static int set_77(void *value)
{
    *(int *)value = 77;
    return 5;
}

static int change_directory(void *unused)
{
    (void)unused;
    umask(0);
    return chdir("/tmp");
}

static int close_descriptor(void *fd)
{
    return close(*(int *)fd);
}

static pid_t run(int (*function)(void *), int flags, void *arg)
{
    pid_t child = clone(function, stack + sizeof(stack), flags, arg);
    NEED(child > 0);
    return child;
}

int main(void)
{
    int value = 0, status;
    char here[256];

    pid_t child = run(set_77, CLONE_VM | SIGCHLD, &value);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 5 && value == 77);
    value = 0;
    child = run(set_77, SIGCHLD, &value);
    CHECK(waitpid(child, &status, 0) == child && value == 0);
    child = run(set_77, CLONE_VM | CLONE_VFORK | SIGCHLD, &value);
    CHECK(value == 77);
    waitpid(child, &status, 0);
    child = run(set_77, 0, &value);
    CALL(waitpid(child, &status, 0));
    CHECK(waitpid(child, &status, __WCLONE) == child);
    child = run(set_77, 0, &value);
    CHECK(waitpid(child, &status, __WALL) == child);

    NEED(chdir("/") == 0);
    child = run(change_directory, SIGCHLD, NULL);
    waitpid(child, &status, 0);
    CHECK(!strcmp(getcwd(here, sizeof(here)), "/"));
    umask(022);
    child = run(change_directory, CLONE_FS | SIGCHLD, NULL);
    waitpid(child, &status, 0);
    CHECK(!strcmp(getcwd(here, sizeof(here)), "/tmp"));
    VALUE(umask(022));

    int fd = dup(0);
    child = run(close_descriptor, CLONE_VM | SIGCHLD, &fd);
    waitpid(child, &status, 0);
    CALL(fcntl(fd, F_GETFD));
    child = run(close_descriptor, CLONE_VM | CLONE_FILES | SIGCHLD, &fd);
    waitpid(child, &status, 0);
    CALL(fcntl(fd, F_GETFD));

    struct clone_args args = {.exit_signal = SIGCHLD};
    child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (!child)
        _exit(4);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4);
    args.flags = CLONE_SIGHAND;
    CALL(syscall(SYS_clone3, &args, sizeof(args)));
    CALL(syscall(SYS_clone3, &args, 8));
    CALL(syscall(SYS_clone3, NULL, sizeof(args)));
    CALL(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));

    int parent_tid = 0;
    child = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &parent_tid, 0, 0);
    if (!child)
        _exit(0);
    CHECK(parent_tid == child);
    waitpid(child, &status, 0);
    return 0;
}
