/* SPDX-License-Identifier: BSD-2-Clause */
/* Futex operations between threads and processes: order, bitsets, requeue, wake-op, sharing. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static unsigned int word, other;
static volatile int woken;

static long futex(unsigned int *address, int op, unsigned int value, void *timeout,
                  unsigned int *second, unsigned int value3)
{
    return syscall(SYS_futex, address, op, value, timeout, second, value3);
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 30000000}, NULL);
}

static void *waiter(void *arg)
{
    unsigned int bits = (unsigned int)(uintptr_t)arg;

    if (futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bits) == 0)
        __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Returns when all of them wait, however slow the machine is: moving them counts them. */
static void start(pthread_t *threads, int count, unsigned int bits)
{
    static unsigned int aside;
    long waiting = 0;

    woken = 0;
    for (int i = 0; i < count; i++)
        NEED(pthread_create(&threads[i], NULL, waiter, (void *)(uintptr_t)bits) == 0);
    while (waiting < count) {
        waiting += futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)1000, &aside, 0);
        nap();
    }
    NEED(futex(&aside, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)1000, &word, 0) == count);
}

static void join(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("woken %d\n", woken);
}

static void waking(void)
{
    pthread_t threads[4];

    start(threads, 4, FUTEX_BITSET_MATCH_ANY);
    VALUE(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    VALUE(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    join(threads, 4);
    start(threads, 2, 4);
    VALUE(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 3));
    VALUE(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 6));
    join(threads, 2);
}

static void requeueing(void)
{
    pthread_t threads[4];

    start(threads, 4, FUTEX_BITSET_MATCH_ANY);
    CALL(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)9, &other, 5));
    VALUE(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &other, 0));
    VALUE(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
    VALUE(futex(&other, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
    join(threads, 4);
    CALL(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, (unsigned int)-1, (void *)1, &other, 0));
}

static void operations(void)
{
    pthread_t threads[2];

    start(threads, 2, FUTEX_BITSET_MATCH_ANY);
    other = 5;
    VALUE(futex(&other, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &word,
                FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 1))); /* word was 0: not equal to 1 */
    VALUE(word);
    word = 0;
    VALUE(futex(&other, FUTEX_WAKE_OP_PRIVATE, 1, (void *)9, &word,
                FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_LT, 1)));
    join(threads, 2);
    CALL(
        futex(&other, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &word, FUTEX_OP(9, 0, 0, 0) | 7u << 28));
}

static void sharing(void)
{
    unsigned int *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    NEED(page != MAP_FAILED);
    pid_t child = fork();
    if (child == 0)
        _exit(futex(page, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 7 : 8);
    nap();
    while (futex(page, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
        nap();
    waitpid(child, &status, 0);
    VALUE(WEXITSTATUS(status));
    /* Private memory that looks shared stays with its process after fork. */
    child = fork();
    if (child == 0) {
        struct timespec timeout = {0, 150000000};
        _exit(futex(&word, FUTEX_WAIT, 0, &timeout, NULL, 0) == 0 ? 7 : errno);
    }
    nap();
    VALUE(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == ETIMEDOUT);
}

static void errors(void)
{
    struct timespec bad = {0, 1000000000}, past = {1, 0};

    CALL(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
    CALL(futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0));
    CALL(futex(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, 1));
    CALL(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, 1));
    CALL(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
    CALL(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    CALL(futex((unsigned int *)((char *)&word + 1), FUTEX_WAKE, 1, NULL, NULL, 0));
    CALL(futex((unsigned int *)8, FUTEX_WAIT, 0, NULL, NULL, 0));
    CALL(futex((unsigned int *)8, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    CALL(futex(&word, 77, 0, NULL, NULL, 0));
}

int main(void)
{
    waking();
    requeueing();
    operations();
    sharing();
    errors();
    return 0;
}
