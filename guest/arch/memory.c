/* SPDX-License-Identifier: BSD-2-Clause */
/* memcpy() and memset() by the string instructions, which are fast on every CPU with ERMS. */
#include "lib/string.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
    void *result = dst;
    size_t words = size / 8, bytes = size % 8;

    __asm__ volatile("rep movsq\n\tmov %3, %0\n\trep movsb"
                     : "+c"(words), "+D"(dst), "+S"(src)
                     : "r"(bytes)
                     : "memory");
    return result;
}

void *memset(void *dst, int byte, size_t size)
{
    void *result = dst;
    uint64_t pattern = (uint64_t)(unsigned char)byte * 0x0101010101010101ull;
    size_t words = size / 8, bytes = size % 8;

    __asm__ volatile("rep stosq\n\tmov %3, %0\n\trep stosb"
                     : "+c"(words), "+D"(dst)
                     : "a"(pattern), "r"(bytes)
                     : "memory");
    return result;
}

void memzero_explicit(void *dst, size_t size)
{
    memset(dst, 0, size);
    __asm__ volatile("" : : "r"(dst) : "memory");
}
