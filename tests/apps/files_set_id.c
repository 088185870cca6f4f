/* SPDX-License-Identifier: BSD-2-Clause */
/* Set-user-ID and set-group-ID bits: who may set them, what takes them away; umask. */
#include "check.h"

#include <grp.h>

static void show_mode(const char *name)
{
    struct stat st;

    NEED(lstat(name, &st) == 0);
    printf("%s: %o group %d\n", name, st.st_mode, (int)st.st_gid);
}

static void as_root(void)
{
    write_file("root", "x");
    NEED(chmod("root", 06755) == 0);
    int fd = open("root", O_WRONLY);
    NEED(write(fd, "y", 1) == 1);
    close(fd);
    show_mode("root");
    CALL(chown("root", 0, 0));
    show_mode("root");
    NEED(chmod("root", 02644) == 0);
    CALL(chown("root", 0, 0));
    show_mode("root");
}

static void as_user(void)
{
    NEED(mkdir("shared", 0777) == 0 && chown("shared", 1000, 2000) == 0);
    NEED(chmod("shared", 02777) == 0);
    NEED(setgroups(0, NULL) == 0 && setegid(1000) == 0 && seteuid(1000) == 0);
    umask(0);
    close(open("shared/plain", O_CREAT | O_WRONLY, 0644));
    close(open("shared/exec", O_CREAT | O_WRONLY, 02775));
    close(open("shared/noexec", O_CREAT | O_WRONLY, 02664));
    umask(010);
    close(open("shared/masked", O_CREAT | O_WRONLY, 02775));
    umask(0);
    NEED(mkdir("shared/dir", 0700) == 0);
    NEED(mkfifo("shared/fifo", 0600) == 0);
    show_mode("shared/plain");
    show_mode("shared/exec");
    show_mode("shared/noexec");
    show_mode("shared/masked");
    show_mode("shared/dir");
    show_mode("shared/fifo");
    CALL(chmod("shared/plain", 02755));
    show_mode("shared/plain");
    CALL(chown("shared/plain", (uid_t)-1, 1000));
    CALL(chmod("shared/plain", 06755));
    show_mode("shared/plain");
    int fd = open("shared/plain", O_WRONLY);
    NEED(write(fd, "x", 1) == 1);
    close(fd);
    show_mode("shared/plain");
    CALL(chmod("shared", 02777));
    show_mode("shared");
    CALL(chown("shared/plain", 0, (gid_t)-1));
    CALL(chown("shared/plain", (uid_t)-1, 3000));
    NEED(seteuid(0) == 0 && setegid(0) == 0);
}

int main(void)
{
    enter_scratch();
    NEED(chmod(".", 0755) == 0);
    umask(022);
    as_root();
    as_user();
    return 0;
}
