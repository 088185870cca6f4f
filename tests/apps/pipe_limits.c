/* SPDX-License-Identifier: BSD-2-Clause */
/* How much pipes hold: sizes, packets, and what is left for users who have many. */
#include "check.h"

#include <sys/wait.h>

static char bytes[70000];

static void test_sizes(void)
{
    int end[2], file;

    NEED(pipe(end) == 0);
    VALUE(fcntl(end[0], F_GETPIPE_SZ));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 0));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 4097));
    VALUE(fcntl(end[1], F_SETPIPE_SZ, 12288));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 1 << 20));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 0x80000001ul));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 65536));
    NEED(write(end[1], bytes, 10000) == 10000);
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 8192));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 12288));
    VALUE(fcntl(end[1], F_GETPIPE_SZ));
    VALUE(read(end[0], bytes, sizeof(bytes)));
    NEED((file = open("file", O_CREAT | O_RDWR, 0600)) >= 0);
    VALUE(fcntl(file, F_GETPIPE_SZ));
    VALUE(fcntl(file, F_SETPIPE_SZ, 4096));
    close(file), close(end[0]), close(end[1]);
}

static int fill(int fd)
{
    int count = 0;

    while (write(fd, "x", 1) == 1)
        count++;
    return count;
}

static void test_packets(void)
{
    int end[2], count = 0;

    NEED(pipe2(end, O_DIRECT | O_NONBLOCK) == 0);
    CHECK(fcntl(end[0], F_GETFL) == (O_RDONLY | O_NONBLOCK));
    CHECK(fcntl(end[1], F_GETFL) == (O_WRONLY | O_NONBLOCK | O_DIRECT));
    VALUE(write(end[1], "abc", 3));
    VALUE(write(end[1], "defgh", 5));
    VALUE(write(end[1], bytes, 5000));
    VALUE(write(end[1], "", 0));
    VALUE(read(end[0], bytes, 2)); /* the rest is lost */
    VALUE(read(end[0], bytes, 100));
    VALUE(read(end[0], bytes, 9000));
    VALUE(read(end[0], bytes, 9000));
    VALUE(read(end[0], bytes, 9000));
    VALUE(fill(end[1]));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 8 * 4096));
    VALUE(fcntl(end[0], F_SETPIPE_SZ, 32 * 4096));
    VALUE(fill(end[1]));
    while (read(end[0], bytes, 100) == 1)
        count++;
    VALUE(count);
    CALL(fcntl(end[1], F_SETFL, O_NONBLOCK));
    VALUE(fill(end[1]));
    VALUE(read(end[0], bytes, sizeof(bytes)));
    close(end[0]), close(end[1]);
}

static void test_quota(void)
{
    int end[2], last[2], grown = 0, status;

    fflush(stdout);
    if (fork() == 0) {
        NEED(setgid(54321) == 0 && setuid(54321) == 0);
        NEED(pipe(end) == 0);
        VALUE(fcntl(end[0], F_SETPIPE_SZ, 1 << 21));
        while (grown < 200 && pipe(last) == 0 && fcntl(last[0], F_SETPIPE_SZ, 1 << 20) > 0)
            grown++;
        CHECK(errno == EPERM);
        VALUE(grown);
        while (pipe(last) == 0 && fcntl(last[0], F_GETPIPE_SZ) == 65536)
            ;
        VALUE(fcntl(last[0], F_GETPIPE_SZ));
        VALUE(fcntl(last[0], F_SETPIPE_SZ, 65536));
        VALUE(fcntl(last[0], F_SETPIPE_SZ, 4096));
        VALUE(write(last[1], bytes, 4096));
        close(end[0]), close(end[1]); /* 16 pages come back */
        VALUE(fcntl(last[0], F_SETPIPE_SZ, 8192));
        fflush(stdout);
        _exit(0);
    }
    NEED(wait(&status) > 0);
    CHECK(status == 0);
}

int main(void)
{
    enter_scratch();
    test_sizes();
    test_packets();
    test_quota();
    return 0;
}
