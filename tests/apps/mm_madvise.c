/* SPDX-License-Identifier: BSD-2-Clause */
/* madvise(DONTNEED) gives zero pages or the file's again; unknown advice is refused. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    enter_scratch();
    char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 'x', 16384);
    VALUE(madvise(p + 4096, 8192, MADV_DONTNEED));
    printf("%d %d %d %d\n", p[0], p[4096], p[8192], p[12288]);
    write_file("f", "file");
    int fd = open("f", O_RDONLY);
    char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    q[0] = 'X';
    VALUE(madvise(q, 4096, MADV_DONTNEED));
    printf("%s\n", q);
    VALUE(madvise(p, 16384, MADV_NORMAL));
    VALUE(madvise(p, 16384, MADV_SEQUENTIAL));
    VALUE(madvise(p, 16384, MADV_WILLNEED));
    VALUE(madvise(p, 16384, MADV_FREE));
    CALL(madvise(p, 4096, 12345));
    CALL(madvise(p + 1, 4096, MADV_DONTNEED));
    CALL(madvise((void *)0x10000, 4096, MADV_DONTNEED));
    VALUE(madvise(p, 0, MADV_DONTNEED));
    return 0;
}
