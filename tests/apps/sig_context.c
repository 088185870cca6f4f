/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame of a handler: registers as they were, and taken from it on return. */
/* variants: dynamic static */
#include "check.h"
#include <sys/ucontext.h>

static long seen[4];

static void on_trap(int number, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)number;
    (void)info;
    seen[0] = g[REG_RBX];
    seen[1] = g[REG_R12];
    seen[2] = g[REG_EFL] & 1;
    seen[3] = g[REG_R11];
    g[REG_RBX] = 0x1111;
    g[REG_R15] = 0x2222;
    g[REG_EFL] |= 1;
    __asm__ volatile(
        "xor %%eax, %%eax; mov $5, %%ebx; mov $6, %%r12d; mov $7, %%r11d; mov $8, %%r8d" ::
            : "rax", "rbx", "r12", "r11", "r8");
}

static void on_ill(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2; /* behind ud2 */
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    long rbx, r12, r15, r11, r8, carry;

    sigaction(SIGTRAP, &action, NULL);
    __asm__ volatile(
        "mov $0xaaaa, %%rbx; mov $0xbbbb, %%r12; mov $0xcccc, %%r15; mov $0xdddd, %%r11\n\t"
        "mov $0xeeee, %%r8; clc; int3; setc %%al; movzbl %%al, %%eax"
        : "=a"(carry), "=b"(rbx)
        :
        : "r12", "r15", "r11", "r8", "cc", "memory");
    __asm__ volatile("mov %%r12, %0; mov %%r15, %1; mov %%r11, %2; mov %%r8, %3"
                     : "=m"(r12), "=m"(r15), "=m"(r11), "=m"(r8));
    printf("handler saw %lx %lx carry %ld %lx\n", seen[0], seen[1], seen[2], seen[3]);
    printf("afterwards rbx %lx carry %ld\n", rbx, carry);
    action.sa_sigaction = on_ill;
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile("ud2");
    printf("behind the undefined instruction\n");
    return 0;
}
