/* SPDX-License-Identifier: BSD-2-Clause */
/* link and unlink: counts, the same inode, and refusals. */
#include "check.h"

static long links(const char *name)
{
    struct stat st;
    return stat(name, &st) < 0 ? -1 : (long)st.st_nlink;
}

static int same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

int main(void)
{
    enter_scratch();
    write_file("a", "one");
    VALUE(links("a"));
    CALL(link("a", "b"));
    VALUE(links("a"));
    CHECK(same("a", "b"));
    write_file("b", "two");
    show_file("a");
    CALL(link("a", "b"));
    CALL(link("absent", "c"));
    CALL(mkdir("d", 0755));
    CALL(link("d", "e"));
    CALL(link("a", "d/a"));
    VALUE(links("a"));
    VALUE(links("d"));
    CALL(mkdir("d/sub", 0755));
    VALUE(links("d"));
    CALL(rmdir("d/sub"));
    VALUE(links("d"));
    CALL(unlink("a"));
    VALUE(links("b"));
    CALL(unlink("a"));
    CALL(unlink("d"));
    CALL(unlink("b/"));
    CALL(unlink("d/a"));
    VALUE(links("b"));
    int fd = open("b", O_RDONLY);
    CALL(unlink("b"));
    struct stat st;
    fstat(fd, &st);
    VALUE(st.st_nlink);
    char text[4] = "";
    VALUE(read(fd, text, 3));
    printf("%s\n", text);
    CALL(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    CALL(unlinkat(AT_FDCWD, "d", 0x4000));
    return 0;
}
