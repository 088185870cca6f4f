/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random arguments of system calls, by kind, for fuzz_calls.c: numbers at edges, pointers
 * of every sort, names that exist and that do not.  Knows no call.
 */
#ifndef TESTS_HOSTILE_FUZZ_ARGS_H
#define TESTS_HOSTILE_FUZZ_ARGS_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/syscall/arg_kinds.h"

#define AREA_SIZE 65536u

static uint64_t rng;
static uint8_t *area, *readonly, *straddle; /* straddle: the end of a mapping */

static uint64_t rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x2545f4914f6cdd1dul;
}

static uint64_t below(uint64_t n)
{
    return rnd() % n;
}

static int once_in(uint64_t n)
{
    return below(n) == 0;
}

#define PICK(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

/* ---- arguments -------------------------------------------------------------- */

static uint64_t any_number(void)
{
    static const uint64_t edges[] = {0,           1,           2,
                                     3,           4,           7,
                                     8,           12,          16,
                                     24,          31,          32,
                                     63,          64,          65,
                                     127,         128,         255,
                                     256,         1023,        1024,
                                     4095,        4096,        4097,
                                     8192,        65535,       65536,
                                     1 << 20,     0x7fffffff,  0x80000000u,
                                     0xffffffffu, 1ul << 32,   1ul << 47,
                                     1ul << 62,   1ul << 63,   ~0ul,
                                     ~0ul - 1,    ~0ul - 4095, 0x7fffffffffffffff};

    switch (below(4)) {
    case 0:
        return below(16);
    case 1:
        return 1ul << below(64);
    case 2:
        return once_in(4) ? rnd() : PICK(edges) + below(3) - 1;
    default:
        return PICK(edges);
    }
}

static uint64_t any_pointer(void)
{
    static const uint64_t bad[] = {0,
                                   1,
                                   4095,
                                   0x7ffffffff000,
                                   0x7fffffffefff,
                                   0x800000000000,
                                   0x8000000000000000,
                                   0xffff800000000000,
                                   0xffffff8000000000,
                                   0xffffffff80200000,
                                   0xffffffff80000000,
                                   ~0ul,
                                   ~0ul - 7};

    switch (below(16)) {
    case 0:
        return PICK(bad);
    case 1:
        return (uintptr_t)readonly + below(4096);
    case 2:
        return (uintptr_t)straddle - below(64);
    case 3:
        return (uintptr_t)straddle + below(4096); /* not mapped */
    case 4:
        return (uintptr_t)&rng; /* the seed itself: runs on anywhere */
    case 5:
        return (uintptr_t)any_pointer & ~0xffful;
    case 6:
        return (uintptr_t)area + below(AREA_SIZE);
    default:
        return (uintptr_t)area + below(AREA_SIZE / 64) * 64;
    }
}

static uint64_t any_address(void)
{
    switch (below(8)) {
    case 0:
        return any_pointer();
    case 1:
        return any_number();
    case 2:
        return 0;
    default:
        return 0x100000000ul + below(1024) * 4096;
    }
}

static uint64_t any_fd(void)
{
    if (once_in(12))
        return (uint64_t)AT_FDCWD;
    return once_in(10) ? any_number() : below(56);
}

static uint64_t any_path(void)
{
    static const char *const names[] = {"a",
                                        "b",
                                        "d",
                                        "d/a",
                                        "d/b",
                                        "l",
                                        "..",
                                        ".",
                                        "",
                                        "/",
                                        "/tmp",
                                        "d/../d/./a",
                                        "e/f/g",
                                        "a/",
                                        "/dev/null",
                                        "/dev/zero",
                                        "/dev/full",
                                        "/dev/tty",
                                        "/dev/urandom",
                                        "/dev/console",
                                        "/dev/kmsg",
                                        "/proc/self/exe",
                                        "/proc/self/maps",
                                        "/proc/self/mem",
                                        "/proc/self/fd",
                                        "/proc/self/fd/5",
                                        "/proc/self/task",
                                        "/proc/self/status",
                                        "/proc/1/stat",
                                        "/proc/stat",
                                        "/proc/self/cwd/a",
                                        "/proc/self/root",
                                        "/proc/self/environ",
                                        "/proc/self/comm",
                                        "/proc/meminfo",
                                        "/proc/sys",
                                        "/dev/stdin",
                                        "/dev/fd/7",
                                        "fifo",
                                        "loop1",
                                        "/dev/shm/x",
                                        "/proc/self/limits",
                                        "/dev/ptmx",
                                        "/dev/pts/0",
                                        "socket"};

    if (once_in(8))
        return any_pointer();
    if (once_in(20)) { /* a long one */
        memset(area + 1024, 'x', 5000);
        area[1024 + below(5000)] = 0;
        area[1024 + below(5000)] = '/';
        return (uintptr_t)area + 1024;
    }
    char *out = (char *)area + below(64) * 256;
    strcpy(out, PICK(names));
    return (uintptr_t)out;
}

static uint64_t any_pid(void)
{
    switch (below(8)) {
    case 0:
        return once_in(30) ? (uint64_t)-1 : 0;
    case 1:
        return any_number();
    case 2:
        return (uint64_t)getppid();
    case 3:
        return (uint64_t)syscall(SYS_gettid);
    default:
        return (uint64_t)getpid() + below(6) - 2;
    }
}

/* Structures hold flags, sizes, descriptors and pointers: so does the area. */
static void stir_area(unsigned int words)
{
    uint64_t *at = (uint64_t *)(void *)area;

    while (words--) {
        uint64_t value;

        switch (below(5)) {
        case 0:
            value = any_pointer();
            break;
        case 1:
            value = below(40) | below(64) << 32;
            break;
        case 2:
            value = 0;
            break;
        default:
            value = any_number();
        }
        at[below(AREA_SIZE / 8)] = value;
    }
}

static uint64_t any_argument(unsigned int kind)
{
    switch (kind) {
    case ARG_FD:
        return any_fd();
    case ARG_PATH:
    case ARG_STRING:
        return any_path();
    case ARG_PTR_IN:
    case ARG_PTR_OUT:
    case ARG_PTR_INOUT:
        return once_in(6) ? 0 : any_pointer();
    case ARG_ADDRESS:
        return any_address();
    case ARG_SIGNAL:
        return once_in(8) ? any_number() : below(65);
    case ARG_PID:
        return any_pid();
    case ARG_FLAGS:
    case ARG_HEX:
        return once_in(2) ? 1ul << below(33) | 1ul << below(33) | below(8) : any_number();
    case ARG_MODE:
        return once_in(3) ? any_number() : 0777;
    case ARG_INT:
    case ARG_UINT:
        return once_in(2) ? below(64) : any_number();
    case ARG_SIZE:
        return once_in(2) ? below(300) : any_number();
    case ARG_NONE:
        return once_in(8) ? any_number() : 0;
    default:
        return once_in(3) ? any_pointer() : any_number();
    }
}

#endif
