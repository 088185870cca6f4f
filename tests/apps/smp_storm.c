/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and threads that come and go on all CPUs at once: fork, vfork, exec and wait
 * from several threads, exec while others run, threads that end while one is created.
 */
/* options: -c 4 */
#include "check.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define THREADS 4
#define ROUNDS 5

static int wrong;

static void expect(pid_t child, int status_wanted)
{
    int status;

    if (child < 0 || waitpid(child, &status, 0) != child || status != status_wanted << 8)
        __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
}

static void *nothing(void *arg)
{
    return arg;
}

static void *short_threads(void *arg)
{
    pthread_t threads[3];
    void *result;

    for (intptr_t i = 0; i < 3; i++)
        NEED(pthread_create(&threads[i], NULL, nothing, (void *)i) == 0);
    for (intptr_t i = 0; i < 3; i++)
        if (pthread_join(threads[i], &result) != 0 || result != (void *)i)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
    return arg;
}

static void *storm(void *arg)
{
    int index = (int)(intptr_t)arg;
    char number[8];
    char *const arguments[] = {"smp_storm", "child", number, NULL};

    for (int i = 0; i < ROUNDS; i++) {
        int wanted = (index * ROUNDS + i) & 63;
        snprintf(number, sizeof(number), "%d", wanted);
        pid_t child = fork();
        if (child == 0) {
            char *memory = malloc(50000);
            memset(memory, i, 50000);
            _exit(wanted);
        }
        expect(child, wanted);
        short_threads(NULL);
        if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) != 0)
            child = -1;
        expect(child, wanted);
        /* Memory that no other thread knows: their maps change at the same time. */
        char *memory =
            mmap(NULL, 300000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        NEED(memory != MAP_FAILED);
        memset(memory, index + 1, 300000);
        for (int at = 0; at < 300000; at += 4096)
            if (memory[at] != index + 1)
                __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        munmap(memory, 300000);
    }
    return NULL;
}

static void *for_ever(void *arg)
{
    volatile unsigned long turns = 0;

    for (;;)
        turns++;
    return arg;
}

/* exec from one of several threads: the others are gone, the process stays itself. */
static void exec_among_threads(void)
{
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t threads[THREADS];
            for (int t = 0; t < THREADS; t++)
                pthread_create(&threads[t], NULL, for_ever, NULL);
            execl("/proc/self/exe", "smp_storm", "child", "33", NULL);
            _exit(1);
        }
        expect(child, 33);
    }
}

/* Children that nobody waits for, from children that end: they come to the reaper. */
static void orphans(void)
{
    for (int i = 0; i < 8; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (int n = 0; n < 3; n++)
                if (fork() == 0) {
                    usleep((useconds_t)n * 300);
                    _exit(0);
                }
            _exit(5);
        }
        expect(child, 5);
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];

    if (argc == 3)
        return atoi(argv[2]);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, storm, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(wrong == 0);
    exec_among_threads();
    CHECK(wrong == 0);
    orphans();
    CHECK(wrong == 0);
    return 0;
}
