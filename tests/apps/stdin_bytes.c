/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input arrives byte for byte, then ends; so do both outputs. */
/* stdin: \x00\x01\x02\xff\xfe\r\n\x03\x04\x1b[A\x7f\x1a\x00end */
/* variants: dynamic musl */
#include "check.h"

int main(void)
{
    unsigned char c;
    int count = 0;
    ssize_t got;

    while ((got = read(0, &c, 1)) == 1) {
        printf("%02x", c);
        count++;
    }
    printf("\n%d bytes, then %zd\n", count, got);
    VALUE(read(0, &c, 1));
    CHECK(!isatty(0) && errno == ENOTTY);
    for (int i = 0; i < 256; i++)
        putchar(i);
    fprintf(stderr, "not on standard output\n");
    return 0;
}
