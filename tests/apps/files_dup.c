/* SPDX-License-Identifier: BSD-2-Clause */
/* dup, dup2, dup3: lowest number, shared offset, flags, refusals. */
#include "check.h"
#include <sys/resource.h>

int main(void)
{
    enter_scratch();
    write_file("f", "abcdef");
    int fd = open("f", O_RDONLY | O_CLOEXEC);
    int copy = dup(fd);
    CHECK(copy == fd + 1);
    char c;
    VALUE(read(fd, &c, 1));
    VALUE(lseek(copy, 0, SEEK_CUR));
    VALUE(fcntl(fd, F_GETFD));
    VALUE(fcntl(copy, F_GETFD));
    VALUE(dup2(fd, 20));
    VALUE(dup2(fd, 20));
    VALUE(dup2(fd, fd) == fd);
    CALL(dup2(-1, 21));
    CALL(dup2(fd, -1));
    CALL(dup2(50, 50));
    CALL(dup3(fd, fd, 0));
    VALUE(dup3(fd, 22, O_CLOEXEC));
    VALUE(fcntl(22, F_GETFD));
    CALL(dup3(fd, 23, O_APPEND));
    VALUE(fcntl(fd, F_DUPFD, 30));
    VALUE(fcntl(fd, F_DUPFD_CLOEXEC, 30));
    VALUE(fcntl(31, F_GETFD));
    CALL(close(fd));
    VALUE(read(copy, &c, 1));
    CALL(close(fd));
    CALL(dup(fd));
    VALUE(open("f", O_RDONLY) == fd);
    struct rlimit limit = {40, 40};
    VALUE(setrlimit(RLIMIT_NOFILE, &limit));
    int count = 0;
    while (dup(0) >= 0)
        count++;
    CHECK(errno == EMFILE);
    CHECK(count > 20);
    CALL(dup2(0, 40));
    CALL(open("f", O_RDONLY));
    CALL(fcntl(0, F_DUPFD, 40));
    return 0;
}
