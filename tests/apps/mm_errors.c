/* SPDX-License-Identifier: BSD-2-Clause */
/* mmap, munmap, mprotect, mremap, msync, mincore, madvise, mlock: what they refuse, and with what.
 */
#include "check.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096

static void *try(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    void *result = (void *)syscall(SYS_mmap, address, length, prot, flags, fd, offset);
    if (result == MAP_FAILED)
        printf("errno %d\n", errno);
    else
        printf("mapped\n");
    return result;
}

static void mapping(void)
{
    const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
    int read_only = open("file", O_RDONLY), write_only = open("file", O_WRONLY);
    int directory = open(".", O_RDONLY), pipes[2];

    NEED(pipe(pipes) == 0);
    try(NULL, 0, PROT_READ, anon, -1, 0);
    try(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, read_only, 100);
    try(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0);
    try(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0);
    try(NULL, PAGE, PROT_WRITE, MAP_SHARED, write_only, 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0);
    try(NULL, PAGE, PROT_READ, MAP_PRIVATE, read_only, (off_t)0x7ffffffffffff000);
    try(NULL, (size_t)-PAGE, PROT_READ, anon, -1, 0);
    try(NULL, 1ul << 47, PROT_READ, anon, -1, 0);
    try((void *)100, PAGE, PROT_READ, anon | MAP_FIXED, -1, 0);
    try((void *)(1ul << 48), PAGE, PROT_READ, anon | MAP_FIXED, -1, 0);
    try(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | (1 << 27), -1, 0);
    char *here = try(NULL, 4 * PAGE, PROT_READ, anon, -1, 0);
    try(here + PAGE, PAGE, PROT_READ, anon | MAP_FIXED_NOREPLACE, -1, 0);
    NEED(munmap(here + PAGE, PAGE) == 0);
    try(here + PAGE, PAGE, PROT_READ, anon | MAP_FIXED_NOREPLACE, -1, 0);
    try(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
    VALUE(munmap(here + 1, PAGE));
    VALUE(munmap(here, 0));
    VALUE(munmap((void *)(1ul << 48), PAGE));
    VALUE(munmap(here, 4 * PAGE));
    VALUE(munmap(here, 4 * PAGE));
}

static void protecting(void)
{
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("file", O_RDONLY);
    char *file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

    VALUE(mprotect(memory + 1, PAGE, PROT_READ));
    VALUE(mprotect(memory, PAGE, 0x100));
    VALUE(mprotect(memory, 0, PROT_READ));
    VALUE(mprotect(memory, PAGE, PROT_GROWSUP | PROT_GROWSDOWN | PROT_READ));
    VALUE(mprotect(file, PAGE, PROT_READ | PROT_WRITE));
    NEED(munmap(memory + 2 * PAGE, PAGE) == 0);
    VALUE(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE));
    memory[PAGE] = 1; /* what came before the hole has changed */
    VALUE(mprotect((void *)-PAGE, 2 * PAGE, PROT_READ));
}

static void remapping(void)
{
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    memory[0] = 1;
    shared[0] = 7;
    VALUE(syscall(SYS_mremap, memory + 1, PAGE, PAGE, MREMAP_MAYMOVE, 0));
    VALUE(syscall(SYS_mremap, memory, PAGE, 0, MREMAP_MAYMOVE, 0));
    VALUE(syscall(SYS_mremap, memory, PAGE, PAGE, MREMAP_FIXED, memory));
    VALUE(syscall(SYS_mremap, memory, PAGE, PAGE, 64, 0));
    VALUE(syscall(SYS_mremap, memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                  memory + PAGE));
    VALUE(syscall(SYS_mremap, memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                  memory + 2 * PAGE + 1));
    VALUE(syscall(SYS_mremap, memory, 0, PAGE, MREMAP_MAYMOVE, 0));
    VALUE(syscall(SYS_mremap, memory, PAGE, 1ul << 47, MREMAP_MAYMOVE, 0));
    char *twin = mremap(shared, 0, PAGE, MREMAP_MAYMOVE);
    CHECK(twin != MAP_FAILED && twin != shared && twin[0] == 7);
    NEED(munmap(memory + PAGE, PAGE) == 0);
    VALUE(syscall(SYS_mremap, memory, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0));
    VALUE(syscall(SYS_mremap, memory + PAGE, PAGE, PAGE, MREMAP_MAYMOVE, 0));
    VALUE(syscall(SYS_mremap, memory, PAGE, 3 * PAGE, 0, 0)); /* no room in place */
    CHECK(mremap(memory, PAGE, 3 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
}

static void asking(void)
{
    unsigned char vec[8];
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    VALUE(msync(memory, PAGE, MS_SYNC | MS_ASYNC));
    VALUE(msync(memory, PAGE, 0x100));
    VALUE(msync(memory + 1, PAGE, MS_SYNC));
    VALUE(mincore(memory + 1, PAGE, vec));
    VALUE(syscall(SYS_mincore, memory, PAGE, 8));
    VALUE(mincore(memory, (size_t)-PAGE, vec));
    VALUE(madvise(memory + 1, PAGE, MADV_NORMAL));
    VALUE(madvise(memory, PAGE, 99));
    VALUE(madvise(memory, (size_t)-1, MADV_NORMAL));
    VALUE(madvise(memory, 0, MADV_DONTNEED));
    VALUE(mlock(memory, (size_t)-PAGE));
    VALUE(mlockall(0));
    VALUE(mlockall(8));
    VALUE(syscall(SYS_mlock2, memory, PAGE, 2));
    VALUE(mlock(memory, PAGE));
    VALUE(msync(memory, PAGE, MS_INVALIDATE));
    VALUE(madvise(memory, PAGE, MADV_DONTNEED));
    NEED(munmap(memory + 2 * PAGE, PAGE) == 0);
    VALUE(msync(memory, 4 * PAGE, MS_ASYNC));
    VALUE(mincore(memory, 4 * PAGE, vec));
    VALUE(madvise(memory, 4 * PAGE, MADV_NORMAL));
    VALUE(mlock(memory, 4 * PAGE));
    VALUE(munlock(memory, 4 * PAGE));
}

int main(void)
{
    enter_scratch();
    write_file("file", "some words");
    mapping();
    protecting();
    remapping();
    asking();
    return 0;
}
