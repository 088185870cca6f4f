/* SPDX-License-Identifier: BSD-2-Clause */
/* A small function on bytes: what calls.c and served.c have in common. */
#ifndef BENCH_SERVED_H
#define BENCH_SERVED_H

#include <stddef.h>

static inline unsigned long served_sum(const unsigned char *bytes, size_t length)
{
    unsigned long sum = 0;

    for (size_t i = 0; i < length; i++) {
        sum = sum * 31 + bytes[i];
    }
    return sum;
}

#endif
