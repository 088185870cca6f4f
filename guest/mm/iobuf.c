/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers of file operations: a list of segments in the program or in the
 * kernel, walked once from front to back.  Goes through mm/uaccess.h for
 * program memory.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/uaccess.h"

void iobuf_kernel(struct iobuf *buf, struct iov_user *segment, void *data, size_t size)
{
    *segment = (struct iov_user){(uint64_t)(uintptr_t)data, size};
    iobuf_vector(buf, segment, 1, size);
    buf->kernel = true;
}

enum direction { TO_BUFFER, FROM_BUFFER, ZERO };

/* Bytes that could not be transferred. */
static size_t transfer_part(const struct iobuf *buf, uint64_t at, void *data, size_t size,
                            enum direction direction)
{
    void *kernel = (void *)(uintptr_t)at;

    switch (direction) {
    case TO_BUFFER:
        if (!buf->kernel)
            return copy_to_user_partial(UADDR(at), data, size);
        memcpy(kernel, data, size);
        return 0;
    case FROM_BUFFER:
        if (!buf->kernel)
            return copy_from_user_partial(data, UADDR(at), size);
        memcpy(data, kernel, size);
        return 0;
    default:
        if (!buf->kernel)
            return clear_user_partial(UADDR(at), size);
        memset(kernel, 0, size);
        return 0;
    }
}

static ssize_t transfer(struct iobuf *buf, uint8_t *data, size_t size, enum direction direction)
{
    size_t done = 0;

    size = MIN(size, buf->remaining);
    while (done < size && buf->segment < buf->segment_count) {
        const struct iov_user *segment = &buf->segments[buf->segment];
        size_t part = MIN(size - done, segment->length - buf->offset);
        size_t left = transfer_part(buf, segment->base + buf->offset, data ? data + done : NULL,
                                    part, direction);

        done += part - left;
        buf->offset += part - left;
        buf->remaining -= part - left;
        if (left)
            return done ? (ssize_t)done : -EFAULT;
        if (buf->offset == segment->length) {
            buf->segment++;
            buf->offset = 0;
        }
    }
    return (ssize_t)done;
}

ssize_t iobuf_put_pieces(struct iobuf *buf, const void *src, size_t size)
{
    return transfer(buf, (uint8_t *)(uintptr_t)src, size, TO_BUFFER);
}

ssize_t iobuf_get_pieces(struct iobuf *buf, void *dst, size_t size)
{
    return transfer(buf, dst, size, FROM_BUFFER);
}

ssize_t iobuf_put_zero(struct iobuf *buf, size_t size)
{
    return transfer(buf, NULL, size, ZERO);
}
