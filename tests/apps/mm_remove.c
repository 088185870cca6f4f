/* SPDX-License-Identifier: BSD-2-Clause */
/* MADV_REMOVE punches holes into what is mapped shared; mincore(2) knows pages that are not mapped.
 */
#include "check.h"
#include <sys/mman.h>

static void remove_from(const char *name, char *memory, int fd)
{
    unsigned char resident[4];
    char byte = 9;

    printf("-- %s\n", name);
    memset(memory, 7, 4 * 4096);
    VALUE(madvise(memory + 4096, 2 * 4096, MADV_REMOVE));
    printf("%d %d %d %d\n", memory[0], memory[4096], memory[2 * 4096], memory[3 * 4096]);
    if (fd >= 0) {
        NEED(pread(fd, &byte, 1, 4096) == 1);
        printf("%d\n", byte);
    }
    NEED(mincore(memory, 4 * 4096, resident) == 0);
    printf("%d %d\n", resident[0] & 1, resident[3] & 1);
    memory[4096] = 5;
    VALUE(memory[4096]);
}

int main(void)
{
    int fd = memfd_create("remove", 0);
    unsigned char resident[4];

    NEED(fd >= 0 && ftruncate(fd, 4 * 4096) == 0);
    char *file = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *anon = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *private = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    remove_from("file", file, fd);
    remove_from("anonymous", anon, -1);
    /* What the file has in memory is resident in a mapping that nobody has touched. */
    char *fresh = mmap(NULL, 4 * 4096, PROT_READ, MAP_SHARED, fd, 0);
    NEED(mincore(fresh, 4 * 4096, resident) == 0);
    printf("%d %d %d %d\n", resident[0] & 1, resident[1] & 1, resident[2] & 1, resident[3] & 1);
    VALUE(madvise(private, 4096, MADV_REMOVE));
    VALUE(madvise(file + 1, 4096, MADV_REMOVE));
    NEED(mlock(file, 4096) == 0);
    VALUE(madvise(file, 4096, MADV_REMOVE));
    NEED(munlock(file, 4096) == 0);
    NEED(munmap(file + 4096, 4096) == 0);
    VALUE(madvise(file, 4 * 4096, MADV_REMOVE));
    VALUE(file[3 * 4096]);
    return 0;
}
