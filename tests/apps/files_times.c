/* SPDX-License-Identifier: BSD-2-Clause */
/* utimensat: given times, now, omitted; and that changes move times. */
#include "check.h"
#include <sys/time.h>
#include <time.h>
#include <utime.h>

int main(void)
{
    struct stat st;
    struct timespec times[2] = {{1000000000, 123456789}, {1200000000, 987654321}};

    enter_scratch();
    write_file("f", "x");
    VALUE(utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &st);
    VALUE(st.st_atim.tv_sec);
    VALUE(st.st_atim.tv_nsec);
    VALUE(st.st_mtim.tv_sec);
    VALUE(st.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = 5;
    times[1].tv_nsec = 6;
    VALUE(utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &st);
    VALUE(st.st_atim.tv_sec);
    VALUE(st.st_mtim.tv_sec);
    times[1].tv_nsec = UTIME_NOW;
    VALUE(utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &st);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    CHECK(now.tv_sec - st.st_mtim.tv_sec >= 0 && now.tv_sec - st.st_mtim.tv_sec < 20);
    times[1].tv_nsec = 1000000000;
    CALL(utimensat(AT_FDCWD, "f", times, 0));
    CALL(utimensat(AT_FDCWD, "absent", NULL, 0));
    int fd = open("f", O_RDWR);
    struct timespec old[2] = {{1, 0}, {2, 0}};
    VALUE(futimens(fd, old));
    fstat(fd, &st);
    VALUE(st.st_mtim.tv_sec);
    NEED(write(fd, "y", 1) == 1);
    fstat(fd, &st);
    CHECK(st.st_mtim.tv_sec > 1000000000);
    symlink("f", "l");
    VALUE(utimensat(AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW));
    lstat("l", &st);
    VALUE(st.st_mtim.tv_sec);
    struct utimbuf both = {7, 8};
    VALUE(utime("f", &both));
    stat("f", &st);
    VALUE(st.st_mtime);
    struct timeval tv[2] = {{9, 500}, {10, 600}};
    VALUE(utimes("f", tv));
    stat("f", &st);
    VALUE(st.st_mtim.tv_nsec);
    return 0;
}
