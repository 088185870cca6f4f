/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector registers and floating-point controls survive a handler that changes them. */
/* variants: static */
#include "check.h"
#include <immintrin.h>

static void spoil(int number)
{
    static float noise[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    unsigned int mxcsr = 0x7f80;
    unsigned short control = 0x0f7f;

    (void)number;
    if (__builtin_cpu_supports("avx"))
        __asm__ volatile(
            "vmovups %0, %%ymm0; vmovups %0, %%ymm7; vmovups %0, %%ymm15" ::"m"(noise));
    else
        __asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm7; movups %0, %%xmm15" ::"m"(noise));
    __asm__ volatile("ldmxcsr %0; fldcw %1; fldpi" ::"m"(mxcsr), "m"(control));
}

int main(void)
{
    static float in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[3][8];
    unsigned int mxcsr = 0;
    unsigned short control = 0, status = 0;
    long pid = getpid(), result;

    signal(SIGUSR1, spoil);
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
    printf("at start mxcsr %x control %x\n", mxcsr, control);
    mxcsr = 0x3f80;
    control = 0x0b7f;
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile(
            "ldmxcsr %[m]; fldcw %[c]; fld1\n\t"
            "vmovups %[in], %%ymm0; vmovups %[in], %%ymm7; vmovups %[in], %%ymm15\n\t"
            "syscall\n\t"
            "vmovups %%ymm0, %[a]; vmovups %%ymm7, %[b]; vmovups %%ymm15, %[d]; vzeroupper"
            : "=a"(result), [a] "=m"(out[0]), [b] "=m"(out[1]), [d] "=m"(out[2])
            : "0"(62l), "D"(pid), "S"(10l), [in] "m"(in), [m] "m"(mxcsr), [c] "m"(control)
            : "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15");
    } else {
        __asm__ volatile(
            "ldmxcsr %[m]; fldcw %[c]; fld1; movups %[in], %%xmm0; movups %[in], %%xmm7\n\t"
            "movups %[in], %%xmm15; syscall; movups %%xmm0, %[a]; movups %%xmm7, %[b]; movups "
            "%%xmm15, %[d]"
            : "=a"(result), [a] "=m"(out[0]), [b] "=m"(out[1]), [d] "=m"(out[2])
            : "0"(62l), "D"(pid), "S"(10l), [in] "m"(in), [m] "m"(mxcsr), [c] "m"(control)
            : "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15");
        for (int i = 0; i < 3; i++)
            memcpy(out[i] + 4, in + 4, 16);
    }
    __asm__ volatile("stmxcsr %0; fnstcw %1; fnstsw %2" : "=m"(mxcsr), "=m"(control), "=m"(status));
    CHECK(result == 0);
    CHECK(!memcmp(out[0], in, sizeof(in)) && !memcmp(out[1], in, sizeof(in)) &&
          !memcmp(out[2], in, sizeof(in)));
    printf("mxcsr %x control %x top of stack %d\n", mxcsr, control, (status >> 11) & 7);
    return 0;
}
