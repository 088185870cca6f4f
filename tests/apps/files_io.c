/* SPDX-License-Identifier: BSD-2-Clause */
/* read, write and their positional and vector forms; holes; offsets that may not be. */
#include "check.h"
#include <sys/uio.h>

int main(void)
{
    char buffer[64];

    enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    NEED(fd >= 0);
    VALUE(write(fd, "0123456789", 10));
    VALUE(pread(fd, buffer, 4, 3));
    CHECK(!memcmp(buffer, "3456", 4));
    VALUE(lseek(fd, 0, SEEK_CUR));
    VALUE(pwrite(fd, "AB", 2, 4));
    VALUE(lseek(fd, 0, SEEK_SET));
    VALUE(read(fd, buffer, sizeof(buffer)));
    CHECK(!memcmp(buffer, "0123AB6789", 10));
    VALUE(read(fd, buffer, sizeof(buffer)));
    VALUE(pread(fd, buffer, 10, 8));
    VALUE(pread(fd, buffer, 10, 1000));
    CALL(pread(fd, buffer, 1, -1));
    CALL(lseek(fd, -1, SEEK_SET));
    CALL(lseek(fd, -11, SEEK_END));
    CALL(lseek(fd, 0, 99));
    VALUE(lseek(fd, 100000, SEEK_SET));
    VALUE(read(fd, buffer, 1));
    VALUE(write(fd, "end", 3));
    VALUE(pread(fd, buffer, 8, 50000));
    CHECK(!memcmp(buffer, "\0\0\0\0\0\0\0\0", 8));
    struct stat st;
    fstat(fd, &st);
    VALUE(st.st_size);

    char one[3] = "", two[5] = "";
    struct iovec in[3] = {{one, 2}, {NULL, 0}, {two, 4}};
    VALUE(lseek(fd, 1, SEEK_SET));
    VALUE(readv(fd, in, 3));
    CHECK(!strcmp(one, "12") && !strcmp(two, "3AB6"));
    VALUE(lseek(fd, 0, SEEK_CUR));
    struct iovec out[2] = {{"xy", 2}, {"z", 1}};
    VALUE(writev(fd, out, 2));
    VALUE(preadv(fd, in, 3, 6));
    printf("%s %s\n", one, two);
    VALUE(pwritev(fd, out, 2, 0));
    VALUE(pread(fd, buffer, 12, 0));
    buffer[12] = 0;
    printf("%s\n", buffer);
    CALL(readv(fd, in, -1));
    CALL(readv(fd, in, 1025));
    VALUE(readv(fd, in, 0));
    out[1].iov_len = SIZE_MAX;
    CALL(writev(fd, out, 2));
    VALUE(read(fd, buffer, 0));
    VALUE(write(fd, buffer, 0));
    CALL(read(-1, buffer, 1));
    CALL(write(77, buffer, 1));
    return 0;
}
