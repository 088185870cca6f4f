/* SPDX-License-Identifier: BSD-2-Clause */
/* mremap: growing, shrinking, moving, refusals; contents stay. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(p != MAP_FAILED);
    strcpy(p, "first");
    strcpy(p + 4096, "second");
    char *q = mremap(p, 8192, 8 << 20, MREMAP_MAYMOVE);
    NEED(q != MAP_FAILED);
    CHECK(!strcmp(q, "first") && !strcmp(q + 4096, "second") && q[8192] == 0);
    q[(8 << 20) - 1] = 'e';
    CHECK(mremap(q, 8 << 20, 4096, 0) == q);
    CHECK(!strcmp(q, "first"));
    char *blocked = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mremap(blocked, 4096, 8192, 0) == MAP_FAILED && errno == ENOMEM);
    char *target = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mremap(q, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
    CHECK(!strcmp(target, "first"));
    CHECK(mremap(target + 1, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(target, 4096, 0, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(target, 4096, 8192, MREMAP_FIXED, q) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(target, 4096, 8192, 0x80) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap((void *)0x10000, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    NEED(ftruncate(fd, 16384) == 0 && pwrite(fd, "third", 5, 8192) == 5);
    char *file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    file = mremap(file, 4096, 12288, MREMAP_MAYMOVE);
    CHECK(file != MAP_FAILED && !memcmp(file + 8192, "third", 5));
    return 0;
}
