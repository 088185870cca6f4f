/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes: order, capacity, ends that close, non-blocking, FIONREAD. */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/uio.h>

int main(void)
{
    int p[2], waiting = -1;
    char buffer[70000];

    signal(SIGPIPE, SIG_IGN);
    VALUE(pipe2(p, O_NONBLOCK | O_CLOEXEC));
    VALUE(fcntl(p[0], F_GETFD));
    VALUE(fcntl(p[0], F_GETFL) & (O_NONBLOCK | O_ACCMODE));
    VALUE(fcntl(p[1], F_GETFL) & (O_NONBLOCK | O_ACCMODE));
    CALL(read(p[0], buffer, 1));
    CALL(write(p[0], "x", 1));
    CALL(read(p[1], buffer, 1));
    CALL(lseek(p[0], 0, SEEK_CUR));
    CALL(pread(p[0], buffer, 1, 0));
    VALUE(write(p[1], "hello", 5));
    VALUE(write(p[1], "world", 5));
    VALUE(ioctl(p[0], FIONREAD, &waiting));
    VALUE(waiting);
    VALUE(read(p[0], buffer, 7));
    CHECK(!memcmp(buffer, "hellowo", 7));
    VALUE(read(p[0], buffer, 100));
    VALUE(fcntl(p[1], F_GETPIPE_SZ));
    memset(buffer, 'p', sizeof(buffer));
    VALUE(write(p[1], buffer, sizeof(buffer)));
    CALL(write(p[1], buffer, 1));
    VALUE(read(p[0], buffer, 4095));
    CALL(write(p[1], buffer, 4096));
    VALUE(read(p[0], buffer, 1));
    VALUE(write(p[1], buffer, 4096));
    VALUE(read(p[0], buffer, sizeof(buffer)));
    struct iovec parts[2] = {{"ab", 2}, {"cd", 2}};
    VALUE(writev(p[1], parts, 2));
    VALUE(close(p[1]));
    VALUE(read(p[0], buffer, 100));
    VALUE(read(p[0], buffer, 100));
    NEED(pipe(p) == 0);
    close(p[0]);
    CALL(write(p[1], "x", 1));
    CALL(pipe2(p, 0x1000000));
    CALL(pipe((int *)8));
    NEED(pipe(p) == 0);
    CALL(fcntl(p[1], F_SETPIPE_SZ, 4096));
    CHECK(fcntl(p[1], F_GETPIPE_SZ) == 4096);
    return 0;
}
