/* SPDX-License-Identifier: BSD-2-Clause */
/* open(2): creation, exclusive creation, truncation, append, and what may not be opened. */
#include "check.h"

int main(void)
{
    enter_scratch();
    CALL(open("absent", O_RDONLY));
    CALL(open("new", O_WRONLY | O_CREAT | O_EXCL, 0600));
    CALL(open("new", O_WRONLY | O_CREAT | O_EXCL, 0600));
    write_file("a", "12345");
    int fd = open("a", O_WRONLY | O_APPEND);
    VALUE(write(fd, "67", 2));
    VALUE(lseek(fd, 0, SEEK_CUR));
    VALUE(lseek(fd, 1, SEEK_SET));
    VALUE(write(fd, "8", 1));
    char byte;
    CALL(read(fd, &byte, 1));
    show_file("a");
    fd = open("a", O_RDWR | O_TRUNC);
    VALUE(lseek(fd, 0, SEEK_END));
    show_file("a");
    fd = open("a", O_RDONLY);
    CALL(write(fd, "x", 1));
    NEED(mkdir("d", 0755) == 0);
    CALL(open("d", O_WRONLY));
    CALL(open("d", O_RDWR));
    CALL(open("d", O_RDONLY));
    CALL(open("d", O_CREAT | O_RDONLY, 0644));
    CALL(open("a", O_RDONLY | O_DIRECTORY));
    CALL(open("a/b", O_RDONLY));
    CALL(open("a/", O_RDONLY));
    CALL(open("absent/b", O_CREAT | O_WRONLY, 0644));
    CALL(open("absent/", O_CREAT | O_WRONLY, 0644));
    CALL(open("", O_RDONLY));
    char name[300];
    memset(name, 'n', sizeof(name));
    name[255] = 0;
    CALL(open(name, O_CREAT | O_WRONLY, 0644));
    name[255] = 'n';
    name[256] = 0;
    CALL(open(name, O_CREAT | O_WRONLY, 0644));
    CALL(creat("c", 0644));
    CHECK(open("c", O_RDONLY) == open("c", O_RDONLY) - 1);
    return 0;
}
