/* SPDX-License-Identifier: BSD-2-Clause */
/* What system calls, memory, files and processes cost, and pipes of one byte; see measure.h. */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "measure.h"

#define PAGES 256

static int fds[2], there[2], back[2], file;
static char *pages;
static const char *self;
static uint32_t word;

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

/* One round trip over two pipes; the other side runs echo(). */
static void op_ping_pong(void)
{
    char c = 0;
    need(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1);
}

static void *echo(void *arg)
{
    char c;
    while (read(there[0], &c, 1) == 1 && c == 0)
        need(write(back[1], &c, 1) == 1);
    return arg;
}

static void end_echo(void)
{
    char c = 1;
    need(write(there[1], &c, 1) == 1);
}

static void *nothing(void *arg)
{
    return arg;
}

static void op_thread(void)
{
    pthread_t thread;
    need(pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void op_fork(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    reap(child);
}

/* This program with an argument that makes it end at once. */
static void exec_self(void)
{
    execve(self, (char *const[]){"ops", "end", NULL}, (char *const[]){NULL});
    _exit(1);
}

static void op_fork_exec(void)
{
    pid_t child = fork();
    if (child == 0)
        exec_self();
    reap(child);
}

static void op_vfork_exec(void)
{
    pid_t child = vfork();
    if (child == 0)
        exec_self();
    reap(child);
}

static void measure_ping_pong(void)
{
    pthread_t thread;
    pid_t child;

    if (pipe(there) < 0 || pipe(back) < 0)
        return;
    child = fork();
    if (child == 0) {
        echo(NULL);
        _exit(0);
    }
    measure("pipe ping-pong, processes", op_ping_pong, NULL, 300, 1);
    end_echo();
    reap(child);
    pthread_create(&thread, NULL, echo, NULL);
    measure("pipe ping-pong, threads", op_ping_pong, NULL, 300, 1);
    end_echo();
    pthread_join(thread, NULL);
}

static void measure_memory(void)
{
    pages = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(pages, PAGES * 4096, MADV_NOHUGEPAGE);
    measure("mmap and munmap", op_mmap, NULL, 300, 1);
    measure("page fault", op_fault, op_unmap, 8, PAGES);
    measure("madvise(DONTNEED) per page", op_unmap, op_fault, 8, PAGES);
    munmap(pages, PAGES * 4096);
}

static void measure_files(void)
{
    static char block[4096];

    file = open("/tmp/ops.file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    need(write(file, block, sizeof(block)) == (ssize_t)sizeof(block));
    measure("stat", op_stat, NULL, 500, 1);
    measure("open and close", op_open, NULL, 500, 1);
    measure("pread 4 KiB", op_pread, NULL, 500, 1);
    close(file);
    unlink("/tmp/ops.file");
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1) {
        if (strcmp(argv[1], "getpid") == 0)
            measure("getpid under --strace=summary", op_getpid, NULL, 1000, 1);
        return 0; /* and exec_self() */
    }
    signal(SIGUSR1, on_signal);
    if (pipe(fds) < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    measure("getpid", op_getpid, NULL, 1000, 1);
    measure("clock_gettime by vDSO", op_clock, NULL, 1000, 1);
    measure("futex wake, nobody waits", op_futex, NULL, 1000, 1);
    measure("sched_yield", op_yield, NULL, 1000, 1);
    measure("pipe write and read, 1 byte", op_pipe, NULL, 500, 1);
    measure_ping_pong();
    measure_memory();
    measure("signal to self", op_signal, NULL, 300, 1);
    measure_files();
    measure("thread create and join", op_thread, NULL, 50, 1);
    measure("fork, exit, wait", op_fork, NULL, 30, 1);
    measure("fork, exec, exit, wait", op_fork_exec, NULL, 30, 1);
    measure("vfork, exec, exit, wait", op_vfork_exec, NULL, 30, 1);
    return 0;
}
