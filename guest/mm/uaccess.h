/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only door to a program's memory.  All functions check that the range lies
 * in user space; the copy faults pages in and may sleep, so no spinlock and no
 * mm->lock may be held.  0, or -EFAULT with part possibly done.
 */
#ifndef MM_UACCESS_H
#define MM_UACCESS_H

#include "lib/types.h"

static inline bool user_range_ok(uaddr_t address, size_t size)
{
    return address.raw < USER_END && size <= USER_END - address.raw;
}
int copy_from_user(void *dst, uaddr_t src, size_t size);
int copy_to_user(uaddr_t dst, const void *src, size_t size);
int clear_user(uaddr_t dst, size_t size);
/* How many bytes could not be copied: 0 is success. */
size_t copy_from_user_partial(void *dst, uaddr_t src, size_t size);
size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t size);
size_t clear_user_partial(uaddr_t dst, size_t size);

int get_user_u32(uint32_t *value, uaddr_t src);
int get_user_u64(uint64_t *value, uaddr_t src);
int put_user_u32(uaddr_t dst, uint32_t value);
int put_user_u64(uaddr_t dst, uint64_t value);

/*
 * A string with its NUL into dst: its length without the NUL, -EFAULT, or -ENAMETOOLONG when
 * there is no NUL within size bytes.
 */
ssize_t copy_string_from_user(char *dst, uaddr_t src, size_t size);

/* Atomics for futexes: -EFAULT, or 0 with the old value. */
int user_cmpxchg_u32(uaddr_t address, uint32_t expected, uint32_t desired, uint32_t *old);
int user_xchg_u32(uaddr_t address, uint32_t desired, uint32_t *old);
int user_fetch_add_u32(uaddr_t address, uint32_t operand, uint32_t *old);
int user_fetch_or_u32(uaddr_t address, uint32_t operand, uint32_t *old);
int user_fetch_and_u32(uaddr_t address, uint32_t operand, uint32_t *old);
int user_fetch_xor_u32(uaddr_t address, uint32_t operand, uint32_t *old);

/*
 * A buffer that lies in the program or in the kernel; file operations take it,
 * so that they work for both and check every access.
 */
struct iov_user {
    uint64_t base, length;
};
struct iobuf {
    bool kernel; /* segments are kernel addresses */
    const struct iov_user *segments; /* kernel copy of the iovec */
    size_t segment_count, segment; /* current */
    size_t offset; /* in the current segment */
    size_t remaining; /* bytes in total */
};
void iobuf_kernel(struct iobuf *buf, struct iov_user *segment, void *data, size_t size);
static inline void iobuf_vector(struct iobuf *buf, const struct iov_user *segments, size_t count,
                                size_t total)
{
    *buf = (struct iobuf){.segments = segments, .segment_count = count, .remaining = total};
}
ssize_t iobuf_put_pieces(struct iobuf *buf, const void *src, size_t size);
ssize_t iobuf_get_pieces(struct iobuf *buf, void *dst, size_t size);
ssize_t iobuf_put_zero(struct iobuf *buf, size_t size);

/* A transfer that the current segment holds whole, as most are: its address, or 0. */
static inline uint64_t iobuf_direct(const struct iobuf *buf, size_t size)
{
    const struct iov_user *segment = &buf->segments[buf->segment];

    if (buf->kernel || size - 1 >= buf->remaining || /* 0 is for the pieces */
        size > segment->length - buf->offset)
        return 0;
    return segment->base + buf->offset;
}
static inline ssize_t iobuf_advance(struct iobuf *buf, size_t size)
{
    buf->offset += size;
    buf->remaining -= size;
    return (ssize_t)size;
}

/*
 * To the caller's buffer and from it; both advance.  Bytes copied (short: fault) or -EFAULT
 * when none could be.  After a fault on the direct way, what it has copied is copied again.
 */
static inline ssize_t iobuf_put(struct iobuf *buf, const void *src, size_t size)
{
    uint64_t at = iobuf_direct(buf, size);

    if (LIKELY(at) && LIKELY(!copy_to_user_partial(UADDR(at), src, size)))
        return iobuf_advance(buf, size);
    return iobuf_put_pieces(buf, src, size);
}
static inline ssize_t iobuf_get(struct iobuf *buf, void *dst, size_t size)
{
    uint64_t at = iobuf_direct(buf, size);

    if (LIKELY(at) && LIKELY(!copy_from_user_partial(dst, UADDR(at), size)))
        return iobuf_advance(buf, size);
    return iobuf_get_pieces(buf, dst, size);
}

#endif
