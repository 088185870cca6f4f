/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs without libc (libvmm_guest_start): the entry point, and what compilers call
 * of their own accord.  Static, without threads, without the stack protector.
 */
#include "sdk/system.h"

int main(int argc, char **argv, char **envp);
void vmm_start(long *stack);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

/* The stack at entry, System V ABI: argc, argv, NULL, envp, NULL, ... */
__asm__(".text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        "    xorl %ebp, %ebp\n"
        "    movq %rsp, %rdi\n"
        "    andq $-16, %rsp\n"
        "    call vmm_start\n"
        "    hlt\n");

__attribute__((used)) void vmm_start(long *stack)
{
    char **argv = (char **)(stack + 1);

    system_call(SYS_exit_group, main((int)*stack, argv, argv + *stack + 1), NULL, 0);
}

void *memmove(void *to, const void *from, size_t size)
{
    move_bytes(to, from, size);
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t size)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i]) {
            return x[i] - y[i];
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    return string_length(text);
}
