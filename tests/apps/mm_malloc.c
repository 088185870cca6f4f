/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's allocator under an irregular load. */
/* variants: dynamic static musl */
#include "check.h"

int main(void)
{
    enum { SLOTS = 500 };
    static unsigned char *slot[SLOTS];
    static size_t size[SLOTS];
    unsigned int seed = 42, wrong = 0;

    for (int round = 0; round < 30000; round++) {
        seed = seed * 1103515245 + 12345;
        int i = (seed >> 8) % SLOTS;
        if (slot[i]) {
            wrong += slot[i][0] != (unsigned char)i || slot[i][size[i] - 1] != (unsigned char)i;
            if (seed & 0x40000000) {
                free(slot[i]);
                slot[i] = NULL;
                continue;
            }
        }
        size_t want = 1 + (seed >> 16) % ((seed & 0x3f) ? 2000 : 300000);
        unsigned char *p = realloc(slot[i], want);
        NEED(p);
        slot[i] = p;
        size[i] = want;
        p[0] = p[want - 1] = (unsigned char)i;
    }
    VALUE(wrong);
    unsigned char *zero = calloc(1000, 1000);
    unsigned long sum = 0;
    for (int i = 0; i < 1000000; i++)
        sum += zero[i];
    VALUE(sum);
    CHECK(!malloc(PTRDIFF_MAX) && errno == ENOMEM);
    return 0;
}
