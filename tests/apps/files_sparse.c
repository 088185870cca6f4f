/* SPDX-License-Identifier: BSD-2-Clause */
/* Big offsets and holes cost no memory; limits of file size. */
#include "check.h"
#include <sys/resource.h>

int main(void)
{
    char c = 0;
    struct stat st;

    enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    VALUE(pwrite(fd, "x", 1, 1l << 35));
    fstat(fd, &st);
    VALUE(st.st_size);
    CHECK(st.st_blocks * 512 < 1 << 24);
    VALUE(pread(fd, &c, 1, 1l << 34));
    VALUE(c);
    VALUE(pread(fd, &c, 1, 1l << 35));
    VALUE(c);
    VALUE(ftruncate(fd, 1l << 30));
    VALUE(pread(fd, &c, 1, 1l << 35));
    CALL(ftruncate(fd, INT64_MIN));
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {1000, 1000};
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    int small = open("s", O_RDWR | O_CREAT, 0644);
    char block[600];
    memset(block, 0, sizeof(block));
    VALUE(write(small, block, 600));
    VALUE(write(small, block, 600));
    CALL(write(small, block, 600));
    return 0;
}
