/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads on all CPUs at once: how many there are, affinity, getcpu, rseq's numbers,
 * a clock that never runs back from one CPU to the next, timers on each of them.
 */
/* options: -c 4 */
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <time.h>

#define CPUS_MAX 64
#define ROUNDS 50

static cpu_set_t allowed;
static int cpu_count, cpu_numbers[CPUS_MAX];
static int arrived[4], wrong_cpu, went_back, early;
static uint64_t last_seen_ns;
static sem_t turn[CPUS_MAX];

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int pin(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof(one), &one);
}

/* Returns when all threads are here: none of them sleeps meanwhile. */
static void meet(int place)
{
    __atomic_add_fetch(&arrived[place], 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&arrived[place], __ATOMIC_SEQ_CST) < cpu_count)
        sched_yield();
}

static int where(void)
{
    unsigned int cpu, node;

    NEED(syscall(SYS_getcpu, &cpu, &node, NULL) == 0);
    return (int)cpu;
}

static uint32_t rseq_cpu(void)
{
    const struct rseq *area =
        (const struct rseq *)((const char *)__builtin_thread_pointer() + __rseq_offset);

    return __rseq_size ? *(const volatile uint32_t *)&area->cpu_id : (uint32_t)sched_getcpu();
}

/* Hands the time around: whoever is next must not read an earlier one. */
static void pass_time_on(int index)
{
    for (int round = 0; round < ROUNDS; round++) {
        sem_wait(&turn[index]);
        uint64_t now = now_ns();
        if (now < last_seen_ns)
            went_back++;
        last_seen_ns = now;
        sem_post(&turn[(index + 1) % cpu_count]);
    }
}

static void sleep_a_little(int index)
{
    for (int i = 0; i < 5; i++) {
        uint64_t wanted = 1000000 + (uint64_t)index * 300000, begin = now_ns();
        nanosleep(&(struct timespec){0, (long)wanted}, NULL);
        if (now_ns() - begin < wanted)
            __atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
    }
}

static void *on_one_cpu(void *arg)
{
    int index = (int)(intptr_t)arg, cpu = cpu_numbers[index];

    NEED(pin(cpu) == 0);
    for (int i = 0; i < 3; i++) {
        meet(i);
        if (sched_getcpu() != cpu || where() != cpu || rseq_cpu() != (uint32_t)cpu)
            __atomic_add_fetch(&wrong_cpu, 1, __ATOMIC_SEQ_CST);
    }
    pass_time_on(index);
    meet(3);
    sleep_a_little(index);
    if (sched_getcpu() != cpu)
        __atomic_add_fetch(&wrong_cpu, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Lines of a file that begin with start and a digit or blank. */
static int count_lines(const char *path, const char *start)
{
    char line[4096];
    int count = 0;
    FILE *file = fopen(path, "r");

    NEED(file);
    while (fgets(line, sizeof(line), file))
        if (!strncmp(line, start, strlen(start)))
            count++;
    fclose(file);
    return count;
}

static void counting(void)
{
    NEED(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
    for (int cpu = 0; cpu < CPUS_MAX; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            cpu_numbers[cpu_count++] = cpu;
    CHECK(cpu_count >= 1);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= cpu_count);
    CHECK(count_lines("/proc/cpuinfo", "processor\t") >= cpu_count);
    CHECK(count_lines("/proc/stat", "cpu") - 1 == count_lines("/proc/cpuinfo", "processor\t"));
}

static void wandering(void)
{
    int wrong = 0;

    for (int i = 0; i < 40 * cpu_count; i++) {
        int cpu = cpu_numbers[i % cpu_count];
        if (pin(cpu) != 0 || sched_getcpu() != cpu || where() != cpu)
            wrong++;
    }
    CHECK(wrong == 0);
    CHECK(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
    cpu_set_t none;
    CPU_ZERO(&none);
    CALL(sched_setaffinity(0, sizeof(none), &none));
}

int main(void)
{
    pthread_t threads[CPUS_MAX];

    counting();
    sem_init(&turn[0], 0, 1);
    for (int i = 0; i < cpu_count; i++)
        NEED(pthread_create(&threads[i], NULL, on_one_cpu, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < cpu_count; i++)
        pthread_join(threads[i], NULL);
    CHECK(wrong_cpu == 0);
    CHECK(went_back == 0);
    CHECK(early == 0);
    wandering();
    return 0;
}
