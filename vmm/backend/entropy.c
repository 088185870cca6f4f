/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom(2).  The kernel writes into the buffer itself, so a guest page
 * that cannot be written is an error here and no fault.
 */
#include "vmm/backend/entropy.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

int entropy_fill(void *buffer, size_t length)
{
    uint8_t *at = buffer;

    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);

        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        if (got > 0) {
            at += got;
            length -= (size_t)got;
        }
    }
    return 0;
}
