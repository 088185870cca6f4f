/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies, priorities, affinity and membarrier: what is set is read back; errors. */
#include "check.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static struct sched_attr_v0 {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} attr;

static void policies(void)
{
    struct sched_param param = {0};
    struct timespec interval;

    VALUE(sched_getscheduler(0));
    VALUE(sched_getparam(0, &param));
    VALUE(param.sched_priority);
    VALUE(sched_get_priority_max(SCHED_FIFO));
    VALUE(sched_get_priority_min(SCHED_FIFO));
    VALUE(sched_get_priority_max(SCHED_OTHER));
    CALL(sched_get_priority_max(99));
    param.sched_priority = 1;
    CALL(sched_setscheduler(0, SCHED_OTHER, &param));
    param.sched_priority = 0;
    CALL(sched_setscheduler(0, SCHED_FIFO, &param));
    CALL(sched_setscheduler(0, 77, &param));
    CALL(sched_setscheduler(-1, SCHED_OTHER, &param));
    CALL(sched_setscheduler(999999, SCHED_OTHER, &param));
    CALL(sched_setscheduler(0, SCHED_BATCH, &param));
    VALUE(sched_getscheduler(0));
    CALL(sched_setscheduler(0, SCHED_OTHER, &param));
    CALL(syscall(SYS_sched_setparam, 0, NULL));
    VALUE(sched_rr_get_interval(0, &interval));
    CHECK(interval.tv_sec == 0 && interval.tv_nsec >= 0);
    VALUE(sched_yield());
}

static void attributes(void)
{
    /* Upwards only, from whatever the test was started with: that needs no privilege. */
    VALUE(setpriority(PRIO_PROCESS, 0, 18));
    CALL(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0));
    VALUE(attr.size);
    VALUE(attr.policy);
    VALUE(attr.nice);
    CALL(syscall(SYS_sched_getattr, 0, &attr, 10, 0));
    CALL(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 1));
    attr.nice = 19;
    CALL(syscall(SYS_sched_setattr, 0, &attr, 0));
    VALUE(nice(0));
    CALL(syscall(SYS_sched_setattr, 0, NULL, 0));
    attr.policy = 66;
    CALL(syscall(SYS_sched_setattr, 0, &attr, 0));
}

static void affinity(void)
{
    cpu_set_t all, one;
    unsigned int cpu = 12345, node = 12345;

    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_COUNT(&all) > 0);
    CALL(syscall(SYS_sched_getaffinity, 0, 7, &all));
    CALL(syscall(SYS_sched_getaffinity, 999999, sizeof(all), &all));
    CALL(syscall(SYS_sched_getaffinity, 0, sizeof(all), NULL));
    CPU_ZERO(&one);
    CALL(sched_setaffinity(0, sizeof(one), &one));
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    }
    VALUE(sched_setaffinity(0, sizeof(one), &one));
    CHECK(CPU_ISSET(sched_getcpu(), &one));
    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_EQUAL(&all, &one));
    VALUE(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(CPU_ISSET(cpu, &one) && node < 64);
    CALL(syscall(SYS_getcpu, (void *)8, NULL, NULL));
}

static void barriers(void)
{
    CHECK(syscall(SYS_membarrier, 0, 0) >= 0);
    CALL(syscall(SYS_membarrier, 8, 0)); /* private, not registered */
    CALL(syscall(SYS_membarrier, 16, 0));
    CALL(syscall(SYS_membarrier, 8, 0));
    CALL(syscall(SYS_membarrier, 1 << 20, 0));
    CALL(syscall(SYS_membarrier, 0, 99));
}

int main(void)
{
    policies();
    attributes();
    affinity();
    barriers();
    return 0;
}
