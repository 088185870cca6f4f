/* SPDX-License-Identifier: BSD-2-Clause */
/* xattr(7): user attributes of files and directories, by path, link and descriptor. */
#include "check.h"

#include <sys/xattr.h>

static char big[70000];

static void values(void)
{
    char value[16];

    VALUE(setxattr("file", "user.a", "one", 3, 0));
    VALUE(getxattr("file", "user.a", value, sizeof(value)));
    CHECK(memcmp(value, "one", 3) == 0);
    VALUE(getxattr("file", "user.a", NULL, 0));
    VALUE(getxattr("file", "user.a", value, 2));
    VALUE(setxattr("file", "user.a", "longer", 6, XATTR_CREATE));
    VALUE(setxattr("file", "user.a", "longer", 6, XATTR_REPLACE));
    VALUE(getxattr("file", "user.a", value, sizeof(value)));
    VALUE(setxattr("file", "user.b", "x", 1, XATTR_REPLACE));
    VALUE(setxattr("file", "user.b", "", 0, XATTR_CREATE));
    VALUE(getxattr("file", "user.b", value, sizeof(value)));
    VALUE(getxattr("file", "user.c", value, sizeof(value)));
    VALUE(removexattr("file", "user.c"));
    VALUE(removexattr("file", "user.b"));
    VALUE(getxattr("file", "user.b", value, sizeof(value)));
}

static void names(void)
{
    char list[64];

    VALUE(listxattr("file", list, sizeof(list)));
    CHECK(memcmp(list, "user.a", 7) == 0);
    VALUE(listxattr("file", NULL, 0));
    VALUE(listxattr("file", list, 3));
    VALUE(setxattr("dir", "user.of.dir", "1", 1, 0));
    VALUE(listxattr("dir", list, sizeof(list)));
    VALUE(removexattr("dir", "user.of.dir"));
    VALUE(listxattr("dir", list, sizeof(list)));
}

static void ways(void)
{
    char value[16];
    int fd = open("file", O_RDONLY);

    VALUE(fgetxattr(fd, "user.a", value, sizeof(value)));
    VALUE(fsetxattr(fd, "user.fd", "fd", 2, 0));
    VALUE(lgetxattr("file", "user.fd", value, sizeof(value)));
    VALUE(getxattr("link", "user.fd", value, sizeof(value)));
    VALUE(lgetxattr("link", "user.fd", value, sizeof(value)));
    VALUE(lsetxattr("link", "user.fd", "fd", 2, 0));
    VALUE(fremovexattr(fd, "user.fd"));
    VALUE(flistxattr(fd, NULL, 0));
    close(fd);
    VALUE(fgetxattr(fd, "user.a", value, sizeof(value)));
    NEED(rename("file", "renamed") == 0 && rename("renamed", "file") == 0);
    VALUE(getxattr("file", "user.a", value, sizeof(value)));
    VALUE(setxattr("fifo", "user.a", "1", 1, 0));
    VALUE(getxattr("fifo", "user.a", value, sizeof(value)));
}

static void mistakes(void)
{
    static char name[300];
    char value[16];

    VALUE(setxattr("file", "user.a", "x", 1, 4));
    VALUE(setxattr("file", "user.", "x", 1, 0));
    VALUE(setxattr("file", "", "x", 1, 0));
    VALUE(setxattr("file", "nospace", "x", 1, 0));
    VALUE(setxattr("file", "other.a", "x", 1, 0));
    VALUE(setxattr("missing", "user.a", "x", 1, 0));
    VALUE(setxattr("file", "user.big", big, sizeof(big), 0));
    VALUE(setxattr("file", (char *)1, "x", 1, 0));
    VALUE(setxattr("file", "user.a", (char *)1, 1, 0));
    VALUE(getxattr("file", "user.a", (char *)1, 16));
    memset(name, 'n', sizeof(name) - 1);
    memcpy(name, "user.", 5);
    VALUE(setxattr("file", name, "x", 1, 0));
    VALUE(getxattr("file", name, value, sizeof(value)));
    NEED(chmod("file", 0444) == 0);
    VALUE(getxattr("file", "user.a", value, sizeof(value)));
}

int main(void)
{
    enter_scratch();
    write_file("file", "x");
    NEED(mkdir("dir", 0755) == 0 && symlink("file", "link") == 0 && mkfifo("fifo", 0600) == 0);
    values();
    names();
    ways();
    mistakes();
    return 0;
}
