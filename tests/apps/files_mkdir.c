/* SPDX-License-Identifier: BSD-2-Clause */
/* mkdir and rmdir and what they refuse. */
#include "check.h"

int main(void)
{
    struct stat st;

    enter_scratch();
    umask(022);
    CALL(mkdir("d", 0777));
    stat("d", &st);
    VALUE(st.st_mode & 07777);
    CHECK(S_ISDIR(st.st_mode));
    CALL(mkdir("d", 0777));
    CALL(mkdir("d/", 0777));
    CALL(mkdir("e/", 0700));
    CALL(mkdir("absent/x", 0777));
    CALL(mkdir("d/a", 0777));
    CALL(rmdir("d"));
    CALL(rmdir("d/."));
    CALL(rmdir("d/.."));
    CALL(rmdir("d/a/"));
    CALL(rmdir("d"));
    CALL(rmdir("d"));
    write_file("f", "");
    CALL(rmdir("f"));
    CALL(mkdir("f/x", 0777));
    CALL(mkdir("f", 0777));
    CALL(mkdir("/", 0777));
    CALL(rmdir("/"));
    CALL(mkdir("", 0777));
    CALL(mkdirat(AT_FDCWD, "m", 01777));
    stat("m", &st);
    VALUE(st.st_mode & 07777);
    return 0;
}
