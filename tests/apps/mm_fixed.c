/* SPDX-License-Identifier: BSD-2-Clause */
/* Where mappings go: hints, MAP_FIXED, MAP_FIXED_NOREPLACE, and refused arguments of mmap. */
#include "check.h"
#include <sys/mman.h>

#define MAP(address, size, prot, flags, fd, offset) \
    (mmap((void *)(address), size, prot, flags, fd, offset) == MAP_FAILED ? -1 : 0)

int main(void)
{
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;

    char *p = mmap(NULL, 12288, rw, anonymous, -1, 0);
    p[0] = p[4096] = p[8192] = 'x';
    CHECK(mmap(p + 4096, 4096, rw, anonymous | MAP_FIXED, -1, 0) == p + 4096);
    printf("%d %d %d\n", p[0], p[4096], p[8192]);
    CHECK(mmap(p, 4096, rw, anonymous, -1, 0) != p);
    CHECK(mmap(p, 4096, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
          errno == EEXIST);
    munmap(p, 12288);
    CHECK(mmap(p, 4096, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0) == p);
    char *hint = (char *)0x123456789000;
    CHECK(mmap(hint, 4096, rw, anonymous, -1, 0) == hint);
    CHECK(mmap(NULL, 4096, rw, anonymous | MAP_32BIT, -1, 0) < (void *)0x80000000);
    CALL(MAP(0, 0, rw, anonymous, -1, 0));
    CALL(MAP(0, 4096, rw, MAP_ANONYMOUS, -1, 0));
    CALL(MAP(p + 1, 4096, rw, anonymous | MAP_FIXED, -1, 0));
    CALL(MAP(0, SIZE_MAX - 4096, rw, anonymous, -1, 0));
    CALL(MAP(0, 1ul << 50, rw, anonymous, -1, 0));
    CALL(MAP(0x7ffffffff000, 8192, rw, anonymous | MAP_FIXED, -1, 0));
    CALL(MAP(0xffff800000000000, 4096, rw, anonymous | MAP_FIXED, -1, 0));
    CALL(MAP(0, 4096, PROT_READ, MAP_PRIVATE, -1, 0));
    CALL(MAP(0, 4096, PROT_READ, MAP_PRIVATE, 77, 0));
    enter_scratch();
    write_file("f", "x");
    int readonly = open("f", O_RDONLY), writeonly = open("f", O_WRONLY);
    CALL(MAP(0, 4096, rw, MAP_SHARED, readonly, 0));
    CALL(MAP(0, 4096, rw, MAP_PRIVATE, readonly, 0));
    CALL(MAP(0, 4096, PROT_READ, MAP_PRIVATE, writeonly, 0));
    CALL(MAP(0, 4096, PROT_READ, MAP_PRIVATE, readonly, 1));
    CALL(MAP(0, 4096, PROT_READ, MAP_PRIVATE, readonly, 1 << 20));
    int dir = open(".", O_RDONLY);
    CALL(MAP(0, 4096, PROT_READ, MAP_PRIVATE, dir, 0));
    CALL(munmap(p + 1, 4096));
    CALL(munmap(p, 0));
    CALL(munmap((void *)0xffff800000000000, 4096));
    return 0;
}
