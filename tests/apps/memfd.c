/* SPDX-License-Identifier: BSD-2-Clause */
/* memfd_create: an unnamed file, its seals, sharing by mapping. */
#include "check.h"
#include <sys/mman.h>
#include <sys/wait.h>

int main(void)
{
    int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING), plain = memfd_create("p", 0);
    char path[64], target[64];
    struct stat st;
    NEED(fd >= 0 && plain >= 0);
    VALUE(fcntl(fd, F_GETFD));
    VALUE(fcntl(fd, F_GET_SEALS));
    VALUE(fcntl(plain, F_GET_SEALS));
    CALL(fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK));
    NEED(fstat(fd, &st) == 0);
    printf("mode %o links %d\n", st.st_mode, (int)st.st_nlink);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    NEED(length > 0);
    printf("%.*s\n", (int)length, target);
    CALL(ftruncate(fd, 8192));
    int *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    NEED(shared != MAP_FAILED);
    VALUE(shared[0]);
    if (fork() == 0) {
        shared[0] = 42;
        shared[1024] = 43;
        _exit(0);
    }
    wait(NULL);
    VALUE(shared[0]);
    VALUE(shared[1024]);
    VALUE(pread(fd, shared + 1, 4, 4096));
    VALUE(shared[1]);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
    CALL(ftruncate(fd, 4096));
    CALL(ftruncate(fd, 16384));
    CALL(ftruncate(fd, 8192));
    VALUE(pwrite(fd, "x", 1, 100));
    CALL(pwrite(fd, "x", 1, 8192));
    munmap(shared, 8192);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(pwrite(fd, "x", 1, 0));
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    VALUE(fcntl(fd, F_GET_SEALS));
    CALL(fcntl(0, F_GET_SEALS));
    CALL(memfd_create("x", 0x1000));
    return 0;
}
