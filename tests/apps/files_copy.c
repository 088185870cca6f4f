/* SPDX-License-Identifier: BSD-2-Clause */
/* sendfile and copy_file_range. */
#include "check.h"
#include <sys/sendfile.h>

int main(void)
{
    char buffer[9000];

    enter_scratch();
    int in = open("in", O_RDWR | O_CREAT, 0644);
    for (int i = 0; i < 9000; i++)
        buffer[i] = (char)(i * 7);
    NEED(write(in, buffer, 9000) == 9000);
    int out = open("out", O_RDWR | O_CREAT, 0644);
    off_t from = 10;
    VALUE(sendfile(out, in, &from, 5000));
    VALUE(from);
    VALUE(lseek(in, 0, SEEK_CUR));
    VALUE(lseek(in, 5000, SEEK_SET));
    VALUE(sendfile(out, in, NULL, 100000));
    VALUE(lseek(in, 0, SEEK_CUR));
    VALUE(lseek(out, 0, SEEK_CUR));
    VALUE(sendfile(out, in, NULL, 10));
    char back[9000];
    VALUE(pread(out, back, 9000, 0));
    CHECK(!memcmp(back, buffer + 10, 5000) && !memcmp(back + 5000, buffer + 5000, 4000));
    int pipes[2];
    NEED(pipe(pipes) == 0);
    from = 0;
    VALUE(sendfile(pipes[1], in, &from, 100));
    VALUE(read(pipes[0], back, 200));
    CHECK(!memcmp(back, buffer, 100));
    CALL(sendfile(-1, in, NULL, 1));
    CALL(sendfile(out, -1, NULL, 1));
    int append = open("out", O_WRONLY | O_APPEND);
    off_t zero = 0;
    CALL(sendfile(append, in, &zero, 10));

    int copy = open("copy", O_RDWR | O_CREAT, 0644);
    off_t a = 4090, b = 100;
    VALUE(copy_file_range(in, &a, copy, &b, 50, 0));
    VALUE(a);
    VALUE(b);
    VALUE(pread(copy, back, 200, 0));
    CHECK(!memcmp(back + 100, buffer + 4090, 50) && back[0] == 0);
    a = 20000;
    VALUE(copy_file_range(in, &a, copy, &b, 50, 0));
    CALL(copy_file_range(in, NULL, copy, NULL, 1, 1));
    return 0;
}
