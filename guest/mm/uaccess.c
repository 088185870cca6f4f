/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door to a program's memory: the only file that turns a program's address
 * into a pointer.  Each access checks the range first; what cannot be reached
 * comes back as a count or -EFAULT, never as a kernel fault.
 */
#include "mm/uaccess.h"

#include "arch/usercopy.h"
#include "lib/errno.h"
#include "mm/paging.h"

static void *user_ptr(uaddr_t address)
{
    return (void *)address.raw;
}

size_t copy_from_user_partial(void *dst, uaddr_t src, size_t size)
{
    if (UNLIKELY(!user_range_ok(src, size)))
        return size;
    user_access_begin();
    size_t left = arch_user_copy(dst, user_ptr(src), size);
    user_access_end();
    return left;
}

size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t size)
{
    if (UNLIKELY(!user_range_ok(dst, size)))
        return size;
    user_access_begin();
    size_t left = arch_user_copy(user_ptr(dst), src, size);
    user_access_end();
    return left;
}

int copy_from_user(void *dst, uaddr_t src, size_t size)
{
    return copy_from_user_partial(dst, src, size) ? -EFAULT : 0;
}

int copy_to_user(uaddr_t dst, const void *src, size_t size)
{
    return copy_to_user_partial(dst, src, size) ? -EFAULT : 0;
}

size_t clear_user_partial(uaddr_t dst, size_t size)
{
    if (UNLIKELY(!user_range_ok(dst, size)))
        return size;
    user_access_begin();
    size_t left = arch_user_clear(user_ptr(dst), size);
    user_access_end();
    return left;
}

int clear_user(uaddr_t dst, size_t size)
{
    return clear_user_partial(dst, size) ? -EFAULT : 0;
}

int get_user_u32(uint32_t *value, uaddr_t src)
{
    if (UNLIKELY(!user_range_ok(src, sizeof(*value))))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_load32(value, user_ptr(src));
    user_access_end();
    return failed ? -EFAULT : 0;
}

int get_user_u64(uint64_t *value, uaddr_t src)
{
    if (UNLIKELY(!user_range_ok(src, sizeof(*value))))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_load64(value, user_ptr(src));
    user_access_end();
    return failed ? -EFAULT : 0;
}

int put_user_u32(uaddr_t dst, uint32_t value)
{
    if (UNLIKELY(!user_range_ok(dst, sizeof(value))))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_store32(user_ptr(dst), value);
    user_access_end();
    return failed ? -EFAULT : 0;
}

int put_user_u64(uaddr_t dst, uint64_t value)
{
    if (UNLIKELY(!user_range_ok(dst, sizeof(value))))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_store64(user_ptr(dst), value);
    user_access_end();
    return failed ? -EFAULT : 0;
}

ssize_t copy_string_from_user(char *dst, uaddr_t src, size_t size)
{
    if (UNLIKELY(src.raw >= USER_END))
        return -EFAULT;
    size_t room = MIN(size, USER_END - src.raw);
    user_access_begin();
    ssize_t length = arch_user_copy_string(dst, user_ptr(src), room);
    user_access_end();
    if (length < 0)
        return -EFAULT;
    if ((size_t)length < room)
        return length;
    /* No NUL: the caller's buffer is full, or user space has ended. */
    return room < size ? -EFAULT : -ENAMETOOLONG;
}

/* Futex words are aligned: the access never splits a cache line. */
static bool word_ok(uaddr_t address)
{
    return (address.raw & 3) == 0 && user_range_ok(address, 4);
}

int user_cmpxchg_u32(uaddr_t address, uint32_t expected, uint32_t desired, uint32_t *old)
{
    if (UNLIKELY(!word_ok(address)))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_cmpxchg32(user_ptr(address), expected, desired, old);
    user_access_end();
    return failed ? -EFAULT : 0;
}

int user_xchg_u32(uaddr_t address, uint32_t desired, uint32_t *old)
{
    if (UNLIKELY(!word_ok(address)))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_xchg32(user_ptr(address), desired, old);
    user_access_end();
    return failed ? -EFAULT : 0;
}

int user_fetch_add_u32(uaddr_t address, uint32_t operand, uint32_t *old)
{
    if (UNLIKELY(!word_ok(address)))
        return -EFAULT;
    user_access_begin();
    int failed = arch_user_fetch_add32(user_ptr(address), operand, old);
    user_access_end();
    return failed ? -EFAULT : 0;
}

enum bit_operation { BIT_OR, BIT_AND, BIT_XOR };

/* Repeats until nobody else changed the word in between. */
static int fetch_bits(uaddr_t address, enum bit_operation operation, uint32_t operand,
                      uint32_t *old)
{
    uint32_t seen, found;
    int error = word_ok(address) ? get_user_u32(&seen, address) : -EFAULT;

    while (!error) {
        uint32_t result = operation == BIT_OR    ? seen | operand
                          : operation == BIT_AND ? seen & operand
                                                 : seen ^ operand;

        error = user_cmpxchg_u32(address, seen, result, &found);
        if (!error && found == seen) {
            *old = seen;
            return 0;
        }
        if (!error)
            seen = found;
    }
    return error;
}

int user_fetch_or_u32(uaddr_t address, uint32_t operand, uint32_t *old)
{
    return fetch_bits(address, BIT_OR, operand, old);
}

int user_fetch_and_u32(uaddr_t address, uint32_t operand, uint32_t *old)
{
    return fetch_bits(address, BIT_AND, operand, old);
}

int user_fetch_xor_u32(uaddr_t address, uint32_t operand, uint32_t *old)
{
    return fetch_bits(address, BIT_XOR, operand, old);
}
