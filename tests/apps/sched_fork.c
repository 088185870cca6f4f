/* SPDX-License-Identifier: BSD-2-Clause */
/* sched(7): what a child inherits, SCHED_RESET_ON_FORK, SCHED_DEADLINE's numbers and rules. */
#include "check.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} attr;

static void show_child(const char *name)
{
    printf("-- %s\n", name);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct sched_param param;
        VALUE(sched_getscheduler(0));
        VALUE(sched_getparam(0, &param));
        VALUE(param.sched_priority);
        VALUE(getpriority(PRIO_PROCESS, 0));
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0)
        printf("fork: errno %d\n", errno);
    else
        NEED(waitpid(pid, NULL, 0) == pid);
}

static long set_attr(void)
{
    attr.size = sizeof(attr);
    return syscall(SYS_sched_setattr, 0, &attr, 0);
}

/* Natively that takes a privilege, and all CPUs of the machine (taskset, cpusets). */
static int may_not(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        attr = (struct attributes){.policy = 6, .runtime = 10000000, .deadline = 30000000};
        _exit(set_attr() != 0 && errno == EPERM);
    }
    return waitpid(pid, &status, 0) != pid || status != 0;
}

/* A child that has ended can be asked until it is waited for. */
static void of_zombie(void)
{
    struct sched_param param = {0};
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    NEED(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    VALUE(sched_getscheduler(pid));
    VALUE(sched_getparam(pid, &param));
    VALUE(param.sched_priority);
    NEED(waitpid(pid, NULL, 0) == pid);
    VALUE(sched_getscheduler(pid));
}

int main(void)
{
    struct sched_param param = {.sched_priority = 7};

    if (may_not()) {
        printf("this host does not permit SCHED_DEADLINE\n");
        return 77;
    }

    VALUE(sched_setscheduler(0, SCHED_RR, &param));
    show_child("inherits");
    of_zombie();
    VALUE(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param));
    CHECK(sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
    show_child("reset");
    param.sched_priority = 0;
    VALUE(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param));
    VALUE(setpriority(PRIO_PROCESS, 0, -5));
    show_child("batch");
    VALUE(sched_setscheduler(0, SCHED_OTHER, &param));
    VALUE(setpriority(PRIO_PROCESS, 0, 0));

    attr = (struct attributes){.policy = 6, .runtime = 10000000, .deadline = 30000000};
    VALUE(set_attr());
    memset(&attr, 0, sizeof(attr));
    VALUE(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0));
    printf("%u %llu %llu %llu\n", attr.policy, (unsigned long long)attr.runtime,
           (unsigned long long)attr.deadline, (unsigned long long)attr.period);
    show_child("deadline");
    VALUE(sched_setscheduler(0, SCHED_OTHER, &param));
    attr = (struct attributes){.policy = 6, .runtime = 30000000, .deadline = 10000000};
    VALUE(set_attr());
    attr = (struct attributes){.policy = 6, .runtime = 100, .deadline = 10000000};
    VALUE(set_attr());
    attr = (struct attributes){.policy = 6, .runtime = 10000000, .deadline = 30000000, .period = 1};
    VALUE(set_attr());
    attr = (struct attributes){.policy = 6, .flags = 0x100000};
    VALUE(set_attr());
    return 0;
}
