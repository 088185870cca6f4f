/* SPDX-License-Identifier: BSD-2-Clause */
/* mount(2), umount2(2): what they hide and show, flags, bind mounts, who is busy. */
#include "check.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

/* A name space of our own where there are any; the test must not mount over the host's. */
static void leave_host(void)
{
    if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) == 0)
        NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static dev_t device_of(const char *path)
{
    struct stat st;

    NEED(stat(path, &st) == 0);
    return st.st_dev;
}

static void hide_and_show(void)
{
    dev_t outside = device_of("at");
    struct statfs fs;

    write_file("at/below", "old");
    CALL(mount("source", "at", "tmpfs", 0, "mode=750,size=64k"));
    CHECK(device_of("at") != outside);
    CALL(access("at/below", F_OK));
    struct stat st;
    NEED(stat("at", &st) == 0);
    CHECK((st.st_mode & 07777) == 0750);
    NEED(statfs("at", &fs) == 0);
    CHECK(fs.f_type == 0x01021994 && fs.f_blocks == 16);
    write_file("at/new", "new");
    CALL(rmdir("at"));
    CALL(rename("at", "other"));
    CALL(rename("at/new", "new"));
    CALL(link("at/new", "new"));
    CALL(chdir("at/.."));
    CALL(umount2("at", 0));
    show_file("at/below");
    CALL(access("at/new", F_OK));
    CALL(umount2("at", 0));
    unlink("at/below");
}

static void full(void)
{
    static char page[4096];
    int count = 0, fd;

    NEED(mount("t", "at", "tmpfs", 0, "size=16k,nr_inodes=3") == 0);
    fd = open("at/file", O_CREAT | O_WRONLY, 0600);
    while (write(fd, page, sizeof(page)) == sizeof(page))
        count++;
    CHECK(count == 4 && errno == ENOSPC);
    CALL(umount2("at", 0));
    close(fd);
    CALL(mkdir("at/dir", 0700));
    CALL(mkdir("at/one_too_many", 0700));
    CALL(mount("t", "at", "tmpfs", MS_REMOUNT, "size=8k"));
    CALL(mount("t", "at", "tmpfs", MS_REMOUNT, "size=32k,nr_inodes=10"));
    CALL(mkdir("at/one_too_many", 0700));
    CALL(umount2("at", 0));
}

