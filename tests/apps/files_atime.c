/* SPDX-License-Identifier: BSD-2-Clause */
/* Times of last access: relatime, noatime, O_NOATIME; what reading a directory changes. */
#include "check.h"

#include <sched.h>
#include <sys/mount.h>

static const struct timespec long_ago[2] = {{1000, 0}, {2000, 0}}, /* access before change */
    recent[2] = {{0, UTIME_NOW}, {2000, 0}};

static int accessed(const char *path, const struct timespec times[2], int flags)
{
    struct stat before, after;
    char byte;

    NEED(utimensat(AT_FDCWD, path, times, 0) == 0);
    NEED(stat(path, &before) == 0);
    usleep(20000); /* the clock of time stamps moves on */
    int fd = open(path, O_RDONLY | flags);
    NEED(fd >= 0);
    if (S_ISDIR(before.st_mode)) {
        DIR *dir = fdopendir(fd);
        while (readdir(dir))
            ;
        closedir(dir);
    } else {
        NEED(read(fd, &byte, 1) >= 0);
        close(fd);
    }
    NEED(stat(path, &after) == 0);
    return before.st_atim.tv_sec != after.st_atim.tv_sec ||
           before.st_atim.tv_nsec != after.st_atim.tv_nsec;
}

static void all(const char *mounted)
{
    printf("%s\n", mounted);
    VALUE(accessed("at/file", long_ago, 0));
    VALUE(accessed("at/file", long_ago, O_NOATIME));
    VALUE(accessed("at/dir", long_ago, 0));
    VALUE(accessed("at/file", recent, 0));
}

int main(void)
{
    struct stat st;

    if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) == 0)
        NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    enter_scratch();
    NEED(mkdir("at", 0755) == 0 && mount("t", "at", "tmpfs", 0, NULL) == 0);
    write_file("at/file", "x");
    NEED(mkdir("at/dir", 0755) == 0);
    all("relatime");
    NEED(mount(NULL, "at", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL) == 0);
    all("noatime");
    NEED(mount(NULL, "at", NULL, MS_REMOUNT | MS_BIND | MS_NODIRATIME, NULL) == 0);
    VALUE(accessed("at/dir", long_ago, 0));
    VALUE(accessed("at/file", long_ago, 0));
    NEED(stat("at/file", &st) == 0);
    NEED(utimensat(AT_FDCWD, "at/file", (struct timespec[2]){{5, 6}, {0, UTIME_OMIT}}, 0) == 0);
    NEED(stat("at/file", &st) == 0);
    CHECK(st.st_atim.tv_sec == 5 && st.st_atim.tv_nsec == 6 && st.st_mtim.tv_sec == 2000);
    CALL(utimensat(-1, NULL, long_ago, 0));
    CALL(umount("at"));
    return 0;
}
