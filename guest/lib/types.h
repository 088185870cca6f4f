/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address types that do not mix.  A kernel virtual address is a pointer; a
 * guest-physical address and an address that a program gave us are not.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#endif

typedef int64_t ssize_t;
typedef int64_t loff_t;
typedef uint64_t ns_t; /* nanoseconds */

typedef struct {
    uint64_t raw;
} paddr_t; /* guest-physical address */

typedef struct {
    uint64_t raw;
} uaddr_t; /* address from a program: only mm/uaccess.c goes through it */

#define PADDR(value) ((paddr_t){(uint64_t)(value)})
#define UADDR(value) ((uaddr_t){(uint64_t)(value)})

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN_UP(x) (((uint64_t)(x) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGN_DOWN(x) ((uint64_t)(x)&PAGE_MASK)

#define USER_END 0x00007ffffffff000ul /* first address no program may map */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a) (((x) + ((a)-1)) & ~((a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((a)-1))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Zeroed arrays of more than some hundred bytes: kept away from what every boot touches. */
#define LARGE_BSS __attribute__((section(".bss..large")))

#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
