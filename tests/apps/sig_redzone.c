/* SPDX-License-Identifier: BSD-2-Clause */
/* Asynchronous signals leave a leaf function's red zone and registers alone. */
/* variants: static */
#include "check.h"
#include <sys/time.h>

static volatile int ticks;

static void on_tick(int number)
{
    char clobber[512];
    (void)number;
    memset(clobber, 0xff, sizeof(clobber));
    __asm__ volatile("" ::"r"(clobber) : "memory");
    ticks++;
}

int main(void)
{
    struct itimerval timer = {{0, 2000}, {0, 2000}};
    long wrong = 0;

    signal(SIGALRM, on_tick);
    VALUE(setitimer(ITIMER_REAL, &timer, NULL));
    while (ticks < 50) {
        long bad;
        __asm__ volatile("movq $0x12345678, -8(%%rsp); movq $0x7654321, -128(%%rsp); mov $20000, "
                         "%%ecx; mov $77, %%r9\n"
                         "1: dec %%ecx; jnz 1b\n"
                         "xor %0, %0; cmpq $0x12345678, -8(%%rsp); setne %b0; cmpq $0x7654321, "
                         "-128(%%rsp); je 2f; inc %0\n"
                         "2: cmp $77, %%r9; je 3f; inc %0\n3:"
                         : "=&r"(bad)
                         :
                         : "rcx", "r9", "cc", "memory");
        wrong += bad;
    }
    VALUE(wrong);
    return 0;
}
