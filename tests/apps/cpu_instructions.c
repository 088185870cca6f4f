/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that user code may use: cpuid, rdtsc, and wide vectors where cpuid offers them. */
#include "check.h"
#include <cpuid.h>
#include <immintrin.h>

__attribute__((target("avx2"))) static int avx2(void)
{
    __m256i a = _mm256_set1_epi32(3), b = _mm256_set1_epi32(4);
    return _mm256_extract_epi32(_mm256_add_epi32(a, b), 7);
}

__attribute__((target("avx512f"))) static int avx512(void)
{
    __m512i a = _mm512_set1_epi32(3), b = _mm512_set1_epi32(4);
    return _mm512_reduce_add_epi32(_mm512_add_epi32(a, b)) / 16;
}

int main(void)
{
    unsigned int a = 0, b = 0, c = 0, d = 0;

    CHECK(__get_cpuid(1, &a, &b, &c, &d) && (d & bit_SSE2) && (d & bit_FXSAVE));
    unsigned long t = __builtin_ia32_rdtsc();
    for (volatile int i = 0; i < 10000; i++)
        ;
    CHECK(__builtin_ia32_rdtsc() > t);
    CHECK(!__builtin_cpu_supports("avx2") || avx2() == 7);
    CHECK(!__builtin_cpu_supports("avx512f") || avx512() == 7);
    __get_cpuid(1, &a, &b, &c, &d);
    unsigned int low = 3, high;
    if (c & bit_OSXSAVE)
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    CHECK((low & 3) == 3);
    CHECK(__builtin_popcountl(0xff00ff00ff00ff00) == 32);
    return 0;
}
