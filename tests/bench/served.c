/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The work that calls.c measures, in three places: called in the same process, run as a program
 * ("served sum", input on standard input), and served to a monitor ("served").
 */
#include "served.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned char buffer[4096];

static int serve(void)
{
    int fd = open("/dev/vmm/call", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        perror("/dev/vmm/call");
        return 1;
    }
    for (;;) {
        ssize_t length = read(fd, buffer, sizeof(buffer));
        unsigned char *end = length > 0 ? memchr(buffer, 0, (size_t)length) : NULL;
        char reply[32] = "0";

        if (end == NULL) {
            return 2;
        }
        int size = snprintf(reply + 2, sizeof(reply) - 2, "%lu",
                            served_sum(end + 1, (size_t)(buffer + length - end - 1)));
        if (write(fd, reply, (size_t)size + 2) != size + 2) {
            return 3;
        }
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 1) {
        return serve();
    }
    ssize_t length = read(0, buffer, sizeof(buffer));

    printf("%lu", served_sum(buffer, length > 0 ? (size_t)length : 0));
    return 0;
}
