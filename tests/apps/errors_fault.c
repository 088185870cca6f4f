/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad pointers to system calls give EFAULT and change nothing. */
#include "check.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

int main(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(page != MAP_FAILED && munmap(page + 4096, 4096) == 0);
    void *bad[] = {NULL,
                   (void *)8,
                   page + 4096,
                   page + 4095,
                   (void *)0x7ffffffff000,
                   (void *)0x800000000000,
                   (void *)0xffff888000000000,
                   (void *)0xffffffff80000000,
                   (void *)-1,
                   (void *)0x1234567890abcdef};
    enter_scratch();
    int zero = open("/dev/zero", O_RDONLY), file = open("f", O_RDWR | O_CREAT, 0644), p[2];
    NEED(pipe(p) == 0);
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        void *b = bad[i];
        printf("address %u\n", i);
        CALL(syscall(SYS_open, b, O_RDONLY));
        CALL(syscall(SYS_read, zero, b, 100));
        CALL(syscall(SYS_write, file, b, 100));
        CALL(syscall(SYS_write, p[1], b, 100));
        CALL(syscall(SYS_stat, b, page));
        CALL(syscall(SYS_newfstatat, AT_FDCWD, "f", b, 0)); /* may leave a byte of st_dev at b */
        CALL(syscall(SYS_uname, b));
        CALL(syscall(SYS_pipe, b));
        CALL(syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, b));
        CALL(syscall(SYS_rt_sigaction, SIGUSR1, (char *)b + (b == NULL), NULL, 8));
        CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (char *)b + (b == NULL), NULL, 8));
        CALL(syscall(SYS_getrlimit, RLIMIT_CORE, b));
        CALL(syscall(SYS_getcwd, b, 100));
        CALL(syscall(SYS_readv, zero, b, 1));
        CALL(syscall(SYS_poll, b, 1, 0));
        CALL(syscall(SYS_nanosleep, b, NULL));
        CALL(syscall(SYS_getrandom, b, 100, 0));
        CALL(syscall(SYS_readlink, "/proc/self/exe", b, 100));
        CALL(syscall(SYS_mkdir, b, 0755));
        CALL(syscall(SYS_rename, b, "x"));
        CALL(syscall(SYS_rename, "f", b));
        CALL(syscall(SYS_sysinfo, b));
        CALL(syscall(SYS_rt_sigpending, b, 8));
        CALL(syscall(SYS_sendfile, 1, zero, (char *)b + (b == NULL), 1));
    }
    struct iovec parts[2] = {{page, 10}, {(void *)8, 10}};
    VALUE(writev(file, parts, 2));
    VALUE(readv(zero, parts, 2));
    VALUE(read(zero, page + 4090, 100));
    struct stat st;
    fstat(file, &st);
    VALUE(st.st_size);
    return 0;
}
