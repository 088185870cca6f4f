/* SPDX-License-Identifier: BSD-2-Clause */
/* ioctl_iflags(2) on a file system in memory: append-only, immutable, and who says so. */
#include "check.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static void set_flags(int fd, int flags)
{
    CALL(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static int get_flags(int fd)
{
    int flags = -1;

    CALL(ioctl(fd, FS_IOC_GETFLAGS, &flags));
    return flags;
}

static void append_only(int fd)
{
    set_flags(fd, FS_APPEND_FL);
    CHECK(get_flags(fd) == FS_APPEND_FL);
    CALL(open("file", O_WRONLY));
    CALL(open("file", O_WRONLY | O_APPEND | O_TRUNC));
    int more = open("file", O_WRONLY | O_APPEND);
    CHECK(write(more, "more", 4) == 4);
    CALL(fcntl(more, F_SETFL, 0));
    close(more);
    CALL(unlink("file"));
    CALL(rename("file", "other"));
    CALL(link("file", "other"));
    CALL(chmod("file", 0600));
    CALL(truncate("file", 0));
    set_flags(fd, 0);
}

static void immutable(int fd)
{
    set_flags(fd, FS_IMMUTABLE_FL);
    CALL(open("file", O_WRONLY | O_APPEND));
    CALL(open("file", O_RDONLY));
    CALL(access("file", W_OK));
    CALL(unlink("file"));
    CALL(chmod("file", 0600));
    CALL(chown("file", 1, 1));
    CALL(truncate("file", 0));
    CALL(utimensat(AT_FDCWD, "file", NULL, 0));
    set_flags(fd, 0);
    CALL(chmod("file", 0600));
}

static void of_directory(void)
{
    int fd = open("dir", O_RDONLY);

    set_flags(fd, FS_IMMUTABLE_FL);
    CALL(mkdir("dir/sub", 0700));
    CALL(open("dir/new", O_CREAT | O_WRONLY, 0600));
    set_flags(fd, FS_APPEND_FL);
    CALL(mkdir("dir/sub", 0700));
    CALL(rmdir("dir/sub"));
    set_flags(fd, FS_NODUMP_FL | FS_NOATIME_FL);
    CALL(rmdir("dir/sub"));
    set_flags(fd, 0);
    close(fd);
}

int main(void)
{
    NEED(chdir("/dev/shm") == 0);
    check_remove_tree(AT_FDCWD, "inode_flags");
    rmdir("inode_flags");
    NEED(mkdir("inode_flags", 0755) == 0 && chdir("inode_flags") == 0);
    write_file("file", "x");
    NEED(mkdir("dir", 0755) == 0);
    int fd = open("file", O_RDONLY), pipes[2], flags = 0;
    append_only(fd);
    immutable(fd);
    of_directory();
    set_flags(fd, FS_COMPR_FL);
    NEED(pipe(pipes) == 0);
    CALL(ioctl(pipes[0], FS_IOC_GETFLAGS, &flags));
    CALL(ioctl(fd, FS_IOC_SETFLAGS, (int *)1));
    NEED(seteuid(1) == 0);
    set_flags(fd, FS_NODUMP_FL);
    NEED(seteuid(0) == 0);
    NEED(chdir("..") == 0);
    check_remove_tree(AT_FDCWD, "inode_flags");
    CALL(rmdir("inode_flags"));
    return 0;
}
