/* SPDX-License-Identifier: BSD-2-Clause */
/* splice(2), tee(2), vmsplice(2), and pipes of packets, pipe2(2)'s O_DIRECT. */
#include "check.h"

#include <limits.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static int one[2], two[2];

static void drain(const char *name, int fd)
{
    char text[64];
    ssize_t count = read(fd, text, sizeof(text) - 1);

    text[count > 0 ? count : 0] = 0;
    printf("%s: %zd %s\n", name, count, text);
}

static void tees(int file)
{
    NEED(write(one[1], "abcdef", 6) == 6);
    VALUE(tee(one[0], two[1], 4, 0));
    VALUE(tee(one[0], two[1], 100, 0));
    drain("copied", two[0]);
    drain("kept", one[0]);
    VALUE(tee(one[0], two[1], 4, SPLICE_F_NONBLOCK));
    VALUE(tee(one[0], two[1], 0, 0));
    CALL(tee(one[0], one[1], 4, 0));
    CALL(tee(file, two[1], 4, 0));
    CALL(tee(one[0], file, 4, 0));
    CALL(tee(one[1], two[1], 4, 0));
    CALL(tee(one[0], two[0], 4, 0));
    CALL(tee(-1, two[1], 4, 0));
    CALL(tee(one[0], two[1], 4, 0x100));
}

static void splices(int file)
{
    loff_t offset = 2;
    int append = open("file", O_WRONLY | O_APPEND);

    VALUE(splice(file, &offset, one[1], NULL, 3, 0));
    CHECK(offset == 5);
    VALUE(splice(file, NULL, one[1], NULL, 2, 0));
    VALUE(splice(one[0], NULL, two[1], NULL, 100, 0));
    drain("through both", two[0]);
    VALUE(splice(one[0], NULL, two[1], NULL, 1, SPLICE_F_NONBLOCK));
    NEED(write(one[1], "XY", 2) == 2);
    offset = 1;
    VALUE(splice(one[0], NULL, file, &offset, 2, SPLICE_F_MOVE));
    show_file("file");
    CALL(splice(one[0], NULL, append, NULL, 1, 0));
    CALL(splice(one[0], &offset, file, NULL, 1, 0));
    CALL(splice(file, NULL, one[1], &offset, 1, 0));
    CALL(splice(file, NULL, append, NULL, 1, 0));
    CALL(splice(one[0], NULL, one[1], NULL, 1, 0));
    CALL(splice(one[1], NULL, two[1], NULL, 1, 0));
    CALL(splice(one[0], NULL, two[1], NULL, 1, 0x100));
    VALUE(splice(-1, NULL, -1, NULL, 0, 0));
    close(append);
}

static void vmsplices(int file)
{
    static _Alignas(4096) char full[1 << 16];
    char a[4] = "one", b[4] = "two", c[3], d[3];
    struct iovec out[2] = {{a, 3}, {b, 3}}, in[2] = {{c, 3}, {d, 3}};
    struct iovec much = {full, sizeof(full)};

    VALUE(vmsplice(one[1], out, 2, 0));
    VALUE(vmsplice(one[0], in, 2, 0));
    CHECK(memcmp(c, "one", 3) == 0 && memcmp(d, "two", 3) == 0);
    VALUE(vmsplice(one[1], out, 0, 0));
    VALUE(vmsplice(one[1], &much, 1, 0));
    VALUE(vmsplice(one[1], out, 1, SPLICE_F_NONBLOCK));
    VALUE(vmsplice(one[0], &much, 1, 0));
    VALUE(vmsplice(one[0], &much, 1, SPLICE_F_NONBLOCK));
    CALL(vmsplice(file, out, 1, 0));
    CALL(vmsplice(-1, out, 1, 0));
    CALL(vmsplice(one[1], out, IOV_MAX + 1, 0));
    CALL(vmsplice(one[1], (struct iovec *)8, 1, 0));
    CALL(vmsplice(one[1], out, 1, 0x100));
}

static void packets(void)
{
    static char big[5000];
    int ends[2], waiting = 0;

    NEED(pipe2(ends, O_DIRECT | O_NONBLOCK) == 0);
    CHECK(fcntl(ends[1], F_GETFL) == (O_WRONLY | O_DIRECT | O_NONBLOCK));
    NEED(write(ends[1], "first", 5) == 5 && write(ends[1], "second", 6) == 6);
    drain("packet", ends[0]);
    VALUE(read(ends[0], big, 3));
    NEED(write(ends[1], "third", 5) == 5);
    drain("after a short read", ends[0]);
    VALUE(read(ends[0], big, 3));
    VALUE(write(ends[1], big, sizeof(big)));
    NEED(ioctl(ends[0], FIONREAD, &waiting) == 0);
    VALUE(waiting);
    VALUE(read(ends[0], big, sizeof(big)));
    VALUE(read(ends[0], big, sizeof(big)));
    NEED(write(ends[1], "a", 1) == 1);
    NEED(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    NEED(write(ends[1], "b", 1) == 1 && write(ends[1], "c", 1) == 1);
    CALL(fcntl(ends[1], F_SETPIPE_SZ, 1 << 17));
    VALUE(read(ends[0], big, 1));
    drain("no packets any more", ends[0]);
    NEED(fcntl(ends[1], F_SETFL, O_NONBLOCK | O_DIRECT) == 0);
    for (int i = 0; i < 10; i++)
        NEED(write(ends[1], "0123456789", (size_t)i + 1) == i + 1);
    int right = 0;
    for (int i = 0; i < 10; i++)
        right += read(ends[0], big, sizeof(big)) == i + 1;
    VALUE(right);
}

int main(void)
{
    enter_scratch();
    write_file("file", "0123456789");
    int file = open("file", O_RDWR);
    NEED(pipe(one) == 0 && pipe(two) == 0);
    tees(file);
    splices(file);
    NEED(read(one[0], (char[64]){0}, 0) == 0);
    NEED(pipe(one) == 0);
    vmsplices(file);
    packets();
    return 0;
}
