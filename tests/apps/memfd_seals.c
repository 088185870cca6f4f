/* SPDX-License-Identifier: BSD-2-Clause */
/* File sealing, memfd_create(2): what each seal forbids, and mappings that forbid a seal. */
#include "check.h"

#include <sys/mman.h>

static int fresh(void)
{
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);

    NEED(fd >= 0 && ftruncate(fd, 8192) == 0);
    return fd;
}

static void tries(const char *name, int seals)
{
    int fd = fresh();

    printf("-- %s\n", name);
    CALL(fcntl(fd, F_ADD_SEALS, seals));
    CALL(pwrite(fd, "x", 1, 0));
    CALL(pwrite(fd, "x", 1, 8192));
    CALL(ftruncate(fd, 4096));
    CALL(ftruncate(fd, 16384));
    CALL(fallocate(fd, 0, 0, 32768));
    CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 65536));
    CALL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    VALUE(fcntl(fd, F_GET_SEALS));
    close(fd);
}

static void mappings(void)
{
    int fd = fresh();
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    NEED(map != MAP_FAILED);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    NEED(munmap(map + 4096, 4096) == 0);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    map[0] = 'm';
    NEED(munmap(map, 4096) == 0);
    map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    NEED(map != MAP_FAILED);
    CALL(mprotect(map, 4096, PROT_READ | PROT_WRITE));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CHECK(map[0] == 'm');
    close(fd);
    fd = fresh();
    map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    NEED(map != MAP_FAILED);
    map[0] = 'p';
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    map[1] = 'p';
    close(fd);
}

int main(void)
{
    tries("nothing", 0);
    tries("shrink", F_SEAL_SHRINK);
    tries("grow", F_SEAL_GROW);
    tries("write", F_SEAL_WRITE);
    tries("seal", F_SEAL_SEAL);
    tries("all", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    mappings();
    CALL(fcntl(open("/dev/null", O_RDONLY), F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(open("/dev/null", O_RDWR), F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(memfd_create("plain", 0), F_ADD_SEALS, F_SEAL_WRITE));
    VALUE(fcntl(memfd_create("plain", 0), F_GET_SEALS));
    return 0;
}
