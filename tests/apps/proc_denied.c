/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unprivileged may not do to others or to the machine: EPERM before anything else. */
#include "check.h"
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

static long raw_clone(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid;
}

static void as_nobody(pid_t root)
{
    char byte = 0;
    void *head;
    size_t size;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    struct timeval now = {0, 0};

    NEED(setgid(65534) == 0 && setuid(65534) == 0);
    VALUE(raw_clone(CLONE_NEWNS));
    VALUE(raw_clone(CLONE_NEWUTS));
    VALUE(raw_clone(CLONE_NEWIPC));
    VALUE(raw_clone(CLONE_NEWPID));
    VALUE(raw_clone(CLONE_NEWNET));
    VALUE(unshare(CLONE_NEWNS));
    VALUE(unshare(CLONE_NEWUTS));
    VALUE(syscall(SYS_get_robust_list, root, &head, &size));
    VALUE(process_vm_readv(root, &here, 1, &there, 1, 0));
    VALUE(process_vm_writev(root, &here, 1, &there, 1, 0));
    VALUE(kill(root, 0));
    VALUE(kill(root, SIGTERM));
    VALUE(sethostname("x", 1));
    VALUE(settimeofday(&now, NULL));
    VALUE(sched_setscheduler(root, SCHED_OTHER, &(struct sched_param){0}));
    VALUE(syscall(SYS_get_robust_list, 0, &head, &size));
    VALUE(unshare(CLONE_FS | CLONE_FILES));
}

int main(void)
{
    pid_t root = getpid();

    fflush(stdout);
    if (fork() == 0) {
        as_nobody(root);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}
