/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls and the few functions on memory that the library uses, without libc.  Private to
 * guest/sdk: the library is linked to programs with any libc and with none.
 */
#ifndef SDK_SYSTEM_H
#define SDK_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Linux, x86-64: asm/unistd_64.h, asm-generic/errno-base.h, fcntl.h, mman-common.h. */
enum {
    SYS_read = 0,
    SYS_write = 1,
    SYS_open = 2,
    SYS_close = 3,
    SYS_mmap = 9,
    SYS_readv = 19,
    SYS_writev = 20,
    SYS_madvise = 28,
    SYS_exit_group = 231,
};
enum {
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    EINVAL = 22,
    EMSGSIZE = 90,
    ENOBUFS = 105
};
enum { O_WRONLY = 1, O_RDWR = 2, O_CLOEXEC = 0x80000 };
enum { PROT_READ_WRITE = 3, MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022, MADV_DONTNEED = 4 };

struct iovec {
    const void *base;
    size_t length;
};

static inline long system_call6(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long system_call(long number, long a, const void *b, long c)
{
    return system_call6(number, a, (long)b, c, 0, 0, 0);
}

static inline long file_open(const char *path, int flags)
{
    return system_call(SYS_open, (long)path, (const void *)(long)flags, 0);
}

/* Addresses of zeroes; NULL: none. */
static inline void *map_memory(size_t size)
{
    long address = system_call6(SYS_mmap, 0, (long)size, PROT_READ_WRITE,
                                MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0);

    return address < 0 && address >= -4095 ? NULL : (void *)address;
}

static inline size_t string_length(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') {
        length++;
        __asm__ volatile(""); /* or the compiler would call strlen() */
    }
    return length;
}

static inline int strings_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* As memmove(): the two may overlap. */
static inline void move_bytes(void *to, const void *from, size_t size)
{
    unsigned char *t = to;
    const unsigned char *f = from;

    if (t < f || t >= f + size) {
        __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(size) : : "memory");
        return;
    }
    while (size-- > 0) {
        t[size] = f[size];
        __asm__ volatile("");
    }
}

/* Decimal with its NUL: "STATUS\0" in text[0..result). */
static inline size_t put_number(char text[12], unsigned int value)
{
    unsigned int digits = 1;

    for (unsigned int rest = value; rest >= 10; rest /= 10) {
        digits++;
    }
    text[digits] = '\0';
    for (unsigned int at = digits; at-- > 0; value /= 10) {
        text[at] = (char)('0' + value % 10);
    }
    return digits + 1;
}

#endif
