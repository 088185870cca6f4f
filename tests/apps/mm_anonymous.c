/* SPDX-License-Identifier: BSD-2-Clause */
/* Anonymous memory is zero, private, and gone after munmap. */
/* variants: dynamic static musl */
#include "check.h"
#include <setjmp.h>
#include <sys/mman.h>

static sigjmp_buf back;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

int main(void)
{
    signal(SIGSEGV, on_fault);
    size_t size = 3 << 20;
    unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(p != MAP_FAILED);
    CHECK(((uintptr_t)p & 4095) == 0);
    unsigned long sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += p[i];
    VALUE(sum);
    for (size_t i = 0; i < size; i += 4096)
        p[i] = (unsigned char)(i >> 12);
    for (size_t i = 0; i < size; i += 4096)
        sum += p[i];
    VALUE(sum);
    VALUE(munmap(p + 4096, 4096));
    if (!sigsetjmp(back, 1)) {
        printf("%d\n", p[4096]);
    } else {
        printf("fault in the hole\n");
    }
    CHECK(p[0] == 0 && p[8192] == 2);
    VALUE(munmap(p, size));
    VALUE(munmap(p, size));
    if (!sigsetjmp(back, 1)) {
        *(volatile unsigned char *)p = 1;
    } else {
        printf("fault after munmap\n");
    }
    unsigned char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(q != MAP_FAILED && q[5] == 0);
    q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(q != MAP_FAILED && q[4095] == 0);
    return 0;
}
