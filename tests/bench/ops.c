/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds per operation, the least of several rounds; in the lab's counting
 * mode a nanosecond is an instruction.  Prints NAME|VALUE lines; an operation
 * that fails prints a dash.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 3
#define PAGES 256

static int fds[2], file, failed;
static char *pages;
static uint32_t word;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void need(int condition)
{
    failed |= !condition;
}

static void op_getpid(void)
{
    need(syscall(SYS_getpid) > 0);
}

static void op_clock(void)
{
    struct timespec t;
    need(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
}

static void op_futex(void)
{
    need(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0);
}

static void op_yield(void)
{
    need(sched_yield() == 0);
}

static void op_pipe(void)
{
    char c = 0;
    need(write(fds[1], &c, 1) == 1 && read(fds[0], &c, 1) == 1);
}

static void op_mmap(void)
{
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(p != MAP_FAILED && munmap(p, 4096) == 0);
}

/* Before it the pages are away; one operation is PAGES faults. */
static void op_fault(void)
{
    for (int i = 0; i < PAGES; i++)
        pages[i * 4096] = 1;
}

static void op_unmap(void)
{
    need(madvise(pages, PAGES * 4096, MADV_DONTNEED) == 0);
}

static void on_signal(int number)
{
    (void)number;
}

static void op_signal(void)
{
    need(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1) == 0);
}

static void op_stat(void)
{
    struct stat st;
    need(stat("/tmp/ops.file", &st) == 0);
}

static void op_open(void)
{
    int fd = open("/tmp/ops.file", O_RDONLY);
    need(fd >= 0 && close(fd) == 0);
}

static void op_pread(void)
{
    static char buffer[4096];
    need(pread(file, buffer, sizeof(buffer), 0) == (ssize_t)sizeof(buffer));
}

static void measure(const char *name, void (*op)(void), void (*before)(void), int count, int divide)
{
    uint64_t best = UINT64_MAX;

    failed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t sum = 0;
        if (before) {
            for (int i = 0; i < count; i++) {
                before();
                uint64_t begin = now_ns();
                op();
                sum += now_ns() - begin;
            }
        } else {
            uint64_t begin = now_ns();
            for (int i = 0; i < count; i++)
                op();
            sum = now_ns() - begin;
        }
        best = sum < best ? sum : best;
    }
    if (failed)
        printf("%s|-\n", name);
    else
        printf("%s|%llu\n", name, (unsigned long long)(best / (uint64_t)count / (uint64_t)divide));
}

int main(void)
{
    static char block[4096];

    signal(SIGUSR1, on_signal);
    file = open("/tmp/ops.file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    pages = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (file < 0 || pages == MAP_FAILED || pipe(fds) < 0 || write(file, block, 4096) != 4096) {
        perror("ops");
        return 1;
    }
    madvise(pages, PAGES * 4096, MADV_NOHUGEPAGE);
    measure("getpid", op_getpid, NULL, 1000, 1);
    measure("clock_gettime by vDSO", op_clock, NULL, 1000, 1);
    measure("futex wake, nobody waits", op_futex, NULL, 1000, 1);
    measure("sched_yield", op_yield, NULL, 1000, 1);
    measure("pipe write and read, 1 byte", op_pipe, NULL, 500, 1);
    measure("mmap and munmap", op_mmap, NULL, 300, 1);
    measure("page fault", op_fault, op_unmap, 8, PAGES);
    measure("madvise(DONTNEED) per page", op_unmap, op_fault, 8, PAGES);
    measure("signal to self", op_signal, NULL, 300, 1);
    measure("stat", op_stat, NULL, 500, 1);
    measure("open and close", op_open, NULL, 500, 1);
    measure("pread 4 KiB", op_pread, NULL, 500, 1);
    unlink("/tmp/ops.file");
    return 0;
}
