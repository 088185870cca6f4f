/* SPDX-License-Identifier: BSD-2-Clause */
/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: a condition variable that wakes lock owners. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

static uint32_t condition, lock, other;
static int woken;

static long futex(uint32_t *word, int op, long value, void *timeout, uint32_t *second, int value3)
{
    return syscall(SYS_futex, word, op, value, timeout, second, value3);
}

static uint32_t tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static void *waiter(void *arg)
{
    (void)arg;
    long result = futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &lock, 0);
    if (result || (__atomic_load_n(&lock, __ATOMIC_SEQ_CST) & FUTEX_TID_MASK) != tid())
        printf("woken without the lock: %ld, errno %d\n", result, errno);
    woken++; /* the lock guards it */
    NEED(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    return NULL;
}

/* Until all other threads of the process sleep. */
static void wait_until_asleep(int count)
{
    for (int asleep = 0; asleep < count; usleep(1000)) {
        DIR *dir = opendir("/proc/self/task");
        struct dirent *entry;
        NEED(dir);
        asleep = 0;
        while ((entry = readdir(dir)) != NULL) {
            char path[64], state = 0;
            snprintf(path, sizeof(path), "/proc/self/task/%.20s/stat", entry->d_name);
            FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
            if (!file)
                continue;
            asleep += fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state == 'S';
            fclose(file);
        }
        closedir(dir);
    }
}

static void broadcast(int held)
{
    pthread_t threads[4];

    condition = lock = 0;
    woken = 0;
    for (int i = 0; i < 4; i++)
        NEED(pthread_create(&threads[i], NULL, waiter, NULL) == 0);
    wait_until_asleep(4);
    if (held)
        NEED(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    condition = 1;
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)100, &lock, 1));
    usleep(20000);
    if (held) {
        VALUE(woken);
        NEED(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    VALUE(woken);
    VALUE(lock);
}

int main(void)
{
    struct timespec soon;

    alarm(60);
    broadcast(0);
    broadcast(1);
    condition = 5;
    VALUE(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 4, NULL, &lock, 0));
    VALUE(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 5, NULL, &condition, 0));
    clock_gettime(CLOCK_MONOTONIC, &soon);
    VALUE(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 5, &soon, &lock, 0));
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, NULL, &lock, 5));
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, NULL, &lock, 4));
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, NULL, &lock, 5));
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, NULL, &condition, 5));
    /* Moved to another lock than the one that was named: refused. */
    pthread_t thread;
    condition = lock = 0;
    NEED(pthread_create(&thread, NULL, waiter, NULL) == 0);
    wait_until_asleep(1);
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &other, 0));
    VALUE(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &lock, 0));
    pthread_join(thread, NULL);
    return 0;
}
