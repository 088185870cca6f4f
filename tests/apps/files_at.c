/* SPDX-License-Identifier: BSD-2-Clause */
/* The *at calls and O_PATH, O_NOFOLLOW, O_DIRECTORY. */
#include "check.h"

int main(void)
{
    struct stat st;
    char text[8] = "";

    enter_scratch();
    CALL(mkdir("d", 0755));
    int dir = open("d", O_RDONLY | O_DIRECTORY);
    int fd = openat(dir, "f", O_RDWR | O_CREAT, 0644);
    NEED(fd >= 0);
    CHECK(access("d/f", F_OK) == 0);
    CALL(mkdirat(dir, "e", 0755));
    CALL(symlinkat("f", dir, "l"));
    VALUE(readlinkat(dir, "l", text, sizeof(text)));
    CALL(linkat(dir, "f", dir, "g", 0));
    CALL(linkat(dir, "l", dir, "h", AT_SYMLINK_FOLLOW));
    fstatat(dir, "f", &st, 0);
    VALUE(st.st_nlink);
    fstatat(dir, "l", &st, AT_SYMLINK_NOFOLLOW);
    CHECK(S_ISLNK(st.st_mode));
    CALL(renameat(dir, "g", AT_FDCWD, "moved"));
    CALL(unlinkat(dir, "e", 0));
    CALL(unlinkat(dir, "e", AT_REMOVEDIR));
    CALL(openat(fd, "x", O_RDONLY));
    CALL(openat(99, "x", O_RDONLY));
    CHECK(openat(99, "/dev/null", O_RDONLY) >= 0);
    int path = open("d/f", O_PATH);
    NEED(path >= 0);
    CALL(read(path, text, 1));
    CALL(write(path, text, 1));
    CALL(fstat(path, &st));
    VALUE(fcntl(path, F_GETFL) & O_PATH);
    int link = open("d/l", O_PATH | O_NOFOLLOW);
    CALL(fstat(link, &st));
    CHECK(S_ISLNK(st.st_mode));
    VALUE(readlinkat(link, "", text, sizeof(text)));
    CALL(faccessat(dir, "f", F_OK, 0));
    CALL(faccessat(dir, "absent", F_OK, 0));
    CALL(close(path));
    CALL(close(path));
    return 0;
}
