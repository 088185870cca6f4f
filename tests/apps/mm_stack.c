/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack grows on demand up to its limit; beyond it there is SIGSEGV, seen on another stack. */
#include "check.h"
#include <setjmp.h>
#include <sys/resource.h>

static sigjmp_buf back;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

static __attribute__((noinline)) long dive(long depth)
{
    volatile char frame[1000];
    frame[0] = frame[999] = (char)depth;
    if (depth == 0)
        return 0;
    return dive(depth - 1) + 1 + (frame[0] - frame[999]);
}

static __attribute__((noinline)) int one_big_frame(void)
{
    char big[4 << 20];
    memset(big, 1, sizeof(big));
    __asm__ volatile("" ::"r"(big) : "memory");
    return big[12345];
}

int main(void)
{
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    struct rlimit limit;

    getrlimit(RLIMIT_STACK, &limit);
    CHECK(limit.rlim_cur == 8 << 20);
    VALUE(dive(6000));
    VALUE(one_big_frame());
    VALUE(sigaltstack(&stack, NULL));
    VALUE(sigaction(SIGSEGV, &action, NULL));
    int number = sigsetjmp(back, 1);
    if (!number)
        printf("%ld\n", dive(100000000));
    VALUE(number);
    VALUE(dive(1000));
    return 0;
}
