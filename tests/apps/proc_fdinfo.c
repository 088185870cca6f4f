/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/self/fdinfo: position and flags of descriptors; statx's mount number is the same. */
#include "check.h"

#include <sys/syscall.h>

static long field(int fd, const char *name, int base)
{
    char path[64], line[128];
    long value = -1;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    FILE *f = fopen(path, "r");
    if (!f)
        return -2;
    while (fgets(line, sizeof(line), f))
        if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
            value = strtol(line + strlen(name) + 1, NULL, base);
    fclose(f);
    return value;
}

int main(void)
{
    struct statx stx;
    struct stat st;

    enter_scratch();
    write_file("file", "0123456789");
    int fd = open("file", O_RDWR | O_APPEND);
    VALUE(field(fd, "pos", 10));
    NEED(lseek(fd, 7, SEEK_SET) == 7);
    VALUE(field(fd, "pos", 10));
    CHECK(field(fd, "flags", 8) == (O_RDWR | O_APPEND | 0100000));
    NEED(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    CHECK(field(fd, "flags", 8) == (O_RDWR | O_APPEND | O_CLOEXEC | 0100000));
    NEED(fstat(fd, &st) == 0);
    NEED(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | 0x1000, &stx) == 0);
    CHECK(stx.stx_mask & 0x1000);
    CHECK(field(fd, "mnt_id", 10) == (long)((uint64_t *)&stx)[18]);
    CHECK(stx.stx_ino == st.st_ino);
    VALUE(field(77, "pos", 10));
    NEED(statx(AT_FDCWD, "/proc", 0, STATX_BASIC_STATS, &stx) == 0);
    CHECK((stx.stx_attributes_mask & 0x2000) && (stx.stx_attributes & 0x2000));
    NEED(statx(AT_FDCWD, ".", 0, STATX_BASIC_STATS, &stx) == 0);
    CHECK(!(stx.stx_attributes & 0x2000));
    return 0;
}
