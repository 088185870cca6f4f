/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping and waking between CPUs: nothing is lost, nobody sleeps for ever.  Mutexes,
 * conditions, a ring of hand-overs, requeueing, pipes, and waiters that time out.
 */
/* options: -c 4 */
#include "check.h"
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>

#define THREADS 4
#define ROUNDS 160

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, pi_mutex;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static uint64_t counter, pi_counter, produced, consumed, put, taken;
static sem_t ring[THREADS];
static int pipes[THREADS][2], events[THREADS], hand_overs, bad_bytes;

static void *locking(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS * 5; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        pthread_mutex_lock(&pi_mutex);
        pi_counter++;
        pthread_mutex_unlock(&pi_mutex);
    }
    return NULL;
}

/* Two produce, two consume, by a buffer of three places. */
static void *exchanging(void *arg)
{
    int producer = (int)(intptr_t)arg % 2;

    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        if (producer) {
            while (put - taken == 3)
                pthread_cond_wait(&emptied, &mutex);
            put++;
            produced += (uint64_t)i;
            pthread_cond_signal(&filled);
        } else {
            while (put == taken)
                pthread_cond_wait(&filled, &mutex);
            taken++;
            consumed += (uint64_t)i;
            pthread_cond_broadcast(&emptied);
        }
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *handing_over(void *arg)
{
    int index = (int)(intptr_t)arg;

    for (int i = 0; i < ROUNDS / 4; i++) {
        sem_wait(&ring[index]);
        hand_overs++;
        sem_post(&ring[(index + 1) % THREADS]);
    }
    return NULL;
}

static void *through_pipes(void *arg)
{
    int index = (int)(intptr_t)arg, next = (index + 1) % THREADS;
    unsigned char byte;
    uint64_t one = 1, count;

    for (int i = 0; i < ROUNDS / 4; i++) {
        byte = (unsigned char)i;
        if (write(pipes[next][1], &byte, 1) != 1 || read(pipes[index][0], &byte, 1) != 1 ||
            byte != (unsigned char)i)
            __atomic_add_fetch(&bad_bytes, 1, __ATOMIC_SEQ_CST);
        if (write(events[next], &one, 8) != 8)
            __atomic_add_fetch(&bad_bytes, 1, __ATOMIC_SEQ_CST);
        struct pollfd wait = {.fd = events[index], .events = POLLIN};
        while (poll(&wait, 1, 1000) != 1)
            ;
        if (read(events[index], &count, 8) != 8 || count == 0)
            __atomic_add_fetch(&bad_bytes, 1, __ATOMIC_SEQ_CST);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static unsigned int word, gate;
static int woken, timed_out, running;

static void *waiting(void *arg)
{
    int index = (int)(intptr_t)arg;
    struct timespec soon = {0, 200000 + index * 100000};

    for (int i = 0; i < 50; i++) {
        long result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0);
        if (result == 0)
            __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
        else if (errno == ETIMEDOUT)
            __atomic_add_fetch(&timed_out, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void run_all(void *(*body)(void *))
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, body, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Each wait ends once, woken or too late; what wakers count is what waiters count. */
static void racing_with_time(void)
{
    pthread_t threads[THREADS];
    long sent = 0, requeued = 0;

    running = THREADS;
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, waiting, (void *)(intptr_t)i) == 0);
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST)) {
        sent += syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        requeued += syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 0, (void *)2, &gate, 0);
        sent += syscall(SYS_futex, &gate, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0);
        usleep(100);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(woken == sent);
    CHECK(woken + timed_out == THREADS * 50);
}

int main(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&pi_mutex, &attributes);
    run_all(locking);
    CHECK(counter == (uint64_t)THREADS * ROUNDS * 5);
    CHECK(pi_counter == counter);
    run_all(exchanging);
    CHECK(produced == consumed && put == taken);
    for (int i = 0; i < THREADS; i++)
        sem_init(&ring[i], 0, i == 0);
    run_all(handing_over);
    CHECK(hand_overs == THREADS * (ROUNDS / 4));
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        NEED(pipe(pipes[i]) == 0);
        NEED((events[i] = eventfd(0, 0)) >= 0);
    }
    run_all(through_pipes);
    CHECK(bad_bytes == 0);
    racing_with_time();
    return 0;
}
