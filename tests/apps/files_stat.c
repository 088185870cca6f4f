/* SPDX-License-Identifier: BSD-2-Clause */
/* The stat family, statx included. */
#include "check.h"
#include <sys/statfs.h>
#include <sys/sysmacros.h>

int main(void)
{
    struct stat st;
    struct statx sx;

    enter_scratch();
    umask(0);
    write_file("f", "hello");
    chmod("f", 0640);
    VALUE(stat("f", &st));
    VALUE(st.st_size);
    VALUE(st.st_mode);
    VALUE(st.st_nlink);
    CHECK(st.st_uid == geteuid() && st.st_gid == getegid());
    CHECK(st.st_blksize >= 512);
    CHECK(st.st_ino != 0);
    VALUE(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
    CHECK((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    VALUE(sx.stx_size);
    VALUE(sx.stx_mode);
    CHECK(sx.stx_ino == st.st_ino && sx.stx_mtime.tv_sec == st.st_mtime);
    int fd = open("f", O_RDONLY);
    VALUE(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
    VALUE(sx.stx_size);
    CALL(statx(fd, "", 0, STATX_SIZE, &sx));
    CALL(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
    CALL(fstatat(fd, "", &st, 0));
    VALUE(fstatat(fd, "", &st, AT_EMPTY_PATH));
    VALUE(st.st_size);
    CALL(fstat(-1, &st));
    CALL(stat("absent", &st));
    CALL(fstatat(AT_FDCWD, "f", &st, 0x10000));
    int pipes[2];
    NEED(pipe(pipes) == 0);
    fstat(pipes[0], &st);
    CHECK(S_ISFIFO(st.st_mode));
    VALUE(st.st_size);
    stat("/dev/null", &st);
    CHECK(S_ISCHR(st.st_mode));
    VALUE(major(st.st_rdev));
    VALUE(minor(st.st_rdev));
    stat("/", &st);
    CHECK(S_ISDIR(st.st_mode));
    struct statfs fs;
    VALUE(statfs("/tmp", &fs));
    VALUE(fs.f_namelen);
    CHECK(fs.f_bsize >= 512);
    CALL(statfs("/absent", &fs));
    VALUE(fstatfs(fd, &fs));
    return 0;
}
