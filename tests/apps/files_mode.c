/* SPDX-License-Identifier: BSD-2-Clause */
/* chmod, umask and access. */
#include "check.h"

static long mode(const char *name)
{
    struct stat st;
    return stat(name, &st) < 0 ? -1 : (long)(st.st_mode & 07777);
}

int main(void)
{
    enter_scratch();
    umask(077);
    VALUE(umask(027));
    VALUE(umask(022));
    VALUE(close(open("a", O_CREAT | O_WRONLY, 0666)));
    VALUE(mode("a"));
    umask(0);
    VALUE(close(open("b", O_CREAT | O_WRONLY, 04755)));
    VALUE(mode("b"));
    VALUE(chmod("a", 0));
    VALUE(mode("a"));
    int fd = open("b", O_RDONLY);
    VALUE(fchmod(fd, 0511));
    VALUE(mode("b"));
    VALUE(fchmodat(AT_FDCWD, "b", 0600, 0));
    VALUE(mode("b"));
    CALL(chmod("absent", 0));
    CALL(fchmod(-1, 0));
    CALL(access("b", R_OK | W_OK));
    CALL(access("b", X_OK));
    CALL(access("b", 8));
    CALL(access("absent", F_OK));
    CALL(access("b/c", F_OK));
    CALL(faccessat(AT_FDCWD, "b", R_OK, AT_EACCESS));
    CALL(chown("b", getuid(), getgid()));
    CALL(lchown("b", -1, -1));
    CALL(fchown(fd, -1, getgid()));
    CALL(chown("absent", 0, 0));
    return 0;
}
