/* SPDX-License-Identifier: BSD-2-Clause */
/* kcmp(2): what two processes share is equal, what they do not is ordered; errors. */
#include "check.h"
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int compare(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
    return (int)syscall(SYS_kcmp, a, b, type, x, y);
}

static char stack[65536] __attribute__((aligned(16)));

static int child(void *arg)
{
    (void)arg;
    pause();
    return 0;
}

static void of_child(const char *name, int flags)
{
    pid_t self = getpid();
    pid_t pid = clone(child, stack + sizeof(stack), flags | SIGCHLD, NULL);
    NEED(pid > 0);
    printf("-- %s\n", name);
    CHECK((compare(self, pid, KCMP_VM, 0, 0) == 0) == !!(flags & CLONE_VM));
    CHECK((compare(self, pid, KCMP_FILES, 0, 0) == 0) == !!(flags & CLONE_FILES));
    CHECK((compare(self, pid, KCMP_FS, 0, 0) == 0) == !!(flags & CLONE_FS));
    CHECK((compare(self, pid, KCMP_SIGHAND, 0, 0) == 0) == !!(flags & CLONE_SIGHAND));
    VALUE(compare(self, pid, KCMP_FILE, 1, 1));
    int one = compare(self, pid, KCMP_VM, 0, 0), other = compare(pid, self, KCMP_VM, 0, 0);
    CHECK(one == 0 ? other == 0 : one + other == 3);
    kill(pid, SIGKILL);
    NEED(waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
    pid_t self = getpid();
    int pipes[2];

    NEED(pipe(pipes) == 0);
    int copy = dup(pipes[0]);
    VALUE(compare(self, self, KCMP_FILE, (unsigned long)pipes[0], (unsigned long)copy));
    CHECK(compare(self, self, KCMP_FILE, (unsigned long)pipes[0], (unsigned long)pipes[1]) > 0);
    VALUE(compare(self, self, KCMP_FILE, 0, 999));
    VALUE(compare(self, self, KCMP_IO, 0, 0));
    VALUE(compare(self, self, 99, 0, 0));
    VALUE(compare(self, 999999, KCMP_VM, 0, 0));
    of_child("nothing shared", 0);
    of_child("all shared", CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND);
    if (fork() == 0) {
        NEED(setgid(65534) == 0 && setuid(65534) == 0);
        VALUE(compare(self, self, KCMP_VM, 0, 0));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}
