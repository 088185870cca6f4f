/* SPDX-License-Identifier: BSD-2-Clause */
/* Large sparse memory: a gibibyte of address space, touched here and there. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    size_t size = 1ul << 30;
    unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    NEED(p != MAP_FAILED);
    unsigned long sum = 0;
    for (size_t i = 0; i < size; i += 16 << 20)
        p[i + 12345] = (unsigned char)(i >> 24);
    for (size_t i = 0; i < size; i += 16 << 20)
        sum += p[i + 12345] + p[i + 12344];
    VALUE(sum);
    VALUE(munmap(p, size));
    /* And memory that is used, given back, used again: more in sum than there is. */
    for (int round = 0; round < 24; round++) {
        unsigned char *q =
            mmap(NULL, 24 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        NEED(q != MAP_FAILED);
        for (size_t i = 0; i < 24 << 20; i += 4096)
            q[i] = 1;
        NEED(munmap(q, 24 << 20) == 0);
    }
    unsigned char *reserve =
        mmap(NULL, 1ul << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(reserve != MAP_FAILED);
    CHECK(mprotect(reserve + (1ul << 39), 4096, PROT_READ | PROT_WRITE) == 0);
    reserve[1ul << 39] = 7;
    CHECK(reserve[1ul << 39] == 7);
    return 0;
}
