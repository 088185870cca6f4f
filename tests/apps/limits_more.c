/* SPDX-License-Identifier: BSD-2-Clause */
/* setrlimit(2): who may raise what, and that the limits hold. */
#include "check.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int set(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};
    return setrlimit((__rlimit_resource_t)resource, &limit);
}

static void run(const char *name, void (*body)(void))
{
    int status;
    printf("-- %s\n", name);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
}

static void numbers(void)
{
    struct rlimit limit;
    VALUE(set(RLIMIT_NOFILE, 100, 50));
    VALUE(set(99, 1, 1));
    VALUE(getrlimit(99, &limit));
    VALUE(set(RLIMIT_NOFILE, 100, 200));
    NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    printf("%lu %lu\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
    VALUE(prlimit(0, RLIMIT_NOFILE, NULL, &limit));
    VALUE(prlimit(1 << 22, RLIMIT_NOFILE, NULL, &limit));
    VALUE(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, (void *)8, NULL));
    NEED(setuid(54321) == 0);
    VALUE(set(RLIMIT_NOFILE, 100, 201));
    VALUE(set(RLIMIT_NOFILE, 200, 200));
    VALUE(set(RLIMIT_NOFILE, 100, 150));
    VALUE(set(RLIMIT_NOFILE, 100, 200));
}

static void files(void)
{
    int fd = -1, last = -1;
    NEED(set(RLIMIT_NOFILE, 20, 20) == 0);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    printf("last %d, errno %d\n", last, errno);
    VALUE(dup2(0, 20));
    VALUE(dup2(0, 19));
    VALUE(fcntl(0, F_DUPFD, 20));
    close(19);
    int pipes[2];
    VALUE(pipe(pipes));
}

static void file_size(void)
{
    enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    signal(SIGXFSZ, SIG_IGN);
    NEED(set(RLIMIT_FSIZE, 1000, 1000) == 0);
    VALUE(pwrite(fd, "0123456789", 10, 995));
    VALUE(pwrite(fd, "0123456789", 10, 1000));
    VALUE(ftruncate(fd, 1001));
    VALUE(ftruncate(fd, 1000));
    check_leave_scratch();
    signal(SIGXFSZ, SIG_DFL);
    VALUE(ftruncate(fd, 1001));
}

static void memory(void)
{
    struct rlimit limit;
    void *brk = sbrk(0);
    NEED(set(RLIMIT_AS, 1 << 30, 1 << 30) == 0);
    CHECK(mmap(NULL, 2ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == ENOMEM);
    CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    NEED(set(RLIMIT_DATA, 0, 0) == 0);
    CHECK(sbrk(1 << 20) == (void *)-1 && sbrk(0) == brk);
    CHECK(mmap(NULL, 1 << 20, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    NEED(getrlimit(RLIMIT_DATA, &limit) == 0);
    VALUE(limit.rlim_cur);
}

static void locked(void)
{
    char *memory = mmap(NULL, 1 << 20, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(set(RLIMIT_MEMLOCK, 65536, 65536) == 0);
    NEED(setuid(54321) == 0);
    VALUE(mlock(memory, 65536));
    VALUE(mlock(memory + 65536, 4096));
    VALUE(munlock(memory, 4096));
    VALUE(mlock(memory + 65536, 4096));
    VALUE(mlockall(MCL_CURRENT));
    VALUE(munlockall());
    NEED(set(RLIMIT_MEMLOCK, 0, 0) == 0);
    VALUE(mlock(memory, 4096));
    VALUE(mlockall(MCL_FUTURE));
}

__attribute__((noinline)) static int descend(int depth)
{
    volatile char room[8192];
    room[0] = (char)depth;
    return depth ? descend(depth - 1) + room[0] : 0;
}

static void stack(void)
{
    NEED(set(RLIMIT_STACK, 1 << 20, 1 << 20) == 0);
    (void)descend(60);
    printf("half a megabyte\n");
    fflush(stdout);
    if (descend(300) == -1)
        printf("never\n");
    printf("more than the limit\n");
}

static void nice_numbers(void)
{
    NEED(setuid(54321) == 0);
    VALUE(setpriority(PRIO_PROCESS, 0, 5));
    VALUE(setpriority(PRIO_PROCESS, 0, -5));
    VALUE(setpriority(PRIO_PROCESS, 0, -6));
    VALUE(setpriority(PRIO_PROCESS, 1 << 22, 5));
    VALUE(setpriority(9, 0, 5));
}

int main(void)
{
    run("numbers", numbers);
    run("files", files);
    run("file size", file_size);
    run("memory", memory);
    run("locked", locked);
    run("stack", stack);
    run("nice", nice_numbers);
    return 0;
}
