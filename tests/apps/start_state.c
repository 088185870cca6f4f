/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program without a C library finds at its first instruction: registers, flags, stack. */
/* variants: static pie */
/* cflags: -nostdlib -fno-stack-protector */
/* args: a bc */

__attribute__((used)) static unsigned long start_rdx, start_flags;

static void put(const char *text, unsigned long value)
{
    char line[64];
    unsigned long length = 0, result;

    while (text[length] && length < 40) {
        line[length] = text[length];
        length++;
    }
    for (int shift = 60; shift >= 0; shift -= 4)
        line[length++] = "0123456789abcdef"[(value >> shift) & 15];
    line[length++] = '\n';
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(1), "D"(1), "S"(line), "d"(length)
                     : "rcx", "r11", "memory");
}

__attribute__((used)) static void begin(unsigned long *stack)
{
    put("argc ", stack[0]);
    put("argv ends ", stack[stack[0] + 1]);
    put("rdx ", start_rdx);
    put("flags ", start_flags & ~0x202ul);
    put("stack misaligned by ", (unsigned long)stack & 15);
    __asm__ volatile("syscall" ::"a"(231), "D"(5));
}

__asm__(".globl _start\n_start:\n\tpushf\n\tpop %rax\n\tmov %rax, start_flags(%rip)\n\tmov %rdx, "
        "start_rdx(%rip)\n\t"
        "mov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n\thlt\n");
