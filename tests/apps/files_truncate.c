/* SPDX-License-Identifier: BSD-2-Clause */
/* truncate and ftruncate: growing reads zero, also where old data were. */
#include "check.h"

int main(void)
{
    char buffer[8192];

    enter_scratch();
    memset(buffer, 'x', sizeof(buffer));
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    NEED(write(fd, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer));
    VALUE(ftruncate(fd, 100));
    VALUE(lseek(fd, 0, SEEK_END));
    VALUE(truncate("f", 8192));
    VALUE(pread(fd, buffer, sizeof(buffer), 0));
    int wrong = 0;
    for (int i = 0; i < 8192; i++)
        wrong += buffer[i] != (i < 100 ? 'x' : 0);
    VALUE(wrong);
    CALL(ftruncate(fd, -1));
    CALL(truncate("absent", 0));
    CALL(mkdir("d", 0755));
    CALL(truncate("d", 0));
    CALL(truncate("f/x", 0));
    int readonly = open("f", O_RDONLY);
    CALL(ftruncate(readonly, 0));
    VALUE(ftruncate(fd, 0));
    VALUE(pread(fd, buffer, 1, 0));
    VALUE(lseek(fd, 0, SEEK_CUR));
    return 0;
}
