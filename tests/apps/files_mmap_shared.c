/* SPDX-License-Identifier: BSD-2-Clause */
/* A shared file mapping and read/write see each other's bytes; a private one keeps its own. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    char buffer[16] = "";

    enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    NEED(ftruncate(fd, 10000) == 0);
    char *shared = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    NEED(shared != MAP_FAILED && private != MAP_FAILED);
    memcpy(shared + 4096, "shared", 6);
    VALUE(pread(fd, buffer, 6, 4096));
    printf("%s\n", buffer);
    NEED(pwrite(fd, "written", 7, 100) == 7);
    CHECK(!memcmp(shared + 100, "written", 7));
    CHECK(!memcmp(private + 100, "written", 7));
    memcpy(private + 100, "PRIVATE", 7);
    CHECK(!memcmp(shared + 100, "written", 7));
    VALUE(pread(fd, buffer, 7, 100));
    printf("%s\n", buffer);
    char *again = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
    CHECK(!memcmp(again, "shared", 6));
    shared[4096] = 'S';
    CHECK(again[0] == 'S');
    VALUE(msync(shared, 12288, MS_SYNC));
    CHECK(shared[10001] == 0);
    close(fd);
    unlink("f");
    CHECK(shared[4096] == 'S' && private[100] == 'P');
    VALUE(munmap(shared, 12288));
    CHECK(again[1] == 'h');
    return 0;
}
