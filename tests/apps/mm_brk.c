/* SPDX-License-Identifier: BSD-2-Clause */
/* brk: grows, shrinks, comes back zeroed, refuses nonsense. */
/* variants: dynamic static */
#include "check.h"
#include <sys/syscall.h>

int main(void)
{
    static char unused[10000];
    (void)unused;
    setvbuf(stdout, NULL, _IONBF, 0);
    char *start = sbrk(0);
    CHECK(sbrk(10000) == start);
    CHECK(sbrk(0) == start + 10000);
    memset(start, 'x', 10000);
    CHECK(sbrk(-10000) == start + 10000);
    CHECK(sbrk(20000) == start);
    char *page = (char *)(((uintptr_t)start + 4095) & ~4095ul);
    int dirty = 0;
    for (char *p = page; p < start + 20000; p++)
        dirty += *p != 0;
    VALUE(dirty);
    CHECK(sbrk(1l << 46) == (void *)-1 && errno == ENOMEM);
    CHECK(sbrk(0) == start + 20000);
    CHECK(syscall(SYS_brk, 0) == (long)sbrk(0));
    CHECK(syscall(SYS_brk, 4096) == (long)sbrk(0));
    CHECK(sbrk(32 << 20) != (void *)-1);
    start[30 << 20] = 1;
    CHECK(brk(start) == 0);
    return 0;
}
