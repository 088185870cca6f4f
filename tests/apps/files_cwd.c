/* SPDX-License-Identifier: BSD-2-Clause */
/* chdir, fchdir, getcwd; a current directory that is removed. */
#include "check.h"
#include <sys/syscall.h>

int main(void)
{
    char path[4096], small[3];

    enter_scratch();
    CALL(mkdir("a", 0755));
    CALL(mkdir("a/b", 0755));
    CALL(chdir("a/b"));
    NEED(getcwd(path, sizeof(path)));
    CHECK(!strcmp(path + strlen(path) - 4, "/a/b"));
    CHECK(!getcwd(small, sizeof(small)) && errno == ERANGE);
    CHECK(syscall(SYS_getcwd, path, sizeof(path)) == (long)strlen(path) + 1);
    int fd = open("..", O_RDONLY | O_DIRECTORY);
    CALL(fchdir(fd));
    NEED(getcwd(path, sizeof(path)));
    CHECK(!strcmp(path + strlen(path) - 2, "/a"));
    write_file("f", "");
    CALL(chdir("f"));
    CALL(chdir("absent"));
    CALL(fchdir(open("f", O_RDONLY)));
    CALL(fchdir(-1));
    CALL(chdir("b"));
    CALL(rmdir("../b"));
    CHECK(!getcwd(path, sizeof(path)) && errno == ENOENT);
    CALL(open("x", O_CREAT | O_WRONLY, 0644));
    CALL(mkdir("y", 0755));
    CALL(open(".", O_RDONLY));
    CALL(chdir(".."));
    CALL(access("f", F_OK));
    CALL(chdir("/"));
    NEED(getcwd(path, sizeof(path)));
    printf("%s\n", path);
    CALL(chdir("../../.."));
    NEED(getcwd(path, sizeof(path)));
    printf("%s\n", path);
    return 0;
}
