/* SPDX-License-Identifier: BSD-2-Clause */
/* Areas split and merge: a page-wise pattern of protections holds as set. */
#include "check.h"
#include <setjmp.h>
#include <sys/mman.h>

static sigjmp_buf back;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

static int probe(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return 0;
    (void)*p;
    if (sigsetjmp(back, 1))
        return 1;
    *p = 1;
    return 2;
}

int main(void)
{
    enum { PAGES = 64 };
    char want[PAGES], got[PAGES + 1] = "";
    unsigned int seed = 1;

    signal(SIGSEGV, on_fault);
    char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(p != MAP_FAILED);
    memset(want, 2, sizeof(want));
    for (int round = 0; round < 300; round++) {
        seed = seed * 1103515245 + 12345;
        int first = (seed >> 16) % PAGES, count = 1 + (seed >> 24) % 12, what = (seed >> 8) % 4;
        if (first + count > PAGES)
            count = PAGES - first;
        if (what == 3) {
            NEED(munmap(p + first * 4096, count * 4096) == 0);
            memset(want + first, 0, count);
        } else if (what == 2) {
            NEED(mmap(p + first * 4096, count * 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + first * 4096);
            memset(want + first, 2, count);
        } else {
            int all = 1;
            for (int i = first; i < first + count; i++)
                all &= want[i] != 0;
            if (!all)
                continue;
            NEED(mprotect(p + first * 4096, count * 4096,
                          what ? PROT_READ | PROT_WRITE : PROT_READ) == 0);
            memset(want + first, what ? 2 : 1, count);
        }
    }
    int wrong = 0;
    for (int i = 0; i < PAGES; i++) {
        got[i] = (char)('0' + probe(p + i * 4096));
        wrong += got[i] != '0' + want[i];
    }
    printf("%s\n", got);
    VALUE(wrong);
    return 0;
}
