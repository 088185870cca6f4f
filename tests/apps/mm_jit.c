/* SPDX-License-Identifier: BSD-2-Clause */
/* Code made at run time: written, then protected, then run; and run while writable. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    static const unsigned char seven[] = {0xb8, 7, 0, 0, 0, 0xc3}; /* mov eax, 7; ret */

    unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(p, seven, sizeof(seven));
    VALUE(mprotect(p, 4096, PROT_READ | PROT_EXEC));
    VALUE(((int (*)(void))p)());
    VALUE(mprotect(p, 4096, PROT_READ | PROT_WRITE));
    p[1] = 8;
    VALUE(mprotect(p, 4096, PROT_READ | PROT_EXEC));
    VALUE(((int (*)(void))p)());
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(p != MAP_FAILED);
    for (unsigned char i = 0; i < 5; i++) {
        memcpy(p, seven, sizeof(seven));
        p[1] = i;
        VALUE(((int (*)(void))p)());
    }
    return 0;
}
