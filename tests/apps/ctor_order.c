/* SPDX-License-Identifier: BSD-2-Clause */
/* Constructors, destructors and functions of the indirect kind run as the loader should run them.
 */
/* variants: dynamic static pie musl */
#include "check.h"

static int order;

static void __attribute__((constructor(101))) early(void)
{
    order = order * 10 + 1;
}

static void __attribute__((constructor(102))) later(void)
{
    order = order * 10 + 2;
}

static void __attribute__((destructor)) last(void)
{
    printf("last\n");
}

int main(void)
{
    VALUE(order);
    /* memcpy and strlen are chosen by processor in the C library. */
    char a[300], b[300];
    memset(a, 'z', sizeof(a));
    a[299] = 0;
    memcpy(b, a, sizeof(a));
    VALUE(strlen(b));
    VALUE(strchr(b, 0) - b);
    return 0;
}
