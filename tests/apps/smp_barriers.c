/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs build on knowing where they run: membarrier(2) between threads that use
 * no fences, and counters per CPU by restartable sequences, which no interruption tears.
 */
/* options: -c 4 */
#include "check.h"
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/rseq.h>
#include <sys/syscall.h>

#define THREADS 4
#define ROUNDS 60
#define ADDITIONS 10000

/* ---- Dekker's test: the fast side has no fence, the slow one has membarrier ---- */

static volatile int x, y, fast_saw, slow_saw, round_number, fast_done;
static int both_missed;

static void *fast_side(void *arg)
{
    for (int round = 1; round <= ROUNDS; round++) {
        while (round_number != round)
            __builtin_ia32_pause();
        x = 1;
        __asm__ volatile("" : : : "memory");
        fast_saw = y;
        fast_done = round;
    }
    return arg;
}

static void dekker(int command)
{
    pthread_t thread;

    round_number = fast_done = both_missed = 0;
    NEED(pthread_create(&thread, NULL, fast_side, NULL) == 0);
    for (int round = 1; round <= ROUNDS; round++) {
        x = y = fast_saw = 0;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        round_number = round;
        y = 1;
        NEED(syscall(SYS_membarrier, command, 0, 0) == 0);
        slow_saw = x;
        while (fast_done != round)
            __builtin_ia32_pause();
        both_missed += !fast_saw && !slow_saw;
    }
    pthread_join(thread, NULL);
    CHECK(both_missed == 0);
}

/* ---- counters per CPU ---- */

static struct {
    uint64_t count;
    uint64_t room[7];
} counters[CPU_SETSIZE];

static struct rseq *area(void)
{
    return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* One addition on the CPU it runs on, by instructions that are no atomic ones. */
static int add_one(void)
{
    uint64_t *base = &counters[0].count;

    __asm__ goto(".pushsection __rseq_cs, \"aw\"\n\t"
                 ".balign 32\n\t"
                 "3: .long 0, 0\n\t"
                 ".quad 1f, 2f - 1f, 4f\n\t"
                 ".popsection\n\t"
                 "leaq 3b(%%rip), %%rax\n\t"
                 "movq %%rax, %[section]\n\t"
                 "1: movl %[cpu], %%eax\n\t"
                 "shlq $6, %%rax\n\t"
                 "movq (%[base], %%rax), %%rcx\n\t"
                 "addq $1, %%rcx\n\t"
                 "movq %%rcx, (%[base], %%rax)\n\t"
                 "2: jmp 5f\n\t"
                 ".long %c[signature]\n\t"
                 "4: jmp %l[aborted]\n\t"
                 "5:\n\t"
                 :
                 : [section] "m"(area()->rseq_cs), [cpu] "m"(area()->cpu_id), [base] "r"(base),
                   [signature] "i"(RSEQ_SIG)
                 : "rax", "rcx", "memory", "cc"
                 : aborted);
    return 1;
aborted:
    return 0;
}

static void *adding(void *arg)
{
    for (int i = 0; i < ADDITIONS; i++) {
        while (!add_one())
            ;
        if (i % 1000 == 0)
            sched_yield();
    }
    return arg;
}

int main(void)
{
    pthread_t threads[THREADS * 2];
    uint64_t sum = 0;

    CALL(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
    dekker(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    CALL(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
    dekker(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
    if (!__rseq_size || (int)area()->cpu_id < 0) {
        printf("the C library has registered no restartable sequences\n");
        return 77;
    }
    for (int i = 0; i < THREADS * 2; i++)
        NEED(pthread_create(&threads[i], NULL, adding, NULL) == 0);
    for (int i = 0; i < THREADS * 2; i++)
        pthread_join(threads[i], NULL);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        sum += counters[cpu].count;
    CHECK(sum == (uint64_t)THREADS * 2 * ADDITIONS);
    return 0;
}
