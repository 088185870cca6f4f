/* SPDX-License-Identifier: BSD-2-Clause */
/* getrandom and the random devices: different every time, refusals. */
#include "check.h"
#include <sys/random.h>

int main(void)
{
    unsigned char a[64], b[64], big[5000];

    VALUE(getrandom(a, sizeof(a), 0));
    VALUE(getrandom(b, sizeof(b), GRND_NONBLOCK));
    CHECK(memcmp(a, b, sizeof(a)));
    VALUE(getrandom(big, sizeof(big), GRND_RANDOM));
    int histogram[256] = {0}, low = 0;
    for (int i = 0; i < 5000; i++)
        histogram[big[i]]++;
    for (int i = 0; i < 256; i++)
        low += histogram[i] == 0;
    CHECK(low < 10);
    VALUE(getrandom(a, 0, 0));
    CALL(getrandom(a, 1, 0x80));
    CALL(getrandom((void *)8, 16, 0));
    const char *devices[] = {"/dev/urandom", "/dev/random"};
    for (int i = 0; i < 2; i++) {
        int fd = open(devices[i], O_RDONLY);
        VALUE(read(fd, a, sizeof(a)));
        VALUE(read(fd, b, sizeof(b)));
        CHECK(memcmp(a, b, sizeof(a)));
    }
    return 0;
}
