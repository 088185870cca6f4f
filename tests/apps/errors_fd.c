/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad descriptors and unknown calls. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

int main(void)
{
    char buffer[16];
    struct stat st;
    struct statfs fs;
    int bad[] = {-1, 99, 1 << 20, INT32_MAX, INT32_MIN};

    for (int i = 0; i < 5; i++) {
        int fd = bad[i];
        CALL(close(fd));
        CALL(read(fd, buffer, 1));
        CALL(write(fd, buffer, 1));
        CALL(lseek(fd, 0, SEEK_SET));
        CALL(fstat(fd, &st));
        CALL(fstatfs(fd, &fs));
        CALL(dup(fd));
        CALL(dup2(fd, 5));
        CALL(fcntl(fd, F_GETFD));
        CALL(ftruncate(fd, 0));
        CALL(fchdir(fd));
        CALL(fchmod(fd, 0));
        CALL(ioctl(fd, FIONREAD, buffer));
        CALL(getdents64(fd, buffer, 16));
        CALL(sendfile(1, fd, NULL, 1));
        CALL(fsync(fd));
        CALL(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
    }
    CALL(syscall(9999));
    CALL(syscall(-5));
    CALL(syscall(0x40000000 + 9999));
    CALL(syscall(999999999));
    printf("still here\n");
    return 0;
}
