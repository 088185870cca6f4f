/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices that programs expect. */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <termios.h>

int main(void)
{
    char buffer[64];
    const char *names[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                           "/dev/random", "/dev/urandom", "/dev/tty"};

    for (int i = 0; i < 6; i++) {
        struct stat st;
        NEED(stat(names[i], &st) == 0);
        printf("%s %o %d:%d\n", names[i], st.st_mode & S_IFMT, major(st.st_rdev),
               minor(st.st_rdev));
    }
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR),
        full = open("/dev/full", O_RDWR);
    VALUE(write(null, buffer, 64));
    VALUE(read(null, buffer, 64));
    memset(buffer, 'x', 64);
    VALUE(read(zero, buffer, 60));
    printf("%d %c\n", buffer[59], buffer[60]);
    VALUE(write(zero, buffer, 64));
    CALL(write(full, buffer, 64));
    VALUE(read(full, buffer, 64));
    VALUE(lseek(null, 100, SEEK_SET) >= 0);
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    CHECK(p != MAP_FAILED && p[5000] == 0);
    p[5000] = 1;
    CHECK(p[5000] == 1);
    enter_scratch();
    write_file("f", "abc");
    int fd = open("f", O_RDONLY);
    char path[32];
    snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    show_file(path);
    CALL(open("/dev/fd/99", O_RDONLY));
    CHECK(open("/dev/stdout", O_WRONLY) >= 0);
    CHECK(open("/dev/stderr", O_WRONLY) >= 0);
    CALL(open("/dev/absent", O_RDONLY));
    struct termios t;
    struct winsize size;
    CHECK(tcgetattr(null, &t) < 0 && errno == ENOTTY);
    CHECK(tcgetattr(fd, &t) < 0 && errno == ENOTTY);
    CHECK(ioctl(fd, TIOCGWINSZ, &size) < 0 && errno == ENOTTY);
    CHECK(isatty(1) == 0);
    CALL(ioctl(99, TIOCGWINSZ, &size));
    CALL(truncate("/dev/null", 0));
    VALUE(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0666) >= 0);
    return 0;
}
