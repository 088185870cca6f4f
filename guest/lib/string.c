/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and string functions; memcpy() and memset() are arch/memory.c. */
#include "lib/string.h"

void *memmove(void *dst, const void *src, size_t size)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if (d <= s || d >= s + size)
        return memcpy(dst, src, size);
    while (size--)
        d[size] = s[size];
    return dst;
}

/* size is 8, 4, 2 or 1. */
static inline uint64_t load(const void *at, size_t size)
{
    uint64_t value = 0;

    __builtin_memcpy(&value, at, size);
    return value;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    /* Equal pieces fall in strides; where they differ, byte by byte says how. */
    while (size >= 8 && load(x, 8) == load(y, 8))
        x += 8, y += 8, size -= 8;
    if (size >= 4 && load(x, 4) == load(y, 4))
        x += 4, y += 4, size -= 4;
    for (; size; x++, y++, size--) {
        if (*x != *y)
            return *x < *y ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *s, int byte, size_t size)
{
    const unsigned char *p = s;

    for (size_t i = 0; i < size; i++)
        if (p[i] == (unsigned char)byte)
            return (void *)((uintptr_t)p + i);
    return NULL;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (; max && *a && *a == *b; max--) {
        a++;
        b++;
    }
    return max ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    do {
        if (*s == (char)c)
            found = s;
    } while (*s++);
    return (char *)(uintptr_t)found;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t length = strlen(src);

    if (size) {
        size_t n = MIN(length, size - 1);
        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return length;
}

uint64_t parse_u64(const char *s, const char **end)
{
    uint64_t base = 10, value = 0;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    for (;; s++) {
        uint64_t digit;
        char lower = (char)(*s | 0x20);
        if (*s >= '0' && *s <= '9')
            digit = (uint64_t)(*s - '0');
        else if (base == 16 && lower >= 'a' && lower <= 'f')
            digit = (uint64_t)(lower - 'a') + 10;
        else
            break;
        if (value > (UINT64_MAX - digit) / base)
            value = UINT64_MAX;
        else
            value = value * base + digit;
    }
    if (end)
        *end = s;
    return value;
}
