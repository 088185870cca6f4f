/* SPDX-License-Identifier: BSD-2-Clause */
/* A few megabytes of output keep their order, with writes of all sizes. */
#include "check.h"

int main(void)
{
    static char line[70000];
    size_t total = 0;

    for (unsigned int i = 0; total < 3000000; i++) {
        size_t size = (i * 7919) % sizeof(line) + 1;
        for (size_t j = 0; j < size; j++)
            line[j] = (char)('a' + (total + j) % 26);
        size_t done = 0;
        while (done < size) {
            ssize_t count = write(1, line + done, size - done);
            NEED(count > 0);
            done += (size_t)count;
        }
        total += size;
    }
    fprintf(stderr, "%zu\n", total);
    return 0;
}
