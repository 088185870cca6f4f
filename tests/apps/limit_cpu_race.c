/* SPDX-License-Identifier: BSD-2-Clause */
/* RLIMIT_CPU changed by many threads at once, and by others while the process ends. */
/* options: -c 4 */
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static volatile int stop;

static void *change(void *arg)
{
    struct rlimit limit = {.rlim_max = RLIM_INFINITY};

    for (rlim_t i = 0; !stop; i++) {
        limit.rlim_cur = i % 50 ? 100 + i % 50 : RLIM_INFINITY;
        prlimit(arg ? *(pid_t *)arg : 0, RLIMIT_CPU, &limit, NULL);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[4];
    pid_t child = getpid();
    struct timespec begin, now;

    for (int i = 0; i < 4; i++)
        NEED(pthread_create(&threads[i], NULL, change, i < 2 ? NULL : (void *)&child) == 0);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        child = pid;
        NEED(waitpid(pid, NULL, 0) == pid);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 <
             begin.tv_sec * 1000 + begin.tv_nsec / 1000000 + 500);
    stop = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("still here\n");
    return 0;
}
