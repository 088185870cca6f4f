/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/zero mapped shared is memory that a child shares; privately it is the process's own. */
#include "check.h"
#include <sys/mman.h>
#include <sys/wait.h>

int main(void)
{
    int fd = open("/dev/zero", O_RDWR);
    NEED(fd >= 0);
    volatile int *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile int *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    NEED(shared != MAP_FAILED && private != MAP_FAILED);
    CHECK(shared[0] == 0 && shared[1024] == 0 && private[0] == 0);
    if (fork() == 0) {
        shared[1024] = private[0] = 42;
        _exit(0);
    }
    wait(NULL);
    VALUE(shared[1024]);
    VALUE(private[0]);
    volatile int *again = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    NEED(again != MAP_FAILED);
    VALUE(again[0]);
    int read_only = open("/dev/zero", O_RDONLY);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, read_only, 0) != MAP_FAILED);
    CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
    return 0;
}
