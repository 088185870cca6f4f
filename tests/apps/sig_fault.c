/* SPDX-License-Identifier: BSD-2-Clause */
/* Processor faults become signals with Linux's codes and addresses. */
/* variants: dynamic static */
#include "check.h"
#include <setjmp.h>
#include <sys/ucontext.h>

static sigjmp_buf back;
static siginfo_t info;
static volatile long trap;
static void *at;

static void on_fault(int number, siginfo_t *got, void *context)
{
    info = *got;
    trap = ((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO];
    at = (void *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    siglongjmp(back, number);
}

#define FAULT(what, ...)                                                                         \
    do {                                                                                         \
        int number = sigsetjmp(back, 1);                                                         \
        if (!number) {                                                                           \
            __VA_ARGS__;                                                                         \
            printf("%s: nothing\n", what);                                                       \
        } else {                                                                                 \
            printf("%s: signal %d code %d trap %ld address is ip: %d, zero: %d\n", what, number, \
                   info.si_code, trap, info.si_addr == at, info.si_addr == 0);                   \
        }                                                                                        \
    } while (0)

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    for (int i = 0; i < 5; i++)
        sigaction(numbers[i], &action, NULL);
    volatile int zero = 0, most = INT32_MIN;
    FAULT("divide by zero", zero = 1 / zero);
    zero = -1;
    FAULT("divide overflow", zero = most / zero);
    FAULT("undefined instruction", __asm__ volatile("ud2"));
    FAULT("breakpoint", __asm__ volatile("int3"));
    FAULT("hlt", __asm__ volatile("hlt"));
    FAULT("cli", __asm__ volatile("cli"));
    FAULT("in", __asm__ volatile("inb $0x60, %%al" ::: "rax"));
    FAULT("out", __asm__ volatile("outb %%al, $0x80" ::: "rax"));
    FAULT("cr3", __asm__ volatile("mov %%cr3, %%rax" ::: "rax"));
    FAULT("wrmsr", __asm__ volatile("wrmsr" ::"a"(0), "d"(0), "c"(0xc0000080)));
    FAULT("rdmsr", __asm__ volatile("rdmsr" ::"c"(0xc0000080) : "rax", "rdx"));
    FAULT("int 0x21", __asm__ volatile("int $0x21"));
    FAULT("int 14", __asm__ volatile("int $14"));
    FAULT("bad segment", __asm__ volatile("mov %0, %%ds" ::"r"(0x1234)));
    FAULT("swapgs", __asm__ volatile("swapgs"));
    FAULT("sysret", __asm__ volatile("sysretq"));
    FAULT("iret to ring 0", __asm__ volatile("push $0; push $0; push $2; push $8; push $0; iretq" ::
                                                 : "memory"));
    FAULT("non-canonical jump", ((void (*)(void))0x1234567890abcdef)());
    __asm__ volatile("push %%rax; pushf; orq $0x40000, (%%rsp); popf; pushf; andq $~0x40000, "
                     "(%%rsp); popf; pop %%rax" ::
                         : "memory", "cc");
    printf("the alignment flag can be set\n");
    return 0;
}
