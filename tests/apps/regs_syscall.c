/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call keeps every register but rax, rcx and r11, and the flags. */
/* variants: static */
#include "check.h"

int main(void)
{
    unsigned long bad = 0, flags = 0;

    for (int round = 0; round < 1000; round++) {
        long result;
        __asm__ volatile("push %%rbp; push %%rbx; mov $0x1111, %%rbx; mov $0x2222, %%rbp; mov "
                         "$0x3333, %%r8; mov $0x4444, %%r9\n\t"
                         "mov $0x5555, %%r10; mov $0x6666, %%r12; mov $0x7777, %%r13; mov $0x8888, "
                         "%%r14; mov $0x9999, %%r15\n\t"
                         "mov $0xaaaa, %%rdi; mov $0xbbbb, %%rsi; mov $0xcccc, %%rdx; stc\n\t"
                         "syscall\n\t"
                         "setnc %%cl; movzbl %%cl, %%ecx\n\t"
                         "cmp $0x1111, %%rbx; jne 1f; cmp $0x2222, %%rbp; jne 1f; cmp $0x3333, "
                         "%%r8; jne 1f; cmp $0x4444, %%r9\n\t"
                         "jne 1f; cmp $0x5555, %%r10; jne 1f; cmp $0x6666, %%r12; jne 1f; cmp "
                         "$0x7777, %%r13; jne 1f\n\t"
                         "cmp $0x8888, %%r14; jne 1f; cmp $0x9999, %%r15; jne 1f; cmp $0xaaaa, "
                         "%%rdi; jne 1f; cmp $0xbbbb, %%rsi\n\t"
                         "jne 1f; cmp $0xcccc, %%rdx; jne 1f; jmp 2f\n"
                         "1: add $100, %%rcx\n"
                         "2: pop %%rbx; pop %%rbp"
                         : "=a"(result), "=c"(flags)
                         : "0"(39l)
                         : "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                           "r15", "cc", "memory");
        bad += flags != 0 || result != getpid();
    }
    VALUE(bad);
    /* Kernel addresses do not leak through rcx and r11. */
    unsigned long rcx, r11;
    __asm__ volatile("syscall; mov %%r11, %1" : "=c"(rcx), "=r"(r11) : "a"(39l) : "r11", "memory");
    CHECK(rcx < 1ul << 47 && r11 < 0x1000000);
    return 0;
}