static void read_only(void)
{
    NEED(mount("t", "at", "tmpfs", 0, NULL) == 0);
    write_file("at/file", "x");
    int fd = open("at/file", O_WRONLY);
    CALL(mount("t", "at", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
    close(fd);
    CALL(mount("t", "at", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
    CALL(open("at/file", O_WRONLY));
    CALL(open("at/fresh", O_CREAT | O_WRONLY, 0600));
    CALL(mkdir("at/dir", 0700));
    CALL(mkdir("at/file", 0700));
    CALL(unlink("at/file"));
    CALL(rename("at/file", "at/file2"));
    CALL(chmod("at/file", 0600));
    CALL(truncate("at/file", 0));
    CALL(access("at/file", W_OK));
    CALL(access("at/file", R_OK));
    CALL(mount("t", "at", "tmpfs", MS_REMOUNT, NULL));
    CALL(unlink("at/file"));
    CALL(umount2("at", 0));
}

static void twice(void)
{
    mkdir("at/sub", 0700);
    mkdir("second", 0700);
    write_file("at/sub/a", "a");
    CALL(mount("at", "second", NULL, MS_BIND, NULL));
    CHECK(device_of("at") == device_of("second"));
    show_file("second/sub/a");
    CALL(unlink("at/sub/a"));
    CALL(access("second/sub/a", F_OK));
    write_file("second/sub/b", "b");
    show_file("at/sub/b");
    CALL(rename("second/sub/b", "second/sub/c"));
    CALL(access("at/sub/b", F_OK));
    CALL(access("at/sub/c", F_OK));
    CALL(rename("at/sub/c", "second/c"));
    CALL(link("at/sub/c", "second/c"));
    CALL(mount(NULL, "second", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    CALL(unlink("second/sub/c"));
    CALL(unlink("at/sub/c"));
    CALL(mkdir("third", 0700));
    CALL(mount("second", "third", NULL, MS_MOVE, NULL));
    CALL(access("second/sub", F_OK));
    CALL(access("third/sub", F_OK));
    CALL(umount2("third", 0));
    CALL(mount("at/sub", "file", NULL, MS_BIND, NULL));
    CALL(mount("file", "third", NULL, MS_BIND, NULL));
    CALL(mount("at/sub", "third", NULL, MS_MOVE, NULL));
    rmdir("at/sub");
}

static void leaving(void)
{
    char cwd[256];

    NEED(mount("t", "at", "tmpfs", 0, NULL) == 0);
    NEED(mkdir("at/inner", 0700) == 0);
    NEED(mount("t", "at/inner", "tmpfs", 0, NULL) == 0);
    write_file("at/inner/file", "kept");
    CALL(umount2("at", 0));
    int fd = open("at/inner/file", O_RDONLY);
    CALL(umount2("at/inner", 0));
    CALL(umount2("at", MNT_DETACH));
    CALL(access("at/inner", F_OK));
    CHECK(read(fd, cwd, sizeof(cwd)) == 4);
    close(fd);
    NEED(mount("t", "at", "tmpfs", 0, NULL) == 0);
    CALL(umount2("at", MNT_EXPIRE | MNT_FORCE));
    CALL(umount2("at", MNT_EXPIRE));
    CALL(access("at", F_OK));
    CALL(umount2("at", MNT_EXPIRE));
    CALL(umount2("at", MNT_EXPIRE));
    CALL(umount2("at", MNT_EXPIRE));
    NEED(chdir("at") == 0);
    NEED(mount("t", "../at", "tmpfs", 0, NULL) == 0);
    CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(strrchr(cwd, '/'), "/at"));
    CALL(umount2(cwd, 0));
    NEED(chdir("..") == 0);
}

static void flags(void)
{
    struct statfs fs;

    NEED(mount("t", "at", "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME, NULL) == 0);
    NEED(statfs("at", &fs) == 0);
    CHECK((fs.f_flags & 0x1fff) == (0x20 | MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME));
    write_file("at/run", "#!/bin/true\n");
    NEED(chmod("at/run", 0755) == 0);
    CALL(execl("at/run", "run", NULL));
    CALL(access("at/run", X_OK));
    CALL(umount2("at", 0));
}

static void mistakes(void)
{
    CALL(mount("t", "missing", "tmpfs", 0, NULL));
    CALL(mount("t", "file", "tmpfs", 0, NULL));
    CALL(mount("t", "at", "nosuchfs", 0, NULL));
    CALL(mount("t", "at", NULL, 0, NULL));
    CALL(mount("t", "at", "tmpfs", 0, "nosuchoption=1"));
    CALL(mount("t", "at", "tmpfs", 0, "size=many"));
    CALL(mount("missing", "at", NULL, MS_BIND, NULL));
    CALL(mount("t", "at", "tmpfs", MS_REMOUNT, NULL));
    CALL(mount(NULL, "at", NULL, MS_PRIVATE, NULL));
    CALL(mount((char *)1, "at", "tmpfs", 0, NULL));
    CALL(mount("t", (char *)1, "tmpfs", 0, NULL));
    CALL(umount2("at", 0x100));
    CALL(umount2("missing", 0));
    CALL(umount2("at", 0));
}

int main(void)
{
    leave_host();
    enter_scratch();
    NEED(mkdir("at", 0755) == 0);
    write_file("file", "");
    hide_and_show();
    full();
    read_only();
    twice();
    leaving();
    flags();
    mistakes();
    return 0;
}
