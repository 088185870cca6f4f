/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Priority-inheriting futexes: who owns the word, hand-over in order of priority, deadlocks,
 * timeouts, owners that die, and pthread mutexes made of them.
 */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static long futex(uint32_t *word, int op, long value, void *timeout, uint32_t *second, int value3)
{
    return syscall(SYS_futex, word, op, value, timeout, second, value3);
}

static uint32_t tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static struct timespec in_ms(clockid_t clock, long ms)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static uint32_t word, second_word;
static atomic_int_least32_t *order; /* in shared memory: who came when */

/* Until n waiters are seen to be asleep: the word says that somebody waits. */
static void wait_for_waiters(uint32_t *which)
{
    while (!(__atomic_load_n(which, __ATOMIC_SEQ_CST) & FUTEX_WAITERS))
        usleep(1000);
}

static void alone(void)
{
    word = 0;
    VALUE(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK(word == tid());
    VALUE(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(word);
    VALUE(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    CHECK(word == tid());
    VALUE(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    word = 0x3ffffff0;
    VALUE(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    word = FUTEX_OWNER_DIED;
    VALUE(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    CHECK(word == (FUTEX_OWNER_DIED | tid()));
    VALUE(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    VALUE(word);
    VALUE(futex((uint32_t *)((char *)&word + 1), FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    VALUE(futex((uint32_t *)8, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

static void *holder(void *arg)
{
    (void)arg;
    NEED(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    __atomic_store_n(&second_word, 1, __ATOMIC_SEQ_CST);
    wait_for_waiters(&word);
    usleep(300000);
    NEED(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    return NULL;
}

static void contended(void)
{
    pthread_t thread;
    word = second_word = 0;
    NEED(pthread_create(&thread, NULL, holder, NULL) == 0);
    while (!__atomic_load_n(&second_word, __ATOMIC_SEQ_CST))
        usleep(1000);
    VALUE(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    struct timespec wall = in_ms(CLOCK_REALTIME, 10), mono = in_ms(CLOCK_MONOTONIC, 20);
    VALUE(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &wall, NULL, 0));
    VALUE(futex(&word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, &mono, NULL, 0));
    VALUE(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK((word & FUTEX_TID_MASK) == tid());
    VALUE(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(word);
    pthread_join(thread, NULL);
}

/* Two threads lock two words in opposite order: the second one is told. */
static uint32_t first_lock, other_lock;
static void *crossing(void *arg)
{
    (void)arg;
    NEED(futex(&other_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    NEED(futex(&first_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    NEED(futex(&first_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    NEED(futex(&other_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    return NULL;
}

static void deadlock(void)
{
    pthread_t thread;
    NEED(futex(&first_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
    NEED(pthread_create(&thread, NULL, crossing, NULL) == 0);
    wait_for_waiters(&first_lock);
    usleep(20000);
    VALUE(futex(&other_lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    VALUE(futex(&first_lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_join(thread, NULL);
    VALUE(first_lock);
    VALUE(other_lock & ~FUTEX_WAITERS);
}

/* Children of several priorities wait for a shared word. */
static void by_priority(uint32_t *shared)
{
    const int priorities[] = {0, 3, 9, 3, 0};

    *shared = 0;
    *order = 0;
    NEED(futex(shared, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
    for (int i = 0; i < 5; i++) {
        fflush(stdout);
        if (fork() == 0) {
            struct sched_param param = {.sched_priority = priorities[i]};
            NEED(sched_setscheduler(0, priorities[i] ? SCHED_FIFO : SCHED_OTHER, &param) == 0);
            NEED(futex(shared, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
            order[1 + (*order)++] = i;
            NEED(futex(shared, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
            _exit(0);
        }
        usleep(50000);
    }
    NEED(futex(shared, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < *order; i++)
        printf("%d. child %d\n", i + 1, (int)order[1 + i]);
    VALUE(*shared);
}

/* The owner ends without unlocking: the waiter has the lock, and is told. */
static void owner_dies(uint32_t *shared)
{
    *shared = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        NEED(futex(shared, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
        wait_for_waiters(shared);
        usleep(20000);
        _exit(0);
    }
    while (!__atomic_load_n(shared, __ATOMIC_SEQ_CST))
        usleep(1000);
    VALUE(futex(shared, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    CHECK((*shared & FUTEX_TID_MASK) == tid());
    CHECK(*shared & FUTEX_OWNER_DIED);
    VALUE(futex(shared, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    NEED(waitpid(child, NULL, 0) == child);
}

static pthread_mutex_t mutex;
static int counter;

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        NEED(pthread_mutex_lock(&mutex) == 0);
        counter++;
        if (i % 100 == 0)
            sched_yield();
        NEED(pthread_mutex_unlock(&mutex) == 0);
    }
    return NULL;
}

static void *lock_and_die(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    return NULL;
}

static void of_pthreads(void)
{
    pthread_t threads[4];
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    VALUE(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
    NEED(pthread_mutex_init(&mutex, &attr) == 0);
    for (int i = 0; i < 4; i++)
        NEED(pthread_create(&threads[i], NULL, count, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    VALUE(counter);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    NEED(pthread_mutex_init(&mutex, &attr) == 0);
    NEED(pthread_create(&threads[0], NULL, lock_and_die, NULL) == 0);
    pthread_join(threads[0], NULL);
    CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD);
    VALUE(pthread_mutex_consistent(&mutex));
    VALUE(pthread_mutex_unlock(&mutex));
    VALUE(pthread_mutex_lock(&mutex));
    VALUE(pthread_mutex_unlock(&mutex));
}

int main(void)
{
    uint32_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(shared != MAP_FAILED);
    order = (atomic_int_least32_t *)(shared + 16);
    alarm(60);
    alone();
    contended();
    deadlock();
    by_priority(shared);
    owner_dies(shared);
    of_pthreads();
    return 0;
}
